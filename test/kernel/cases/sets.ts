import type { Pools } from "./case.ts";
import type { Dice } from "./dice.ts";
import type { SetPlan } from "./rule-draw.ts";

interface Kind {
  readonly kind: string;
  readonly dimensions: number;
  readonly create: string;
  element(dice: Dice, pools: Pools): string;
}

const address = (dice: Dice, pools: Pools) => dice.pick([...pools.hosts, ...pools.locals, ...pools.remotes, "10.96.0.10"]);
const network = (dice: Dice, pools: Pools) =>
  dice.chance(3) ? `${address(dice, pools)}/${dice.pick([24, 28, 31, 32])}` : dice.pick(pools.networks);
const port = (dice: Dice, { clientPorts, serverPorts }: Pools) =>
  `${dice.pick(["tcp", "tcp", "udp", "sctp"])}:${dice.pick([...clientPorts, ...serverPorts])}`;

const KINDS: readonly Kind[] = [
  { kind: "hash:ip", dimensions: 1, create: "hash:ip", element: address },
  { kind: "hash:net", dimensions: 1, create: "hash:net", element: network },
  { kind: "hash:ip,port", dimensions: 2, create: "hash:ip,port", element: (d, p) => `${address(d, p)},${port(d, p)}` },
  { kind: "hash:net,port", dimensions: 2, create: "hash:net,port", element: (d, p) => `${network(d, p)},${port(d, p)}` },
  {
    kind: "hash:ip,port,ip",
    dimensions: 3,
    create: "hash:ip,port,ip",
    element: (d, p) => `${address(d, p)},${port(d, p)},${address(d, p)}`,
  },
  { kind: "hash:net,iface", dimensions: 2, create: "hash:net,iface", element: (d, p) => `${network(d, p)},${d.pick(p.devices)}` },
  { kind: "bitmap:port", dimensions: 1, create: "bitmap:port range 0-65535", element: (d, p) => String(d.pick(p.serverPorts)) },
];

/** A few sets of random types with members that traffic may have. */
export function drawSets(dice: Dice, pools: Pools): SetPlan[] {
  return dice.some(6, KINDS).map((kind, i) => {
    const name = `s${i}`;
    const elements = new Set(Array.from({ length: dice.integer(0, 6) }, () => kind.element(dice, pools)));
    const nomatch = (element: string) =>
      kind.kind.startsWith("hash:net") && !element.includes("0.0.0.0/0") && dice.chance(6) ? " nomatch" : "";
    return {
      name,
      kind: kind.kind,
      dimensions: kind.dimensions,
      family: 4,
      lines: [`create ${name} ${kind.create}`, ...[...elements].map((element) => `add ${name} ${element}${nomatch(element)} -exist`)],
    };
  });
}
