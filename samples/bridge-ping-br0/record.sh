# shellcheck shell=bash disable=SC2034
capture_in=host capture_on=br0 namespaces=(host netns1)

build() {
  namespace host netns1
  ip netns exec host sysctl -qw net.bridge.bridge-nf-call-iptables=0
  bridge_in host br0 02:00:00:00:00:01
  address host br0 1.2.3.101/24
  cable host veth1 02:00:00:00:02:01 netns1 eth0 02:00:00:00:00:02
  ip -n host link set veth1 master br0
  address netns1 eth0 1.2.3.102/24
}

rules() { :; }

traffic() {
  echo_to netns1 1.2.3.101 2
  echo_to host 1.2.3.102 2
}
