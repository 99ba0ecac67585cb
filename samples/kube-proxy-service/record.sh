# shellcheck shell=bash disable=SC2034
capture_in=host capture_on=any namespaces=(host client web-1 web-2)

# Each pod has a cable of its own; the host routes between them.
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
  ip -n host route add default via 192.0.2.1
}

# As kube-proxy in iptables mode writes them for a service of two endpoints and one without any.
rules() {
  ip netns exec host iptables-legacy-restore <<'RULES'
*filter
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:KUBE-FORWARD - [0:0]
:KUBE-SERVICES - [0:0]
-A FORWARD -m comment --comment "kubernetes forwarding rules" -j KUBE-FORWARD
-A FORWARD -m conntrack --ctstate NEW -m comment --comment "kubernetes service portals" -j KUBE-SERVICES
-A OUTPUT -m conntrack --ctstate NEW -m comment --comment "kubernetes service portals" -j KUBE-SERVICES
-A KUBE-FORWARD -m conntrack --ctstate INVALID -j DROP
-A KUBE-FORWARD -m comment --comment "kubernetes forwarding rules" -m mark --mark 0x4000/0x4000 -j ACCEPT
-A KUBE-FORWARD -m comment --comment "kubernetes forwarding conntrack rule" -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A KUBE-SERVICES -d 10.96.0.30/32 -p tcp -m comment --comment "default/empty:http has no endpoints" -m tcp --dport 80 -j REJECT --reject-with icmp-port-unreachable
COMMIT
*nat
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
:KUBE-MARK-MASQ - [0:0]
:KUBE-POSTROUTING - [0:0]
:KUBE-SEP-WEB1AAAAAAAAAAAA - [0:0]
:KUBE-SEP-WEB2AAAAAAAAAAAA - [0:0]
:KUBE-SERVICES - [0:0]
:KUBE-SVC-WEBAAAAAAAAAAAAA - [0:0]
-A PREROUTING -m comment --comment "kubernetes service portals" -j KUBE-SERVICES
-A OUTPUT -m comment --comment "kubernetes service portals" -j KUBE-SERVICES
-A POSTROUTING -m comment --comment "kubernetes postrouting rules" -j KUBE-POSTROUTING
-A KUBE-MARK-MASQ -j MARK --set-xmark 0x4000/0x4000
-A KUBE-POSTROUTING -m mark ! --mark 0x4000/0x4000 -j RETURN
-A KUBE-POSTROUTING -j MARK --set-xmark 0x4000/0x0
-A KUBE-POSTROUTING -m comment --comment "kubernetes service traffic requiring SNAT" -j MASQUERADE
-A KUBE-SEP-WEB1AAAAAAAAAAAA -s 10.244.0.12/32 -m comment --comment "default/web:http" -j KUBE-MARK-MASQ
-A KUBE-SEP-WEB1AAAAAAAAAAAA -p tcp -m comment --comment "default/web:http" -m tcp -j DNAT --to-destination 10.244.0.12:8080
-A KUBE-SEP-WEB2AAAAAAAAAAAA -s 10.244.0.13/32 -m comment --comment "default/web:http" -j KUBE-MARK-MASQ
-A KUBE-SEP-WEB2AAAAAAAAAAAA -p tcp -m comment --comment "default/web:http" -m tcp -j DNAT --to-destination 10.244.0.13:8080
-A KUBE-SERVICES -d 10.96.0.20/32 -p tcp -m comment --comment "default/web:http cluster IP" -m tcp --dport 80 -j KUBE-SVC-WEBAAAAAAAAAAAAA
-A KUBE-SVC-WEBAAAAAAAAAAAAA ! -s 10.244.0.0/16 -d 10.96.0.20/32 -p tcp -m comment --comment "default/web:http cluster IP" -m tcp --dport 80 -j KUBE-MARK-MASQ
-A KUBE-SVC-WEBAAAAAAAAAAAAA -m comment --comment "default/web:http -> 10.244.0.12:8080" -m statistic --mode random --probability 0.5 -j KUBE-SEP-WEB1AAAAAAAAAAAA
-A KUBE-SVC-WEBAAAAAAAAAAAAA -m comment --comment "default/web:http -> 10.244.0.13:8080" -j KUBE-SEP-WEB2AAAAAAAAAAAA
COMMIT
RULES
}

traffic() {
  serve web-1 tcp 10.244.0.12 8080
  serve web-2 tcp 10.244.0.13 8080
  request client tcp 40000 10.96.0.20 80
  request client tcp 40001 10.96.0.20 80
  request client tcp 40002 10.96.0.30 80
}
