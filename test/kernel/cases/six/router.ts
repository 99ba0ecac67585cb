import type { Topology } from "../case.ts";
import type { Dice } from "../dice.ts";
import { drawPorts, drawTimeouts, mac } from "../settings.ts";
import { addresses, global, hostsOf, linkLocal, neighbours, network6 } from "./addresses.ts";
import { drawRouting6, drawSysctls6 } from "./settings.ts";

const NETNS = "host";
const HOSTS = [0x10, 0x11, 0x20, 0xfe];
const GATEWAY = 0xfe;

/** One router with two to four legs into the world. */
export function router6(dice: Dice): Topology {
  const legs = Array.from({ length: dice.integer(2, 4) }, (_, i) => ({
    device: `eth${i}`,
    number: i + 1,
    network: network6(i + 1),
    gateway: dice.chance(3) ? linkLocal(i + 1, GATEWAY) : global(i + 1, GATEWAY),
    mac: mac(i + 1, 1),
    hosts: hostsOf(i + 1, HOSTS),
  }));
  const first = legs[0] as (typeof legs)[number];
  const commands = legs.flatMap(({ device, number, hosts }) => [
    ...addresses(device, number, 1),
    ...(dice.chance(5) ? [`addr add ${global(number, 2)}/64 dev ${device} nodad`] : []),
    ...(dice.chance(10) ? [`link set ${device} mtu ${dice.pick([1280, 1300, 1400])}`] : []),
    ...neighbours(device, hosts),
    `route add 2001:db8:a${number}::/64 via ${global(number, 0x20)} dev ${device}`,
  ]);
  commands.push(`route add default via ${first.gateway} dev ${first.device}`, ...drawRouting6(dice, legs));
  if (dice.chance(25)) commands.push(`link set ${dice.pick(legs).device} down`);
  const devices = legs.map((leg) => leg.device);
  const sysctls = { ...drawSysctls6(dice, devices), ...(dice.chance(6) ? drawTimeouts(dice) : {}) };
  return {
    kind: "router",
    namespaces: [{ name: NETNS, sysctls, commands, bridge: [] }],
    links: legs.map((leg) => ({ a: { netns: NETNS, device: leg.device, mac: leg.mac }, b: null })),
    doors: [
      ...legs.map((leg) => ({ netns: NETNS, device: leg.device, mac: leg.mac, hosts: leg.hosts })),
      { netns: NETNS, mac: "", hosts: [] },
    ],
    pools: {
      hosts: legs.flatMap(({ hosts }) => hosts.slice(0, -1).map(({ address }) => address)),
      locals: legs.map(({ number }) => global(number, 1)),
      remotes: legs.map(({ number }) => `2001:db8:a${number}::5`),
      networks: legs.flatMap(({ number, network }) => [network, `2001:db8:a${number}::/64`]),
      devices,
      bridgePorts: [],
      macs: legs.flatMap(({ hosts }) => hosts.map((host) => host.mac)),
      linkLocals: legs.flatMap(({ number }) => [linkLocal(number, 1), linkLocal(number, 0x10)]),
      ...drawPorts(dice),
    },
  };
}
