import type { NetnsPlan, Topology } from "../case.ts";
import type { Dice } from "../dice.ts";
import { drawPorts, mac } from "../settings.ts";
import { linksAndDoors } from "../topology-macvlan.ts";
import { addresses, global, hostsOf, linkLocal, neighbours, network6 } from "./addresses.ts";
import { drawSysctls6 } from "./settings.ts";

const HOST = "host";
const GATEWAY = 0xfe;
const FIRST = 0x31;
const WORLD = hostsOf(1, [0x10, 0x11, GATEWAY]);
const BEHIND = hostsOf(2, [0x10, GATEWAY]);
const OWN = hostsOf(1, [1]);

/** A host with two legs, on one of which stand macvlans in namespaces of their own (pods). */
export function macvlans6(dice: Dice): Topology {
  const pods = Array.from({ length: dice.integer(1, 3) }, (_, i) => ({
    netns: `pod${i}`,
    device: `mv${i}`,
    number: FIRST + i,
    mac: mac(7, FIRST + i),
    host: hostsOf(1, [FIRST + i], 7),
    mode: dice.weighted([4, "bridge" as const], [1, "private" as const], [1, "vepa" as const]),
  }));
  const children = pods.flatMap(({ host }) => host);
  const commands = [
    ...addresses("eth0", 1, 1),
    ...addresses("eth1", 2, 1),
    ...neighbours("eth0", [...WORLD, ...children]),
    ...neighbours("eth1", BEHIND),
    `route add default via ${dice.pick([global(1, GATEWAY), global(2, GATEWAY)])}`,
    ...(dice.chance(12) ? [`link set ${dice.pick(["eth0", "eth1"])} mtu 1300`] : []),
  ];
  const namespaces: NetnsPlan[] = [{ name: HOST, sysctls: drawSysctls6(dice, ["eth0", "eth1"]), commands, bridge: [] }];
  for (const { netns, device, number, host } of pods) {
    const gateway = dice.weighted([3, global(1, GATEWAY)], [1, linkLocal(1, GATEWAY)], [1, global(1, 1)]);
    namespaces.push({
      name: netns,
      sysctls: { ...drawSysctls6(dice, [device]), "net.ipv6.conf.all.forwarding": dice.chance(4) ? "1" : "0" },
      commands: [
        ...addresses(device, 1, number),
        ...neighbours(device, [...OWN, ...WORLD, ...children.filter((one) => !host.includes(one))]),
        `route add default via ${gateway} dev ${device}`,
      ],
      bridge: [],
    });
  }
  return {
    kind: "macvlans",
    namespaces,
    ...linksAndDoors(pods, WORLD, BEHIND),
    pools: {
      hosts: [global(1, 0x10), global(1, 0x11), global(2, 0x10), ...children.map(({ address }) => address)],
      locals: [global(1, 1), global(2, 1)],
      remotes: ["2001:db8:a1::5"],
      networks: [network6(1), network6(2)],
      devices: ["eth0", "eth1", ...pods.map(({ device }) => device)],
      bridgePorts: [],
      macs: [...WORLD, ...children].map((one) => one.mac),
      linkLocals: [linkLocal(1, 1), linkLocal(1, FIRST), linkLocal(1, 0x10)],
      ...drawPorts(dice),
    },
  };
}
