# shellcheck shell=bash disable=SC2034
capture_in=blue capture_on=any namespaces=(red blue)

build() {
  namespace red blue
  cable red veth-red 02:00:00:00:00:01 blue veth-blue 02:00:00:00:00:02
  address red veth-red 10.1.0.1/24
  address blue veth-blue 10.2.0.1/24
  ip -n red route add 10.2.0.0/24 dev veth-red
  ip -n blue route add 10.1.0.0/24 dev veth-blue
  know red 10.2.0.1
}

rules() { :; }

traffic() {
  serve blue udp 10.2.0.1 5353
  echo_to red 10.2.0.1 2
  request red udp 40000 10.2.0.1 5353
  request red udp 40001 10.2.0.1 5354
}
