# shellcheck shell=bash disable=SC2034
capture_in=host capture_on=any namespaces=(host ns1 ns2 ns3)

build() {
  gateway
  ip netns exec host sysctl -qw net.ipv4.ip_forward=1
}

rules() { :; }

traffic() {
  echo_to ns1 10.10.0.12 1
  echo_to ns1 198.51.100.80 2
}
