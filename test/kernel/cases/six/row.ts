import type { Door, LinkPlan, NetnsPlan, Topology } from "../case.ts";
import type { Dice } from "../dice.ts";
import { drawPorts, mac } from "../settings.ts";
import { addresses, global, hostsOf, linkLocal, neighbours, network6 } from "./addresses.ts";
import { drawRouting6, drawSysctls6 } from "./settings.ts";

const OUTER = [0x10, 0x11];

/** Two or three routers one behind the other, the world at both ends. */
export function row6(dice: Dice): Topology {
  const count = dice.integer(2, 3);
  const names = Array.from({ length: count }, (_, i) => `r${i + 1}`);
  const networks = Array.from({ length: count + 1 }, (_, i) => i + 1);
  const left = hostsOf(1, OUTER);
  const right = hostsOf(count + 1, OUTER);
  const namespaces: NetnsPlan[] = [];
  const links: LinkPlan[] = [{ a: { netns: "r1", device: "eth0", mac: mac(1, 1) }, b: null }];
  const doors: Door[] = [{ netns: "r1", device: "eth0", mac: mac(1, 1), hosts: left }];
  for (const [i, name] of names.entries()) {
    const last = i === count - 1;
    const before = i === 0 ? left : hostsOf(i + 1, [2]);
    const behind = last ? right : hostsOf(i + 2, [1]);
    const [back, forth] = dice.chance(2)
      ? [before[0]?.address ?? "", behind[0]?.address ?? ""]
      : [before[0]?.linkLocal ?? "", behind[0]?.linkLocal ?? ""];
    const commands = [
      ...addresses("eth0", i + 1, 1),
      ...addresses("eth1", i + 2, last ? 1 : 2),
      ...neighbours("eth0", before),
      ...neighbours("eth1", behind),
      ...networks.flatMap((number, n) => {
        if (n < i) return [`route add ${network6(number)} via ${back} dev eth0`];
        if (n > i + 1) return [`route add ${network6(number)} via ${forth} dev eth1`];
        return [];
      }),
      `route add default via ${dice.chance(2) ? `${back} dev eth0` : `${forth} dev eth1`}`,
      ...(dice.chance(8) ? [`link set eth1 mtu ${dice.pick([1280, 1400])}`] : []),
      ...(dice.chance(4)
        ? drawRouting6(dice, [
            { device: "eth0", gateway: back, network: network6(i + 1) },
            { device: "eth1", gateway: forth, network: network6(i + 2) },
          ])
        : []),
    ];
    namespaces.push({ name, sysctls: drawSysctls6(dice, ["eth0", "eth1"]), commands, bridge: [] });
    links.push({
      a: { netns: name, device: "eth1", mac: last ? mac(count + 1, 1) : mac(i + 2, 2) },
      b: last ? null : { netns: `r${i + 2}`, device: "eth0", mac: mac(i + 2, 1) },
    });
    doors.push({ netns: name, mac: "", hosts: [] });
  }
  doors.push({ netns: `r${count}`, device: "eth1", mac: mac(count + 1, 1), hosts: right });
  return {
    kind: "row of routers",
    namespaces,
    links,
    doors,
    pools: {
      hosts: [...left, ...right].map((host) => host.address),
      locals: networks.flatMap((number, i) => (i === 0 || i === count ? [global(number, 1)] : [global(number, 1), global(number, 2)])),
      remotes: ["2001:db8:a1::5"],
      networks: networks.map(network6),
      devices: ["eth0", "eth1"],
      bridgePorts: [],
      macs: [mac(1, 0x10), mac(1, 0x11), mac(count + 1, 0x10)],
      linkLocals: [linkLocal(1, 1), linkLocal(1, 0x10), linkLocal(2, 1), linkLocal(2, 2)],
      ...drawPorts(dice),
    },
  };
}
