#!/usr/bin/env bash
# Records the samples again on this machine's kernel:  samples/record.sh [STORY...]
#
# Needs root, iproute2, iptables (legacy), ipset, conntrack, ethtool, tcpdump, ping and python3.
# Each story runs in mount, process and network namespaces of its own. They vanish with the process, however it
# ends, so there is nothing to clean up and nothing of the machine's own network is touched.
#
# A story is samples/STORY/record.sh. It says where the capture is taken and what is snapshot:
#   capture_in=host capture_on=any namespaces=(host web)
# and defines build (links, addresses, routes), rules (iptables) and traffic.
set -euo pipefail
samples=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)

main() {
  [ "$(id -u)" = 0 ] || { echo "record.sh: needs root" >&2; exit 1; }
  local story stories=("$@")
  if [ ${#stories[@]} = 0 ]; then
    for story in "$samples"/*/record.sh; do stories+=("$(basename "$(dirname "$story")")"); done
  fi
  running=
  trap '[ -z "$running" ] || kill -KILL "$running" 2>/dev/null' EXIT
  trap 'exit 130' INT TERM HUP
  for story in "${stories[@]}"; do
    echo "recording $story"
    unshare --mount --propagation private --pid --fork --kill-child --mount-proc --net \
      -- timeout --signal=KILL 120 "$samples/record.sh" --inside "$story" &
    running=$!
    wait "$running"
    running=
  done
}

inside() {
  local story=$1 dir=$samples/$1 work
  # `ip netns` keeps its names in /run: a fresh one makes them private.
  mount -t tmpfs tmpfs /run
  work=$(mktemp -d /run/story.XXXX)
  # shellcheck source=/dev/null
  source "$samples/topology.sh"
  source "$dir/record.sh"
  build
  rules
  snapshot "$work/snapshot" "${namespaces[@]}"
  local options=()
  if [ "$capture_on" = any ]; then options=(-y LINUX_SLL2); fi
  ip netns exec "$capture_in" tcpdump -i "$capture_on" "${options[@]}" -B 8192 --immediate-mode -U -Z root -w "$work/capture.pcap" \
    'ip or arp' 2>"$work/tcpdump.log" &
  local tcpdump=$!
  for _ in $(seq 50); do grep -q 'listening on' "$work/tcpdump.log" && break; sleep 0.1; done
  traffic >"$work/traffic.log" 2>&1 || { cat "$work/traffic.log" >&2; exit 1; }
  sleep 0.5
  kill -INT "$tcpdump"
  wait "$tcpdump" || true
  if ! grep -q '^0 packets dropped by kernel' "$work/tcpdump.log"; then
    echo "record.sh: $story: tcpdump missed packets, run it again" >&2
    exit 1
  fi
  rm -rf "$dir/snapshot"
  cp -r "$work/snapshot" "$dir/snapshot"
  cp "$work/capture.pcap" "$dir/capture.pcap"
  chmod -R u=rwX,go=rX "$dir/snapshot" "$dir/capture.pcap"
  chown -R --reference="$samples" "$dir/snapshot" "$dir/capture.pcap"
}

# Takes the snapshot of the named namespaces with ordinary commands.
snapshot() {
  local dir=$1 ns at
  shift
  mkdir -p "$dir"
  printf '{"version":1,"hostname":"host","kernel":"%s","takenAt":"%s","namespaces":[%s]}\n' \
    "$(uname -r | cut -d- -f1)" "$(date -u +%FT%TZ)" "$(printf '"%s",' "$@" | sed 's/,$//')" >"$dir/snapshot.json"
  for ns in "$@"; do
    at=$dir/netns/$ns
    mkdir -p "$at"
    keep "$ns" "$at/iptables-save.txt" iptables-legacy-save -c
    keep "$ns" "$at/ip-link.json" ip -j -d link show
    keep "$ns" "$at/ip-addr.json" ip -j -d addr show
    keep "$ns" "$at/ip-route.txt" ip route show table all
    keep "$ns" "$at/ip-rule.txt" ip rule show
    keep "$ns" "$at/ip-neigh.json" ip -j neigh show
    keep "$ns" "$at/bridge-link.json" bridge -j -d link
    keep "$ns" "$at/bridge-fdb.json" bridge -j -d fdb
    keep "$ns" "$at/bridge-vlan.json" bridge -j -d vlan
    keep "$ns" "$at/ipset-save.txt" ipset save
    keep "$ns" "$at/conntrack.txt" conntrack -L -o extended
    keep "$ns" "$at/netns-ids.txt" ip netns list-id
    ip netns exec "$ns" sysctl -a 2>/dev/null | grep -E "$SYSCTLS" >"$at/sysctl.txt"
  done
}

# keep NS FILE COMMAND...: its output, or no file where this kernel cannot say.
keep() {
  local ns=$1 file=$2
  shift 2
  ip netns exec "$ns" "$@" >"$file" 2>/dev/null || rm "$file"
}

# What decides about packets; the rest of `sysctl -a` would only be in the way.
SYSCTLS='^net\.(ipv4\.(ip_forward|ip_default_ttl|ip_nonlocal_bind|icmp_|fwmark_reflect|fib_multipath_hash_policy|conf\.[^ ]*\.(forwarding|rp_filter|accept_local|route_localnet|src_valid_mark|proxy_arp|send_redirects) )|bridge\.|netfilter\.nf_conntrack_(checksum|tcp_(loose|be_liberal|ignore_invalid_rst)) )'

if [ "${1:-}" = --inside ]; then inside "$2"; else main "$@"; fi
