import type { HeaderPlan, Pools, Topology } from "./case.ts";
import type { Traffic } from "./conversation.ts";
import type { Dice } from "./dice.ts";
import { drawLines, LINES4 } from "./lines.ts";
import { drawOptions } from "./options.ts";
import { drawTos } from "./settings.ts";

/** The first is filled in by the kernel when a local socket sends it. */
const ODD = [
  "0.0.0.0",
  "255.255.255.255",
  "127.0.0.1",
  "127.0.0.5",
  "224.0.0.1",
  "224.0.0.251",
  "240.0.0.1",
  "10.1.0.255",
  "10.1.0.0",
  "169.254.1.1",
];
const ERRORS: readonly (readonly [number, number])[] = [
  [3, 0],
  [3, 1],
  [3, 3],
  [3, 4],
  [3, 13],
  [11, 0],
  [11, 1],
  [12, 0],
  [4, 0],
  [5, 1],
];

/** IPv4. */
export const IPV4_TRAFFIC: Traffic = {
  source(dice, topology, { from, own }) {
    const odd = from?.device === undefined ? ODD.slice(1) : ODD;
    if (dice.chance(15)) return dice.pick([...odd, ...topology.pools.locals, ...topology.pools.remotes]);
    return own === undefined || own.endsWith(".254") ? remoteSource(dice, topology, from?.netns, own) : own;
  },
  destination: (dice, { pools }) => drawDestination(dice, pools),
  header: (dice, { pools }) => drawHeader(dice, pools),
  lines: (dice, { pools }) => drawLines(dice, pools, LINES4),
  error(dice) {
    const [type, code] = dice.pick(ERRORS);
    return { type, code, mtu: () => (code === 4 ? dice.pick([576, 1000]) : 0) };
  },
};

/** A gateway sends what others behind it have sent; a local socket has an address of its own, mostly. */
function remoteSource(dice: Dice, topology: Topology, netns: string | undefined, gateway: string | undefined): string {
  if (gateway !== undefined) return dice.pick(["198.51.100.7", "203.0.113.9", ...topology.pools.remotes]);
  const own =
    topology.namespaces.find((plan) => plan.name === netns)?.commands.flatMap((line) => /^addr add ([\d.]+)/.exec(line)?.[1] ?? []) ?? [];
  return own.length === 0 ? "10.1.0.1" : dice.chance(12) ? "127.0.0.1" : dice.pick(own);
}

function drawDestination(dice: Dice, pools: Pools): string {
  return dice.weighted(
    [10, dice.pick(pools.hosts)],
    [6, dice.pick(pools.locals)],
    [3, dice.pick(pools.remotes)],
    [3, "10.96.0.10"],
    [1, dice.pick(ODD)],
    [
      1,
      dice.pick([
        "172.16.1.1",
        "172.16.2.1",
        "172.16.3.1",
        "172.16.5.1",
        "172.16.6.1",
        "172.16.6.1",
        "172.16.7.1",
        "172.16.8.1",
        "172.16.9.1",
        "198.51.100.7",
      ]),
    ],
  );
}

function drawHeader(dice: Dice, pools: Pools): HeaderPlan {
  const base = {
    ttl: dice.weighted([12, 64], [2, dice.integer(2, 5)], [1, 1], [1, 255]),
    tos: drawTos(dice),
    id: dice.integer(1, 65535),
    df: dice.chance(2),
  };
  const damage = dice.chance(40)
    ? dice.pick(["header-checksum", "checksum", "checksum", "length", "transport-length", "no-checksum"] as const)
    : undefined;
  const options = dice.chance(25) ? drawOptions(dice, [...pools.hosts, ...pools.locals, ...pools.remotes]) : undefined;
  return {
    ...base,
    ...(damage !== undefined && { damage }),
    ...(options !== undefined && { options }),
    ...(dice.chance(20) && {
      // The smallest holds a header without much more.
      fragments: {
        mtu: dice.pick(options === undefined ? [60, 100, 576] : [100, 576]),
        order: dice.pick([[0, 1, 2, 3], [1, 0], [2, 1, 0], [0, 2], [0, 0, 1], [0]]),
      },
    }),
    ...(dice.chance(25) && { dstMac: dice.pick(["other", "broadcast", "link", "single"] as const) }),
  };
}
