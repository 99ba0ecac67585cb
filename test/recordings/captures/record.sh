#!/usr/bin/env bash
# Records a snapshot with captures of two namespaces, taken at the same time:  test/recordings/captures/record.sh
#
# Needs root, iproute2, iptables (legacy), ethtool, tcpdump, ping and python3. It runs in namespaces of its own, which vanish with the process.
# lan (192.0.2.50, not in the snapshot) - eth0 host veth-web - eth0 web (10.0.0.2, published as 192.0.2.10:8080)
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
samples=$here/../../../samples

if [ "${1:-}" != --inside ]; then
  exec unshare --mount --propagation private --pid --fork --kill-child --mount-proc --net -- timeout --signal=KILL 60 "$0" --inside
fi
mount -t tmpfs tmpfs /run
# shellcheck source=/dev/null
source "$samples/topology.sh"
namespace host web lan
ip netns exec host sysctl -qw net.ipv4.ip_forward=1
cable host eth0 02:00:00:00:01:01 lan eth0 02:00:00:00:01:02
cable host veth-web 02:00:00:00:02:01 web eth0 02:00:00:00:02:02
address host eth0 192.0.2.10/24
address host veth-web 10.0.0.1/24
address lan eth0 192.0.2.50/24
address web eth0 10.0.0.2/24
ip -n web route add default via 10.0.0.1
ip -n lan route add 10.0.0.0/24 via 192.0.2.10
ip netns exec host iptables-legacy -t nat -A PREROUTING -i eth0 -p tcp -m tcp --dport 8080 -j DNAT --to-destination 10.0.0.2:80
ip netns exec web iptables-legacy -A INPUT -p tcp -m tcp --dport 22 -j DROP
know host 10.0.0.2 192.0.2.50
serve web tcp 10.0.0.2 80

dir=$here/snapshot
rm -rf "$dir"
mkdir -p "$dir/captures/host" "$dir/captures/web"
printf '{"version":1,"hostname":"host","namespaces":["host","web"]}\n' >"$dir/snapshot.json"
for ns in host web; do
  at=$dir/netns/$ns
  mkdir -p "$at"
  ip netns exec "$ns" iptables-legacy-save >"$at/iptables-save.txt"
  ip -n "$ns" -j -d link show >"$at/ip-link.json"
  ip -n "$ns" -j -d addr show >"$at/ip-addr.json"
  ip -n "$ns" route show table all >"$at/ip-route.txt"
  ip -n "$ns" rule show >"$at/ip-rule.txt"
  ip -n "$ns" -j neigh show >"$at/ip-neigh.json"
  ip netns exec "$ns" ip netns list-id >"$at/netns-ids.txt"
  ip netns exec "$ns" sysctl -a 2>/dev/null | grep -E '^net\.ipv4\.(ip_forward|conf\.[^ ]*\.(forwarding|rp_filter)) ' >"$at/sysctl.txt"
done

running=()
# capture NS DEVICE FILE OPTIONS...
capture() {
  local ns=$1 device=$2 file=$3
  shift 3
  ip netns exec "$ns" tcpdump -i "$device" "$@" -Q inout --immediate-mode -U -Z root -w "$file" ip 2>"/run/$ns-$device.log" &
  running+=($!)
  for _ in $(seq 50); do grep -q 'listening on' "/run/$ns-$device.log" && break; sleep 0.1; done
}
capture host eth0 "$dir/captures/host/eth0.pcap"
capture host any "$dir/captures/host/any.pcap" -y LINUX_SLL2
capture web eth0 "$dir/captures/web/eth0.pcap" --time-stamp-precision=nano
request lan tcp 40000 192.0.2.10 8080
request lan tcp 40001 10.0.0.2 22
echo_to web 192.0.2.50 2
sleep 0.5
kill -INT "${running[@]}"
wait "${running[@]}" || true
chmod -R u=rwX,go=rX "$dir"
chown -R --reference="$here" "$dir"
