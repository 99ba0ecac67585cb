# Sourced by the recorders of this folder: two namespaces, $one and $two, 192.0.2.1 and 192.0.2.2 on the two ends of a veth pair (eth0).
one=wire-one-$$ two=wire-two-$$
cleanup() { ip netns del $one 2>/dev/null || true; ip netns del $two 2>/dev/null || true; }
trap cleanup EXIT

ip netns add $one
ip netns add $two
ip -n $one link add eth0 type veth peer name eth0 netns $two
n=1
for netns in $one $two; do
  ip netns exec $netns sysctl -qw net.ipv4.icmp_ratelimit=0 net.ipv6.icmp.ratelimit=0 net.ipv6.conf.default.accept_dad=0 net.ipv6.conf.eth0.accept_dad=0
  ip -n $netns link set lo up
  ip -n $netns link set eth0 up
  ip -n $netns addr add 192.0.2.$n/24 dev eth0
  ip -n $netns addr add 2001:db8::$n/64 dev eth0 nodad
  n=$((n + 1))
done
