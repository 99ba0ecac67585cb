import type { MacvlanMode } from "../lab/protocol.ts";
import type { HostPlan, NetnsPlan, Topology } from "./case.ts";
import type { Dice } from "./dice.ts";
import { drawPorts, drawSysctls, mac } from "./settings.ts";

const HOST = "host";
const OWN = { address: "10.1.0.1", mac: mac(1, 1) };
const WORLD = [10, 11, 254].map((host) => ({ address: `10.1.0.${host}`, mac: mac(1, host) }));
const BEHIND = [10, 254].map((host) => ({ address: `10.2.0.${host}`, mac: mac(2, host) }));

/** A host with two legs, on one of which stand macvlans: in namespaces of their own (pods), and perhaps one of the host itself. */
export function macvlans(dice: Dice): Topology {
  const mode = () => dice.weighted([4, "bridge" as const], [1, "private" as const], [1, "vepa" as const]);
  const children = Array.from({ length: dice.integer(1, 3) }, (_, i) => ({
    netns: i === 0 && dice.chance(4) ? HOST : `pod${i}`,
    device: `mv${i}`,
    address: `10.1.0.${31 + i}`,
    mac: mac(7, 31 + i),
    mode: mode(),
  }));
  const everyone = [OWN, ...WORLD, ...children];
  const own = children.filter(({ netns }) => netns === HOST);
  const known = (device: string, self: string) =>
    everyone
      .filter(({ address }) => address !== self)
      .map((one) => `neigh add ${one.address} lladdr ${one.mac} dev ${device} nud permanent`);
  const commands = [
    `addr add ${OWN.address}/24 brd + dev eth0`,
    "addr add 10.2.0.1/24 brd + dev eth1",
    ...known("eth0", OWN.address),
    ...BEHIND.map((host) => `neigh add ${host.address} lladdr ${host.mac} dev eth1 nud permanent`),
    `route add default via ${dice.pick(["10.1.0.254", "10.2.0.254"])}`,
    ...own.flatMap(({ device, address }) => [`addr add ${address}/32 dev ${device}`, ...known(device, address)]),
    // The detour by which a host reaches its own macvlans.
    ...own.flatMap(({ device }) =>
      children.filter(({ netns }) => netns !== HOST).map((pod) => `route add ${pod.address}/32 dev ${device}`),
    ),
    ...(dice.chance(12) ? [`link set ${dice.pick(["eth0", "eth1"])} mtu 1000`] : []),
  ];
  const namespaces: NetnsPlan[] = [
    { name: HOST, sysctls: drawSysctls(dice, ["eth0", "eth1", ...own.map(({ device }) => device)]), commands, bridge: [] },
  ];
  const pods = children.filter(({ netns }) => netns !== HOST);
  for (const { netns, device, address } of pods) {
    const gateway = dice.weighted([3, "10.1.0.254"], [1, OWN.address]);
    namespaces.push({
      name: netns,
      sysctls: { ...drawSysctls(dice, [device]), "net.ipv4.ip_forward": dice.chance(4) ? "1" : "0" },
      commands: [`addr add ${address}/24 brd + dev ${device}`, ...known(device, address), `route add default via ${gateway} dev ${device}`],
      bridge: [],
    });
  }
  return {
    kind: "macvlans",
    namespaces,
    ...linksAndDoors(children, WORLD, BEHIND),
    pools: {
      hosts: ["10.1.0.10", "10.1.0.11", "10.2.0.10", ...pods.map(({ address }) => address)],
      locals: [OWN.address, "10.2.0.1", ...own.map(({ address }) => address)],
      remotes: ["192.168.1.5"],
      networks: ["10.1.0.0/24", "10.2.0.0/24"],
      devices: ["eth0", "eth1", ...children.map(({ device }) => device)],
      bridgePorts: [],
      macs: everyone.map((one) => one.mac),
      ...drawPorts(dice),
    },
  };
}

/** A macvlan, of the host or of a namespace of its own. */
interface Macvlan {
  readonly netns: string;
  readonly device: string;
  readonly mac: string;
  readonly mode: MacvlanMode;
}

/** What leads from a host with eth0, on which macvlans stand, and eth1 to hosts of the world, and where packets can come in from these. */
export function linksAndDoors(
  macvlans: readonly Macvlan[],
  world: readonly HostPlan[],
  behind: readonly HostPlan[],
): Pick<Topology, "links" | "doors"> {
  const lower = { netns: HOST, device: "eth0", mac: OWN.mac };
  const other = { netns: HOST, device: "eth1", mac: mac(2, 1) };
  const pods = new Set(macvlans.map(({ netns }) => netns));
  return {
    links: [
      { a: lower, b: null },
      { a: other, b: null },
      ...macvlans.map(({ netns, device, mac: own, mode }) => ({ a: { netns, device, mac: own }, b: lower, macvlan: mode })),
    ],
    doors: [
      { ...lower, hosts: world },
      ...macvlans.map((one) => ({ ...lower, mac: one.mac, hosts: world })),
      { ...other, hosts: behind },
      { netns: HOST, mac: "", hosts: [] },
      ...[...pods].filter((netns) => netns !== HOST).map((netns) => ({ netns, mac: "", hosts: [] })),
    ],
  };
}
