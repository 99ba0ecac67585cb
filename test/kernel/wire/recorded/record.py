#!/usr/bin/env python3
"""Asks the kernel what recorded.ndjson is about: sends each case's packets through a router of network namespaces
and writes down what came out. Needs root, iproute2 and iptables-legacy; everything vanishes with the process.

The router has eth0 (10.1.0.1, fd01::1) and eth1 (10.2.0.1, fd02::1); whoever .2 to .9 is behind each answers nothing.
The questions come from cases.ts and answered.ts: `UPDATE_RECORDED=1 npx vitest run test/kernel/wire/recorded` writes them, this file
adds "kernel", what came out.
"""
import ctypes
import fcntl
import json
import os
import pathlib
import select
import socket
import struct
import subprocess
import sys
import time

FILE = pathlib.Path(__file__).with_name("recorded.ndjson")
QUIET_SECONDS = 0.03
SIOCETHTOOL = 0x8946
ETHTOOL_OFF = (0x15, 0x17, 0x1F, 0x21, 0x25, 0x2C)  # checksums, scatter and gather, segmentation and receive offloads
DEFAULTS = {"net.netfilter.nf_conntrack_checksum": "1"}
MAC = {"eth0": "02:00:00:00:01:01", "eth1": "02:00:00:00:02:01", "w0": "02:00:00:00:01:02", "w1": "02:00:00:00:02:02"}
FAR = {"eth0": "w0", "eth1": "w1"}
NEAR = {"w0": "eth0", "w1": "eth1"}


def run(*words, text=None):
    done = subprocess.run(words, input=text, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        sys.exit(f"{' '.join(words)}: {done.stderr.strip()}\n{text or ''}")


def router(*words, text=None):
    run("ip", "netns", "exec", "r", *words, text=text)


def without_offload(device):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as control:
        for command in ETHTOOL_OFF:
            value = bytearray(struct.pack("II", command, 0))
            request = bytearray(struct.pack("16sP16x", device.encode(), 0))
            buffer = (ctypes.c_char * 8).from_buffer(value)
            request[16:24] = struct.pack("P", ctypes.addressof(buffer))
            try:
                fcntl.ioctl(control, SIOCETHTOOL, request)
            except OSError:
                pass


def build():
    run("mount", "--make-rprivate", "/")
    run("mount", "-t", "tmpfs", "none", "/run/netns")
    run("ip", "netns", "add", "r")
    for near, far in FAR.items():
        run("ip", "link", "add", far, "address", MAC[far], "type", "veth", "peer", "name", near, "address", MAC[near], "netns", "r")
        run("ip", "link", "set", far, "arp", "off", "up")
        without_offload(far)
    run("sysctl", "-qw", "net.ipv6.conf.all.disable_ipv6=1")
    lines = ["link set lo up"]
    for number, near in enumerate(FAR, 1):
        lines += [f"link set {near} up", f"addr add 10.{number}.0.1/24 dev {near}", f"addr add fd0{number}::1/64 dev {near} nodad"]
        for host in range(2, 10):
            lines += [f"neigh add {ip} dev {near} lladdr {MAC[FAR[near]]}" for ip in (f"10.{number}.0.{host}", f"fd0{number}::{host}")]
    router("ip", "-batch", "-", text="\n".join(lines))
    router(sys.executable, __file__, "--offload")
    for setting in ("net.ipv4.ip_forward=1", "net.ipv6.conf.all.forwarding=1", "net.ipv4.icmp_ratemask=0", "net.ipv4.icmp_echo_ignore_all=1"):
        router("sysctl", "-qw", setting)


def record(case, sockets):
    for family, words in (("4", "iptables-legacy-restore"), ("6", "ip6tables-legacy-restore")):
        tables = {name: [] for name in ("nat", "mangle", "filter", "raw")}
        for rule in case["rules"]:
            if rule.startswith(f"-{family} "):
                _, table, rest = rule.split(" ", 2)
                tables[table].append(rest)
        text = "".join("*" + "\n".join([table, *rules, "COMMIT", ""]) for table, rules in tables.items())
        router(words, text=text)
    router("conntrack", "-F")
    router("ip", "link", "set", "eth1", "mtu", str(case.get("mtu", 1500)))
    for name, value in {**DEFAULTS, **case.get("sysctls", {})}.items():
        router("sysctl", "-qw", f"{name}={value}")
    seen = []
    for number, (near, octets) in enumerate(case["packets"]):
        far = FAR[near]
        kind = "86dd" if octets[0] == "6" else "0800"
        frame = bytes.fromhex(MAC[near].replace(":", "") + MAC[far].replace(":", "") + kind + octets)
        sockets[far].send(frame)
        while ready := select.select(sockets.values(), [], [], QUIET_SECONDS)[0]:
            for each in ready:
                data, (device, protocol, packet_type, *_) = each.recvfrom(65536)
                if packet_type != socket.PACKET_OUTGOING and protocol in (0x0800, 0x86DD) and not sent_to_all(data):
                    seen.append([number, NEAR[device], data[14:].hex()])
    return {**case, "kernel": seen}


def sent_to_all(data):
    return data[12:14] == b"\x86\xdd" and data[38:40] == b"\xff\x02"


def main():
    build()
    sockets = {}
    for far in NEAR:
        sockets[far] = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3))
        sockets[far].bind((far, 0))
    time.sleep(0.3)
    cases = [json.loads(line) for line in FILE.read_text().splitlines()]
    for case in cases:
        case.pop("kernel", None)
    recorded = [json.dumps(record(case, sockets)) for case in cases]
    FILE.write_text("\n".join(recorded) + "\n")


if __name__ == "__main__":
    if sys.argv[1:] == ["--offload"]:
        for name in FAR:
            without_offload(name)
    elif sys.argv[1:] == ["--inside"]:
        main()
    else:
        sys.exit(subprocess.call(["unshare", "--mount", "--net", sys.executable, __file__, "--inside"]))
