import type { Door, LinkPlan, NetnsPlan, Topology } from "./case.ts";
import type { Dice } from "./dice.ts";
import { drawBridgeSettings, drawPortSettings, drawPorts, drawSysctls, mac } from "./settings.ts";

const HOST = "host";
const UPLINK_HOSTS = [10, 11, 254];
const BRIDGE_MAC = mac(5, 1);

/** A host with an uplink and a bridge, behind whose ports are namespaces (pods) or the world. */
export function bridged(dice: Dice): Topology {
  const filtered = dice.chance(2);
  const uplink = UPLINK_HOSTS.map((host) => ({ address: `10.1.0.${host}`, mac: mac(1, host) }));
  const ports = Array.from({ length: dice.integer(2, 4) }, (_, i) => ({
    port: `p${i}`,
    address: `10.5.0.${11 + i}`,
    mac: mac(5, 11 + i),
    own: mac(6, i),
    pod: dice.chance(3),
  }));
  const addressed = !dice.chance(8);
  const commands = [
    "addr add 10.1.0.1/24 brd + dev eth0",
    ...uplink.map((host) => `neigh add ${host.address} lladdr ${host.mac} dev eth0 nud permanent`),
    "route add default via 10.1.0.254 dev eth0",
    "link add br0 type bridge",
    `link set br0 address ${BRIDGE_MAC} type bridge stp_state 0 mcast_snooping 0 forward_delay 0`,
    ...drawBridgeSettings(dice, "br0", 4),
    ...ports.map(({ port }) => `link set ${port} master br0`),
    "link set br0 up",
    ...(addressed
      ? ["addr add 10.5.0.1/24 brd + dev br0", ...ports.map((p) => `neigh add ${p.address} lladdr ${p.mac} dev br0 nud permanent`)]
      : []),
    ...(dice.chance(12) ? [`link set ${dice.pick(ports).port} mtu 1000`] : []),
  ];
  const bridge = ports.flatMap(({ port, mac: address }) => [
    ...(dice.chance(10) ? [] : [`fdb add ${address} dev ${port} master static`]),
    ...drawPortSettings(dice, port),
  ]);
  const sysctls = {
    ...drawSysctls(dice, ["eth0", "br0"]),
    "net.bridge.bridge-nf-call-iptables": filtered ? "1" : "0",
  };
  const pods = ports.filter((p) => p.pod);
  const namespaces: NetnsPlan[] = [{ name: HOST, sysctls, commands, bridge }];
  for (const pod of pods) namespaces.push(podPlan(dice, pod, ports));
  const links: LinkPlan[] = [{ a: { netns: HOST, device: "eth0", mac: mac(1, 1) }, b: null }];
  for (const p of ports) {
    links.push({ a: { netns: HOST, device: p.port, mac: p.own }, b: p.pod ? { netns: podName(p), device: "eth0", mac: p.mac } : null });
  }
  const doors: Door[] = [{ netns: HOST, device: "eth0", mac: mac(1, 1), hosts: uplink }];
  for (const p of ports) {
    doors.push(
      p.pod
        ? { netns: podName(p), mac: "", hosts: [] }
        : { netns: HOST, device: p.port, mac: BRIDGE_MAC, hosts: [{ address: p.address, mac: p.mac }] },
    );
  }
  doors.push({ netns: HOST, mac: "", hosts: [] });
  return {
    kind: filtered ? "bridge with netfilter" : "bridge",
    namespaces,
    links,
    doors,
    pools: {
      hosts: ["10.1.0.10", "10.1.0.11", ...ports.map((p) => p.address)],
      locals: ["10.1.0.1", ...(addressed ? ["10.5.0.1"] : [])],
      remotes: ["192.168.1.5"],
      networks: ["10.1.0.0/24", "10.5.0.0/24"],
      devices: ["eth0", "br0"],
      bridgePorts: ports.map((p) => p.port),
      macs: [...uplink.map((host) => host.mac), ...ports.map((p) => p.mac)],
      ...drawPorts(dice),
    },
  };
}

interface Pod {
  readonly port: string;
  readonly address: string;
  readonly mac: string;
}

const podName = (pod: Pod) => `pod-${pod.port}`;

function podPlan(dice: Dice, pod: Pod, all: readonly Pod[]): NetnsPlan {
  return {
    name: podName(pod),
    sysctls: { ...drawSysctls(dice, ["eth0"]), "net.ipv4.ip_forward": dice.chance(4) ? "1" : "0" },
    commands: [
      `addr add ${pod.address}/24 brd + dev eth0`,
      `neigh add 10.5.0.1 lladdr ${BRIDGE_MAC} dev eth0 nud permanent`,
      ...all.filter((other) => other !== pod).map((other) => `neigh add ${other.address} lladdr ${other.mac} dev eth0 nud permanent`),
      "route add default via 10.5.0.1 dev eth0",
    ],
    bridge: [],
  };
}
