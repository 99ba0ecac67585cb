#!/bin/sh
# Records the captures of this folder, with what tshark reads from them (*.fields.tsv). Needs root, iproute2, tcpdump, tshark, python3.
set -eu
cd "$(dirname "$0")"
. ./two-hosts.sh
ip -n $one tuntap add tun1 mode tun
sleep 2

tun='
import fcntl, socket, struct, subprocess, time
tun = open("/dev/net/tun", "r+b", buffering=0)
fcntl.ioctl(tun, 0x400454CA, struct.pack("16sH", b"tun1", 0x1001))
subprocess.run("ip link set tun1 up; ip addr add 203.0.113.1/24 dev tun1; ip addr add 2001:db8:1::1/64 dev tun1 nodad", shell=True, check=True)
time.sleep(4)
for family, address in ((socket.AF_INET, "203.0.113.2"), (socket.AF_INET6, "2001:db8:1::2")):
    socket.socket(family, socket.SOCK_DGRAM).sendto(b"x" * 2000, (address, 9))
time.sleep(1)
'
traffic='
import socket, struct
def udp(family, address, size):
    with socket.socket(family, socket.SOCK_DGRAM) as s:
        s.sendto(b"x" * size, (address, 9))
udp(socket.AF_INET, "192.0.2.1", 33)
udp(socket.AF_INET, "192.0.2.1", 4000)
udp(socket.AF_INET6, "2001:db8::1", 33)
udp(socket.AF_INET6, "2001:db8::1", 4000)
for target, family in (("192.0.2.1", socket.AF_INET), ("2001:db8::1", socket.AF_INET6)):
    with socket.socket(family) as s:
        s.connect((target, 7))
        s.sendall(b"question")
        s.recv(100)
    try:
        socket.socket(family).connect((target, 1))
    except ConnectionRefusedError:
        pass
header = bytes.fromhex("450000210001000040110000c0000202c0000201")
total = sum(struct.unpack("!10H", header))
total = ~((total & 0xFFFF) + (total >> 16)) & 0xFFFF
packet = header[:10] + struct.pack("!H", total) + header[12:] + struct.pack("!HHHH", 4000, 9, 13, 0) + b"hello"
with socket.socket(socket.AF_PACKET, socket.SOCK_RAW) as s:
    s.bind(("eth0", 0))
    for tags in ("81006007", "88a8006481000007"):
        s.send(b"\xff" * 6 + bytes.fromhex("020000000002" + tags + "0800") + packet)
'
server='
import socket
with socket.create_server(("::", 7), family=socket.AF_INET6, dualstack_ipv6=True) as s:
    for _ in range(2):
        c, _ = s.accept()
        c.sendall(c.recv(100))
        c.close()
'
capture() {
  ip netns exec $one tcpdump -q -U -w "$@" 2>/dev/null &
  pids="$pids $!"
}
pids=
capture ethernet.pcap -i eth0
capture ethernet-nano.pcap --time-stamp-precision=nano -i eth0 -s 60
capture sll.pcap -i any -y LINUX_SLL
capture sll2.pcap -i any -y LINUX_SLL2
ip netns exec $one python3 -c "$tun" &
sleep 1
capture raw.pcap -i tun1
sleep 2
ip netns exec $one python3 -c "$server" &
sleep 1
ip netns exec $two ping -q -c 1 192.0.2.1 >/dev/null
ip netns exec $two ping -q -c 1 -s 3000 2001:db8::1 >/dev/null
ip netns exec $two ping -q -c 1 -R 192.0.2.1 >/dev/null
ip netns exec $two python3 -c "$traffic"
sleep 2
kill $pids
sleep 1

for capture in *.pcap; do
  tshark -r $capture -o ip.defragment:FALSE -o ipv6.defragment:FALSE -T fields -E header=y -E occurrence=f -E separator=/t \
    -e frame.time_epoch -e frame.len -e frame.cap_len -e ip.src -e ip.dst -e ipv6.src -e ipv6.dst -e ip.ttl -e ipv6.hlim \
    -e tcp.srcport -e tcp.dstport -e tcp.seq_raw -e tcp.flags -e udp.srcport -e udp.dstport -e icmp.type -e icmpv6.type \
    -e ip.frag_offset -e vlan.id -e ieee8021ad.id -e sll.ifindex -e sll.pkttype >${capture%.pcap}.fields.tsv 2>/dev/null
done
