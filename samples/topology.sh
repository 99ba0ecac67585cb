# What the stories are built of. Sourced by record.sh.

# shellcheck shell=bash

# A namespace without IPv6 and with its loopback up.
namespace() {
  local ns
  for ns in "$@"; do
    ip netns add "$ns"
    ip netns exec "$ns" sysctl -qw net.ipv6.conf.all.disable_ipv6=1 net.ipv6.conf.default.disable_ipv6=1 \
      net.ipv4.conf.all.rp_filter=0 net.ipv4.conf.default.rp_filter=0 net.ipv4.conf.all.send_redirects=0 net.ipv4.conf.default.send_redirects=0
    ip -n "$ns" link set lo up
  done
}

# cable NS1 DEV1 MAC1 NS2 DEV2 MAC2: a veth pair, both ends up. Checksums are written out, as on a wire.
cable() {
  ip -n "$1" link add "$2" address "$3" type veth peer name "$5" address "$6" netns "$4"
  local end
  for end in "$1 $2" "$4 $5"; do
    # shellcheck disable=SC2086
    set -- $end
    ip netns exec "$1" ethtool -K "$2" tx off gso off tso off gro off >/dev/null
    ip -n "$1" link set "$2" up
  done
}

# bridge_in NS NAME MAC: a bridge that forwards at once and keeps its own address.
bridge_in() {
  ip -n "$1" link add "$2" address "$3" type bridge stp_state 0 forward_delay 0 mcast_snooping 0
  ip -n "$1" link set "$2" up
}

# address NS DEV ADDRESS...
address() {
  local ns=$1 dev=$2 one
  shift 2
  for one in "$@"; do ip -n "$ns" addr add "$one" brd + dev "$dev"; done
}

# know NS ADDRESS...: a ping makes both sides know each other's Ethernet addresses, so that no ARP is left for the capture.
know() {
  local ns=$1 one
  shift
  for one in "$@"; do ip netns exec "$ns" ping -q -c 1 -W 1 "$one" >/dev/null || true; done
}

# serve NS PROTOCOL ADDRESS PORT: answers each request for a few seconds, in the background.
serve() {
  ip netns exec "$1" python3 "$samples/traffic.py" serve "$2" "$3" "$4" &
  sleep 0.5
}

# request NS PROTOCOL SOURCE-PORT ADDRESS PORT: one request and its answer, or a second of waiting for it.
request() {
  ip netns exec "$1" python3 "$samples/traffic.py" request "$2" "$3" "$4" "$5" || true
}

# echo_to NS ADDRESS COUNT
echo_to() {
  ip netns exec "$1" ping -c "$3" -i 0.2 -W 1 "$2" || true
}

# gateway: "host" with br0, three namespaces on it, and a cable to what lies outside and is not part of the snapshot.
gateway() {
  local i
  namespace host ns1 ns2 ns3 outside
  ip netns exec host sysctl -qw net.bridge.bridge-nf-call-iptables=0
  cable host eth0 02:00:00:00:01:01 outside eth0 02:00:00:00:01:02
  address host eth0 192.0.2.10/24
  address outside eth0 192.0.2.1/24
  # The server that everyone wants to reach; it knows no way to 10.10.0.0/24.
  address outside lo 198.51.100.80/32
  ip -n host route add default via 192.0.2.1
  bridge_in host br0 02:00:00:00:00:01
  address host br0 10.10.0.1/24
  for i in 1 2 3; do
    cable host "veth$i" "02:00:00:00:02:0$i" "ns$i" eth0 "02:00:00:00:00:1$i"
    ip -n host link set "veth$i" master br0
    address "ns$i" eth0 "10.10.0.1$i/24"
    ip -n "ns$i" route add default via 10.10.0.1
  done
  know ns1 10.10.0.1 10.10.0.12 10.10.0.13
  know host 10.10.0.12 10.10.0.13 192.0.2.1
}

# container_host: "host" on a LAN, with docker0 and the containers web and app.
container_host() {
  namespace host web app lan
  ip netns exec host sysctl -qw net.ipv4.ip_forward=1 net.bridge.bridge-nf-call-iptables=0
  cable host eth0 02:00:00:00:01:01 lan eth0 02:00:00:00:01:02
  address host eth0 192.0.2.10/24
  address lan eth0 192.0.2.50/24
  # A client that knows where the containers are, and goes to one directly.
  ip -n lan route add 172.17.0.0/16 via 192.0.2.10
  bridge_in host docker0 02:42:00:00:00:01
  address host docker0 172.17.0.1/16
  cable host veth1a2b3c4 02:00:00:00:02:01 web eth0 02:42:ac:11:00:02
  cable host veth5d6e7f8 02:00:00:00:02:02 app eth0 02:42:ac:11:00:03
  local dev
  for dev in veth1a2b3c4 veth5d6e7f8; do
    ip -n host link set "$dev" master docker0
    ip -n host link set "$dev" type bridge_slave hairpin on
  done
  address web eth0 172.17.0.2/16
  address app eth0 172.17.0.3/16
  ip -n web route add default via 172.17.0.1
  ip -n app route add default via 172.17.0.1
  know host 172.17.0.2 172.17.0.3 192.0.2.50
  know web 172.17.0.3
}

# container_rules: as a container engine writes them for `-p 8080:80` without its userland proxy.
container_rules() {
  ip netns exec host iptables-legacy-restore <<'RULES'
*filter
:INPUT ACCEPT [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
:DOCKER - [0:0]
:DOCKER-ISOLATION-STAGE-1 - [0:0]
:DOCKER-ISOLATION-STAGE-2 - [0:0]
:DOCKER-USER - [0:0]
-A FORWARD -j DOCKER-USER
-A FORWARD -j DOCKER-ISOLATION-STAGE-1
-A FORWARD -o docker0 -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A FORWARD -o docker0 -j DOCKER
-A FORWARD -i docker0 ! -o docker0 -j ACCEPT
-A FORWARD -i docker0 -o docker0 -j ACCEPT
-A DOCKER -d 172.17.0.2/32 ! -i docker0 -o docker0 -p tcp -m tcp --dport 80 -j ACCEPT
-A DOCKER-ISOLATION-STAGE-1 -i docker0 ! -o docker0 -j DOCKER-ISOLATION-STAGE-2
-A DOCKER-ISOLATION-STAGE-1 -j RETURN
-A DOCKER-ISOLATION-STAGE-2 -o docker0 -j DROP
-A DOCKER-ISOLATION-STAGE-2 -j RETURN
-A DOCKER-USER -j RETURN
COMMIT
*nat
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
:DOCKER - [0:0]
-A PREROUTING -m addrtype --dst-type LOCAL -j DOCKER
-A OUTPUT -m addrtype --dst-type LOCAL -j DOCKER
-A POSTROUTING -s 172.17.0.0/16 ! -o docker0 -j MASQUERADE
-A POSTROUTING -s 172.17.0.2/32 -d 172.17.0.2/32 -p tcp -m tcp --dport 80 -j MASQUERADE
-A DOCKER -p tcp -m tcp --dport 8080 -j DNAT --to-destination 172.17.0.2:80
COMMIT
RULES
}
