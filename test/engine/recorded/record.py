"""Asks the kernel of this machine what a router does with the packets of *.ndjson.gz: python3 record.py FILE...  (root, ethtool, conntrack)

A line is a case: rules (iptables-restore), sysctls, packets that come before (`conntrack` then holds `conntrack -L`), and packets, each with
the milliseconds after the one before, the device that it comes in on (none: a local socket sends it), and what goes out, which is written anew.
The router has eth0 (10.0.0.1/24 and .100) and eth1 (10.1.0.1/24 and .100); all other hosts are at the far ends. Its state is in router.json.
"""
import ctypes, gzip, json, os, select, signal, socket, subprocess, sys, time

CLONE_NEWNET, CLONE_NEWNS, PR_SET_PDEATHSIG = 0x40000000, 0x20000, 1
libc = ctypes.CDLL(None, use_errno=True)
WORLD = "02:00:00:00:01:0"
ROUTER = "02:00:00:00:00:0"


def run(command, text=None, pid=None):
    words = command.split() if isinstance(command, str) else command
    enter = ["nsenter", f"--net=/proc/{pid}/ns/net"] if pid else []
    done = subprocess.run(enter + words, input=text, capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(f"{command}: {done.stderr}")
    return done.stdout


def namespace():
    """A network namespace that lives as long as this process, by the id of a process in it."""
    ready, done = os.pipe()
    child = os.fork()
    if child == 0:
        libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        libc.unshare(CLONE_NEWNET)
        os.write(done, b".")
        while True:
            time.sleep(1000)
    os.read(ready, 1)
    return child


def build():
    libc.unshare(CLONE_NEWNET | CLONE_NEWNS)
    router = namespace()
    run("sysctl -qw net.ipv6.conf.all.disable_ipv6=1 net.ipv4.ip_forward=1 net.ipv4.conf.all.rp_filter=0 "
        "net.ipv4.icmp_ratemask=0 net.ipv4.icmp_echo_ignore_all=1", pid=router)
    run("ip link set lo up", pid=router)
    sockets = {}
    for i in (0, 1):
        run(f"ip link add w{i} address {WORLD}{i + 1} type veth peer name eth{i} address {ROUTER}{i + 1} netns {router}")
        for device, pid in ((f"w{i}", None), (f"eth{i}", router)):
            run(f"ethtool -K {device} tx off tso off gso off gro off", pid=pid)
        run(f"sysctl -qw net.ipv6.conf.w{i}.disable_ipv6=1")
        run(f"ip link set w{i} up arp off")
        for command in (f"link set eth{i} up", f"addr add 10.{i}.0.1/24 dev eth{i}", f"addr add 10.{i}.0.100/24 dev eth{i}"):
            run(f"ip {command}", pid=router)
        run(f"sysctl -qw net.ipv4.conf.eth{i}.rp_filter=0 net.ipv4.conf.eth{i}.send_redirects=0", pid=router)
        for host in range(2, 8):
            run(f"ip neigh add 10.{i}.0.{host} lladdr {WORLD}{i + 1} dev eth{i} nud permanent", pid=router)
        sockets[f"eth{i}"] = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3))
        sockets[f"eth{i}"].bind((f"w{i}", 0))
        sockets[f"eth{i}"].setblocking(False)
    here = os.open("/proc/self/ns/net", os.O_RDONLY)
    libc.setns(os.open(f"/proc/{router}/ns/net", os.O_RDONLY), CLONE_NEWNET)
    local = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW)
    libc.setns(here, CLONE_NEWNET)
    return router, sockets, local


def send(packet, sockets, local):
    data = bytes.fromhex(packet["packet"])
    time.sleep(packet.get("after", 0) / 1000)
    if "in" not in packet:
        local.sendto(data, (socket.inet_ntoa(data[16:20]), 0))
        return
    i = int(packet["in"][-1]) + 1
    macs = bytes.fromhex(f"{ROUTER}{i}{WORLD}{i}".replace(":", ""))
    sockets[packet["in"]].send(macs + b"\x08\0" + data)


def seen(sockets, wait):
    """What comes out at the far ends until nothing has come for a while."""
    frames, until = [], time.time() + wait
    while (left := until - time.time()) > 0:
        for ready in select.select(list(sockets.values()), [], [], left)[0]:
            frame, address = ready.recvfrom(70000)
            if address[2] != socket.PACKET_OUTGOING and frame[12:14] == b"\x08\0":
                frames.append([address[0].replace("w", "eth"), frame[14:].hex()])
                until = min(until, time.time() + 0.001)
    return frames


def record(case, router, sockets, local):
    run("iptables-legacy-restore", case["rules"], pid=router)
    run("conntrack -F", pid=router)
    subprocess.run(["nsenter", f"--net=/proc/{router}/ns/net", "conntrack", "-F", "expect"], capture_output=True)
    for name, value in case.get("sysctls", {}).items():
        run(["sysctl", "-qw", f"{name}={value}"], pid=router)
    for packet in case.get("before", []):
        send(packet, sockets, local)
        seen(sockets, 0.01)
    if "conntrack" in case:
        case["conntrack"] = run("conntrack -L -o extended", pid=router)
    for packet in case["packets"]:
        send(packet, sockets, local)
        packet["out"] = seen(sockets, 0.015)
    return case


if __name__ == "__main__":
    network = build()
    for file in sys.argv[1:]:
        with gzip.open(file, "rt") as lines:
            cases = [json.loads(line) for line in lines]
        with gzip.GzipFile(file, "wb", mtime=0) as out:
            for case in cases:
                out.write((json.dumps(record(case, *network)) + "\n").encode())
