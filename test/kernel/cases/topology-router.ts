import type { Topology } from "./case.ts";
import type { Dice } from "./dice.ts";
import { drawPorts, drawRouting, drawSysctls, drawTimeouts, mac } from "./settings.ts";

const NETNS = "host";
const HOSTS = [10, 11, 20, 254];

/** One router with two to four legs into the world. */
export function router(dice: Dice): Topology {
  const legs = Array.from({ length: dice.integer(2, 4) }, (_, i) => ({
    device: `eth${i}`,
    network: `10.${i + 1}.0.0/24`,
    address: `10.${i + 1}.0.1`,
    gateway: `10.${i + 1}.0.254`,
    mac: mac(i + 1, 1),
    hosts: HOSTS.map((host) => ({ address: `10.${i + 1}.0.${host}`, mac: mac(i + 1, host) })),
  }));
  const first = legs[0] as (typeof legs)[number];
  // A leg with a second network has its routes lead there: whoever picks its own address must look at the gateway.
  const wide = dice.some(6, legs).map((leg) => leg.device);
  const second = (i: number) => `10.${i + 101}.0`;
  const commands = legs.flatMap((leg, i) => [
    `addr add ${leg.address}/24 brd + dev ${leg.device}`,
    ...(dice.chance(5) ? [`addr add 10.${i + 1}.0.2/24 dev ${leg.device}`] : []),
    ...(wide.includes(leg.device)
      ? [
          `addr add ${second(i)}.1/24 brd + dev ${leg.device}`,
          `neigh add ${second(i)}.20 lladdr ${mac(i + 1, 20)} dev ${leg.device} nud permanent`,
        ]
      : []),
    ...(dice.chance(10) ? [`link set ${leg.device} mtu ${dice.pick([576, 1000, 1280])}`] : []),
    ...leg.hosts.map((host) => `neigh add ${host.address} lladdr ${host.mac} dev ${leg.device} nud permanent`),
    `route add 192.168.${i + 1}.0/24 via ${wide.includes(leg.device) ? second(i) : `10.${i + 1}.0`}.20`,
  ]);
  commands.push(`route add default via ${first.gateway} dev ${first.device}`, ...drawRouting(dice, legs));
  if (dice.chance(25)) commands.push(`link set ${dice.pick(legs).device} down`);
  const devices = legs.map((leg) => leg.device);
  const hosts = legs.flatMap((leg) => leg.hosts.map((host) => host.address));
  return {
    kind: "router",
    namespaces: [
      { name: NETNS, sysctls: { ...drawSysctls(dice, devices), ...(dice.chance(6) ? drawTimeouts(dice) : {}) }, commands, bridge: [] },
    ],
    links: legs.map((leg) => ({ a: { netns: NETNS, device: leg.device, mac: leg.mac }, b: null })),
    doors: [
      ...legs.map((leg) => ({ netns: NETNS, device: leg.device, mac: leg.mac, hosts: leg.hosts })),
      { netns: NETNS, mac: "", hosts: [] },
    ],
    pools: {
      hosts: hosts.filter((address) => !address.endsWith(".254")),
      locals: legs.map((leg) => leg.address),
      remotes: legs.map((_, i) => `192.168.${i + 1}.5`),
      networks: [...legs.map((leg) => leg.network), ...legs.map((_, i) => `192.168.${i + 1}.0/24`)],
      devices,
      bridgePorts: [],
      macs: legs.flatMap((leg) => leg.hosts.map((host) => host.mac)),
      ...drawPorts(dice),
    },
  };
}
