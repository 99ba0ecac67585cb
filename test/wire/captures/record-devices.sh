#!/bin/sh
# Records devices.pcapng: three devices of a namespace in one file, one of them a VXLAN tunnel through another, with what tshark reads of it.
# Needs root, iproute2, dumpcap and tshark.
set -eu
cd "$(dirname "$0")"
. ./two-hosts.sh
file=$(mktemp)
trap 'cleanup; rm -f "$file"' EXIT

n=1
for netns in $one $two; do
  ip -n $netns link add vx0 type vxlan id 42 dstport 4789 remote 192.0.2.$((3 - n)) dev eth0
  ip -n $netns link set vx0 up
  ip -n $netns addr add 198.51.100.$n/24 dev vx0
  n=$((n + 1))
done
ip netns exec $one dumpcap -q -i eth0 -i lo -i vx0 -s 120 -w "$file" 2>/dev/null &
pid=$!
sleep 3
for address in 192.0.2.2 198.51.100.2 127.0.0.1; do ip netns exec $one ping -q -c 1 $address >/dev/null; done
sleep 2
kill $pid
sleep 1
cat "$file" >devices.pcapng
tshark -r devices.pcapng -T fields -E header=y -E occurrence=f -E separator=/t -e frame.time_epoch -e frame.len -e frame.cap_len \
  -e frame.interface_name -e ip.src -e ip.dst -e ipv6.src -e ipv6.dst -e arp.src.proto_ipv4 -e vxlan.vni >devices.fields.tsv 2>/dev/null
