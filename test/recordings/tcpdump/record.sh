#!/bin/sh
# Records captures and what tcpdump prints of them (README.md). Needs root, iproute2, tcpdump, python3.
set -eu
cd "$(dirname "$0")"
one=text-one-$$ two=text-two-$$ far=text-far-$$
cleanup() { for netns in $one $two $far; do ip netns del $netns 2>/dev/null || true; done; }
trap cleanup EXIT

for netns in $one $two $far; do ip netns add $netns; done
ip -n $one link add eth0 address 02:00:00:00:00:01 type veth peer name eth0 address 02:00:00:00:00:02 netns $two
ip -n $two link add eth1 address 02:00:00:00:00:03 type veth peer name eth0 address 02:00:00:00:00:04 netns $far
for netns in $one $two $far; do
  ip netns exec $netns sysctl -qw net.ipv4.icmp_ratelimit=0 net.ipv6.icmp.ratelimit=0 net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1 \
    net.ipv6.conf.default.accept_dad=0
  ip -n $netns link set lo up
done
address() { ip -n $1 link set $2 up; ip -n $1 addr add 192.0.2.$3/$5 dev $2; ip -n $1 addr add 2001:db8:$4::$3/64 dev $2 nodad; }
address $one eth0 1 a 25
address $two eth0 2 a 25
address $two eth1 130 b 25
address $far eth0 131 b 25
ip -n $two link set eth1 mtu 1300
ip -n $one route add default via 192.0.2.2
ip -n $one route add default via 2001:db8:a::2
ip -n $far route add default via 192.0.2.130
ip -n $far route add default via 2001:db8:b::130
sleep 2

server='
import socket, threading
def dns():
    with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as s:
        s.bind(("::", 53))
        for _ in range(2):
            q, a = s.recvfrom(999)
            s.sendto(q[:2] + b"\x81\x80\0\1\0\1\0\0\0\0" + q[12:] + b"\xc0\x0c\0\1\0\1\0\0\1\0\0\4\xc0\0\2\x50", a)
threading.Thread(target=dns).start()
with socket.create_server(("::", 8080), family=socket.AF_INET6, dualstack_ipv6=True) as s:
    for _ in range(2):
        c, _ = s.accept()
        while c.recv(9999): c.sendall(b"HTTP/1.0 200 OK\r\n\r\n" + b"y" * 3000)
        c.close()
'
client='
import socket
query = b"\x12\x34\1\0\0\1\0\0\0\0\0\0\3www\7example\3com\0\0\1\0\1"
for family, near, far in ((socket.AF_INET, "192.0.2.2", "192.0.2.131"), (socket.AF_INET6, "2001:db8:a::2", "2001:db8:b::131")):
    with socket.socket(family, socket.SOCK_DGRAM) as s:
        s.settimeout(2)
        s.sendto(query, (near, 53))
        s.recv(999)
        s.sendto(b"x" * 20, (near, 4000))
        s.sendto(b"x" * 3000, (near, 9))
    with socket.socket(family, socket.SOCK_DGRAM) as s:
        s.setsockopt(*((socket.IPPROTO_IP, socket.IP_TTL, 1) if family == socket.AF_INET else (socket.IPPROTO_IPV6, socket.IPV6_UNICAST_HOPS, 1)))
        s.sendto(b"x" * 20, (far, 123))
    with socket.socket(family, socket.SOCK_DGRAM) as s:
        s.setsockopt(*((socket.IPPROTO_IP, 10, 2) if family == socket.AF_INET else (socket.IPPROTO_IPV6, 23, 2)))
        s.sendto(b"x" * 1380, (far, 514))
    with socket.create_connection((near, 8080)) as s:
        s.sendall(b"GET / HTTP/1.0\r\n\r\n")
        size = 0
        while size < 3000: size += len(s.recv(9999))
    try:
        socket.create_connection((near, 22))
    except ConnectionRefusedError:
        pass
'
ip netns exec $one tcpdump -q -U -s 400 -w ethernet.pcap -i eth0 2>/dev/null &
pids=$!
ip netns exec $two tcpdump -q -U -w any.pcap -i any 2>/dev/null &
pids="$pids $!"
ip netns exec $two python3 -c "$server" &
sleep 1
ip netns exec $one python3 -c "$client"
ip netns exec $one ping -q -c 2 -i 0.2 192.0.2.131 >/dev/null
ip netns exec $one ping -q -c 2 -i 0.2 2001:db8:b::131 >/dev/null
ip netns exec $one ping -q -c 1 -s 3000 192.0.2.2 >/dev/null
ip netns exec $one ping -q -c 1 -R 192.0.2.2 >/dev/null
ip netns exec $one ping -q -c 1 -W 1 192.0.2.77 >/dev/null || true
sleep 1
kill $pids
wait

# Without a network, so that addresses stay numbers where names are asked for; with the devices that -i any saw.
print() { ip netns exec $two env TZ=UTC tcpdump -r "$1.pcap" $3 >"$1.$2.txt" 2>/dev/null; }
for capture in ethernet any; do
  print $capture default ""
  print $capture n "-n -t"
  print $capture e "-nn -e -tttt"
  print $capture v "-nn -v -tt"
  print $capture number "-nn -vvv -e -ttt --number -S"
  print $capture q "-nn -q -tt"
  print $capture x "-nn -x -ttttt -c 30"
  print $capture xx "-nn -XX -tt -e -c 30"
  print $capture A "-nn -A -tt -c 30"
done
