# shellcheck shell=bash disable=SC2034
capture_in=blue capture_on=veth-blue namespaces=(red blue)

build() {
  namespace red blue
  cable red veth-red 02:00:00:00:00:01 blue veth-blue 02:00:00:00:00:02
  address red veth-red 10.1.0.1/24
  address blue veth-blue 10.2.0.1/24
  # red was told the way, blue was forgotten.
  ip -n red route add 10.2.0.0/24 dev veth-red
  ip -n red route add 10.3.0.0/24 via 10.2.0.1 dev veth-red onlink
  know red 10.2.0.1
}

rules() { :; }

traffic() {
  echo_to red 10.2.0.1 2
  echo_to red 10.3.0.1 1
}
