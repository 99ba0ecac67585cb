import type { Door, LinkPlan, NetnsPlan, Topology } from "./case.ts";
import type { Dice } from "./dice.ts";
import { drawPorts, drawRouting, drawSysctls, mac } from "./settings.ts";

/** Two or three routers one behind the other, the world at both ends. */
export function row(dice: Dice): Topology {
  const count = dice.integer(2, 3);
  const names = Array.from({ length: count }, (_, i) => `r${i + 1}`);
  const networks = Array.from({ length: count + 1 }, (_, i) => `10.${i + 1}.0.0/24`);
  const outer = [10, 11];
  const namespaces: NetnsPlan[] = [];
  const links: LinkPlan[] = [{ a: { netns: "r1", device: "eth0", mac: mac(1, 1) }, b: null }];
  const doors: Door[] = [{ netns: "r1", device: "eth0", mac: mac(1, 1), hosts: hostsOf(0, outer) }];
  for (const [i, name] of names.entries()) {
    const last = i === count - 1;
    const left = i === 0 ? hostsOf(0, outer) : [{ address: `10.${i + 1}.0.2`, mac: mac(i + 1, 2) }];
    const right = last ? hostsOf(count, outer) : [{ address: `10.${i + 2}.0.1`, mac: mac(i + 2, 1) }];
    const commands = [
      `addr add 10.${i + 1}.0.${i === 0 ? 1 : 1}/24 brd + dev eth0`,
      `addr add 10.${i + 2}.0.${last ? 1 : 2}/24 brd + dev eth1`,
      ...left.map((host) => `neigh add ${host.address} lladdr ${host.mac} dev eth0 nud permanent`),
      ...right.map((host) => `neigh add ${host.address} lladdr ${host.mac} dev eth1 nud permanent`),
      ...networks.flatMap((network, n) => {
        if (n < i) return [`route add ${network} via ${left[0]?.address}`];
        if (n > i + 1) return [`route add ${network} via ${right[0]?.address}`];
        return [];
      }),
      `route add default via ${dice.chance(2) ? left[0]?.address : right[0]?.address}`,
      ...(dice.chance(8) ? [`link set eth1 mtu ${dice.pick([600, 1280])}`] : []),
      ...(dice.chance(4)
        ? drawRouting(dice, [
            { device: "eth0", gateway: left[0]?.address ?? "", network: networks[i] ?? "" },
            { device: "eth1", gateway: right[0]?.address ?? "", network: networks[i + 1] ?? "" },
          ])
        : []),
    ];
    namespaces.push({ name, sysctls: drawSysctls(dice, ["eth0", "eth1"]), commands, bridge: [] });
    links.push({
      a: { netns: name, device: "eth1", mac: last ? mac(count + 1, 1) : mac(i + 2, 2) },
      b: last ? null : { netns: `r${i + 2}`, device: "eth0", mac: mac(i + 2, 1) },
    });
    doors.push({ netns: name, mac: "", hosts: [] });
  }
  const far = `r${count}`;
  doors.push({ netns: far, device: "eth1", mac: mac(count + 1, 1), hosts: hostsOf(count, outer) });
  return {
    kind: "row of routers",
    namespaces,
    links,
    doors,
    pools: {
      hosts: [...hostsOf(0, outer), ...hostsOf(count, outer)].map((host) => host.address),
      locals: networks.flatMap((_, i) => (i === 0 || i === count ? [`10.${i + 1}.0.1`] : [`10.${i + 1}.0.1`, `10.${i + 1}.0.2`])),
      remotes: ["192.168.1.5"],
      networks,
      devices: ["eth0", "eth1"],
      bridgePorts: [],
      macs: [mac(1, 10), mac(1, 11), mac(count + 1, 10)],
      ...drawPorts(dice),
    },
  };
}

function hostsOf(network: number, hosts: readonly number[]) {
  return hosts.map((host) => ({ address: `10.${network + 1}.0.${host}`, mac: mac(network + 1, host) }));
}
