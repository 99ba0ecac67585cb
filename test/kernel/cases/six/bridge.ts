import type { Door, LinkPlan, NetnsPlan, Topology } from "../case.ts";
import type { Dice } from "../dice.ts";
import { drawBridgeSettings, drawPortSettings, drawPorts, mac } from "../settings.ts";
import { addresses, global, hostsOf, linkLocal, neighbours, network6 } from "./addresses.ts";
import { drawSysctls6 } from "./settings.ts";

const HOST = "host";
const UPLINK_HOSTS = [0x10, 0x11, 0xfe];
const GATEWAY = 0xfe;
const INNER = 5;
const BRIDGE_MAC = mac(INNER, 1);

/** A host with an uplink and a bridge, behind whose ports are namespaces (pods) or the world. */
export function bridged6(dice: Dice): Topology {
  const filtered = dice.chance(2);
  const uplink = hostsOf(1, UPLINK_HOSTS);
  const ports = hostsOf(
    INNER,
    Array.from({ length: dice.integer(2, 4) }, (_, i) => 0x11 + i),
  ).map((host, i) => ({ ...host, number: 0x11 + i, port: `p${i}`, own: mac(6, i), pod: dice.chance(3) }));
  const addressed = !dice.chance(8);
  const commands = [
    ...addresses("eth0", 1, 1),
    ...neighbours("eth0", uplink),
    `route add default via ${dice.chance(3) ? linkLocal(1, GATEWAY) : global(1, GATEWAY)} dev eth0`,
    "link add br0 type bridge",
    `link set br0 address ${BRIDGE_MAC} type bridge stp_state 0 mcast_snooping 0 forward_delay 0`,
    ...drawBridgeSettings(dice, "br0", 6),
    ...ports.map(({ port }) => `link set ${port} master br0`),
    "link set br0 up",
    ...(addressed ? [...addresses("br0", INNER, 1), ...neighbours("br0", ports)] : []),
    ...(dice.chance(12) ? [`link set ${dice.pick(ports).port} mtu ${dice.pick([1280, 1400])}`] : []),
  ];
  const bridge = ports.flatMap(({ port, mac: address }) => [
    ...(dice.chance(10) ? [] : [`fdb replace ${address} dev ${port} master static`]),
    ...drawPortSettings(dice, port),
  ]);
  const sysctls = { ...drawSysctls6(dice, ["eth0", "br0"]), "net.bridge.bridge-nf-call-ip6tables": filtered ? "1" : "0" };
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
        : { netns: HOST, device: p.port, mac: BRIDGE_MAC, hosts: hostsOf(INNER, [p.number]) },
    );
  }
  doors.push({ netns: HOST, mac: "", hosts: [] });
  return {
    kind: filtered ? "bridge with netfilter" : "bridge",
    namespaces,
    links,
    doors,
    pools: {
      hosts: [global(1, 0x10), global(1, 0x11), ...ports.map((p) => p.address)],
      locals: [global(1, 1), ...(addressed ? [global(INNER, 1)] : [])],
      remotes: ["2001:db8:a1::5"],
      networks: [network6(1), network6(INNER)],
      devices: ["eth0", "br0"],
      bridgePorts: ports.map((p) => p.port),
      macs: [...uplink.map((host) => host.mac), ...ports.map((p) => p.mac)],
      linkLocals: [linkLocal(1, 1), linkLocal(INNER, 1), linkLocal(1, 0x10), linkLocal(INNER, 0x11)],
      ...drawPorts(dice),
    },
  };
}

interface Pod {
  readonly port: string;
  readonly number: number;
  readonly mac: string;
}

const podName = (pod: Pod) => `pod-${pod.port}`;

function podPlan(dice: Dice, pod: Pod, all: readonly Pod[]): NetnsPlan {
  const others = all.filter((other) => other !== pod).map(({ number }) => number);
  return {
    name: podName(pod),
    sysctls: { ...drawSysctls6(dice, ["eth0"]), "net.ipv6.conf.all.forwarding": dice.chance(4) ? "1" : "0" },
    commands: [
      ...addresses("eth0", INNER, pod.number),
      ...neighbours("eth0", hostsOf(INNER, [1, ...others])),
      `route add default via ${dice.chance(3) ? linkLocal(INNER, 1) : global(INNER, 1)} dev eth0`,
    ],
    bridge: [],
  };
}
