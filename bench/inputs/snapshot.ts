import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type Cluster, colons, dotted, NODE } from "./cluster.ts";

const UP = ["BROADCAST", "MULTICAST", "UP", "LOWER_UP"];
const LOOPBACK = {
  ifindex: 1,
  ifname: "lo",
  flags: ["LOOPBACK", "UP", "LOWER_UP"],
  mtu: 65_536,
  operstate: "UNKNOWN",
  link_type: "loopback",
  address: "00:00:00:00:00:00",
};
const PEER_INDEX = 2;

/** Writes what is known of the node, with these rules. */
export function writeSnapshot(folder: string, cluster: Cluster, rules: string): void {
  const host = join(folder, "netns", "host");
  mkdirSync(host, { recursive: true });
  const text = (name: string, content: string) => writeFileSync(join(host, name), content);
  const json = (name: string, content: unknown) => text(name, JSON.stringify(content));
  const about = { version: 1, hostname: "node", kernel: "6.18.0", takenAt: "2026-11-21T12:00:00Z", namespaces: ["host"] };
  writeFileSync(join(folder, "snapshot.json"), JSON.stringify(about));
  const links = devices(cluster);
  json("ip-link.json", links);
  json(
    "ip-addr.json",
    links.map((link) => ({ ...link, addr_info: addresses(link.ifname) })),
  );
  text("ip-route.txt", routes(cluster));
  text("ip-rule.txt", "0:\tfrom all lookup local\n32766:\tfrom all lookup main\n32767:\tfrom all lookup default\n");
  json("ip-neigh.json", neighbours(cluster));
  text("sysctl.txt", sysctl());
  text("conntrack.txt", "");
  text("ipset-save.txt", "");
  text("iptables-save.txt", rules);
}

function devices(cluster: Cluster) {
  const eth0 = { index: NODE.index, device: NODE.device, deviceMac: NODE.mac };
  return [
    LOOPBACK,
    ...[eth0, ...cluster.pods].map((one) => ({
      ifindex: one.index,
      ifname: one.device,
      flags: UP,
      mtu: 1500,
      operstate: "UP",
      link_type: "ether",
      address: colons(one.deviceMac),
      ...(one.device !== NODE.device && { link_index: PEER_INDEX, link_netnsid: one.index - NODE.index, linkinfo: { info_kind: "veth" } }),
    })),
  ];
}

function addresses(device: string) {
  if (device === "lo") return [{ family: "inet", local: "127.0.0.1", prefixlen: 8, scope: "host" }];
  if (device === NODE.device) return [{ family: "inet", local: dotted(NODE.address), prefixlen: 24, scope: "global" }];
  return [];
}

function routes(cluster: Cluster): string {
  const node = dotted(NODE.address);
  return [
    "default via 192.0.2.1 dev eth0",
    ...cluster.pods.map((pod) => `${dotted(pod.address)} dev ${pod.device} scope link`),
    "10.244.0.0/16 via 192.0.2.1 dev eth0",
    `192.0.2.0/24 dev eth0 proto kernel scope link src ${node}`,
    "local 127.0.0.0/8 dev lo table local proto kernel scope host src 127.0.0.1",
    "local 127.0.0.1 dev lo table local proto kernel scope host src 127.0.0.1",
    "broadcast 127.255.255.255 dev lo table local proto kernel scope link src 127.0.0.1",
    `local ${node} dev eth0 table local proto kernel scope host src ${node}`,
    `broadcast 192.0.2.255 dev eth0 table local proto kernel scope link src ${node}`,
    "",
  ].join("\n");
}

function neighbours(cluster: Cluster) {
  return [
    { dst: "192.0.2.1", dev: NODE.device, lladdr: colons(NODE.gatewayMac), state: ["REACHABLE"] },
    ...cluster.pods.map((pod) => ({ dst: dotted(pod.address), dev: pod.device, lladdr: colons(pod.mac), state: ["REACHABLE"] })),
  ];
}

function sysctl(): string {
  const devices = ["all", "default", "eth0", "lo"];
  const each = (key: string, value: number) => devices.map((device) => `net.ipv4.conf.${device}.${key} = ${value}`);
  return [
    "net.bridge.bridge-nf-call-iptables = 1",
    ...each("accept_local", 0),
    ...each("forwarding", 1),
    ...each("rp_filter", 0),
    ...each("route_localnet", 0),
    ...each("send_redirects", 0),
    "net.ipv4.ip_forward = 1",
    "net.netfilter.nf_conntrack_max = 262144",
    "net.netfilter.nf_conntrack_tcp_be_liberal = 0",
    "net.netfilter.nf_conntrack_tcp_loose = 1",
    "",
  ].join("\n");
}
