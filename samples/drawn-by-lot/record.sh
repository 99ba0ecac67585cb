# shellcheck shell=bash disable=SC2034
capture_in=host capture_on=any namespaces=(host client web-1 web-2)

# Three pods on cables of their own; outside, behind eth0, is a server that is not part of the snapshot.
build() {
  local i=0 pod
  namespace host client web-1 web-2 outside
  ip netns exec host sysctl -qw net.ipv4.ip_forward=1
  for pod in client web-1 web-2; do
    i=$((i + 1))
    cable host "veth$i" "02:00:00:00:02:0$i" "$pod" eth0 "02:00:00:00:00:1$i"
    address host "veth$i" 10.244.0.1/32
    ip -n host route add "10.244.0.1$i" dev "veth$i"
    address "$pod" eth0 "10.244.0.1$i/32"
    ip -n "$pod" route add 10.244.0.1 dev eth0
    ip -n "$pod" route add default via 10.244.0.1
    know host "10.244.0.1$i"
  done
  cable host eth0 02:00:00:00:01:01 outside eth0 02:00:00:00:01:02
  address host eth0 192.0.2.10/24
  address outside eth0 192.0.2.1/24
  address outside lo 198.51.100.80/32
  ip -n host route add default via 192.0.2.1
  know host 192.0.2.1
}

rules() {
  ip netns exec host iptables-legacy-restore <<'RULES'
*filter
:INPUT ACCEPT [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
-A FORWARD -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A FORWARD -s 10.244.0.0/16 -m conntrack --ctstate NEW -j ACCEPT
COMMIT
*nat
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
:KUBE-SEP-WEB1AAAAAAAAAAAA - [0:0]
:KUBE-SEP-WEB2AAAAAAAAAAAA - [0:0]
:KUBE-SERVICES - [0:0]
:KUBE-SVC-WEBAAAAAAAAAAAAA - [0:0]
-A PREROUTING -m comment --comment "kubernetes service portals" -j KUBE-SERVICES
-A POSTROUTING -s 10.244.0.0/16 -o eth0 -j SNAT --to-source 192.0.2.10 --random-fully
-A KUBE-SEP-WEB1AAAAAAAAAAAA -p tcp -m comment --comment "default/web:http" -m tcp -j DNAT --to-destination 10.244.0.12:8080
-A KUBE-SEP-WEB2AAAAAAAAAAAA -p tcp -m comment --comment "default/web:http" -m tcp -j DNAT --to-destination 10.244.0.13:8080
-A KUBE-SERVICES -d 10.96.0.20/32 -p tcp -m comment --comment "default/web:http cluster IP" -m tcp --dport 80 -j KUBE-SVC-WEBAAAAAAAAAAAAA
-A KUBE-SVC-WEBAAAAAAAAAAAAA -m comment --comment "default/web:http -> 10.244.0.12:8080" -m statistic --mode random --probability 0.5 -j KUBE-SEP-WEB1AAAAAAAAAAAA
-A KUBE-SVC-WEBAAAAAAAAAAAAA -m comment --comment "default/web:http -> 10.244.0.13:8080" -j KUBE-SEP-WEB2AAAAAAAAAAAA
COMMIT
RULES
}

traffic() {
  serve web-1 tcp 10.244.0.12 8080
  serve web-2 tcp 10.244.0.13 8080
  serve outside tcp 198.51.100.80 80
  serve outside udp 198.51.100.80 5000
  request client tcp 40000 10.96.0.20 80
  request client tcp 40001 10.96.0.20 80
  request client tcp 40010 198.51.100.80 80
  request client udp 40011 198.51.100.80 5000
  echo_to client 198.51.100.80 1
}
