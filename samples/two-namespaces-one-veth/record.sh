# shellcheck shell=bash disable=SC2034
capture_in=red capture_on=any namespaces=(red blue)

build() {
  namespace red blue
  cable red veth-red 02:00:00:00:00:01 blue veth-blue 02:00:00:00:00:02
  address red veth-red 10.0.0.1/24
  address blue veth-blue 10.0.0.2/24
  know red 10.0.0.2
}

rules() {
  ip netns exec blue iptables-legacy -A INPUT -p tcp -m tcp --dport 22 -j DROP
}

traffic() {
  serve blue tcp 10.0.0.2 80
  echo_to red 10.0.0.2 2
  request red tcp 40000 10.0.0.2 80
  request red tcp 40001 10.0.0.2 22
}
