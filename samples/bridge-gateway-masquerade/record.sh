# shellcheck shell=bash disable=SC2034
capture_in=host capture_on=any namespaces=(host ns1 ns2 ns3)

build() {
  gateway
  ip netns exec host sysctl -qw net.ipv4.ip_forward=1
  ip -n outside route add 10.10.0.0/24 via 192.0.2.10
}

rules() {
  ip netns exec host iptables-legacy-restore <<'RULES'
*filter
:INPUT ACCEPT [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
-A FORWARD -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A FORWARD -i br0 -o eth0 -j ACCEPT
COMMIT
*nat
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
-A POSTROUTING -s 10.10.0.0/24 -o eth0 -j MASQUERADE
COMMIT
RULES
}

traffic() {
  serve outside tcp 198.51.100.80 80
  serve ns2 tcp 10.10.0.12 80
  echo_to ns1 198.51.100.80 1
  request ns2 tcp 40000 198.51.100.80 80
  # From outside nobody may begin a connection inwards.
  request outside tcp 40001 10.10.0.12 80
}
