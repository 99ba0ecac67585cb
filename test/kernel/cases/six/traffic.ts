import type { Pools, Topology } from "../case.ts";
import type { Start, Traffic } from "../conversation.ts";
import type { Dice } from "../dice.ts";
import { drawLines, LINES6 } from "../lines.ts";
import { SERVICE6 } from "./addresses.ts";
import { drawHeader6 } from "./headers.ts";
import { drawNeighbourTalk } from "./neighbour-talk.ts";

const ODD_SOURCES = ["::", "::1", "ff02::1", "ff0e::7", "::ffff:10.1.0.10", "::10.1.0.10", "fec0::1", "2002:a01:10::1", "2001:db8:1::"];
// Not ff05::2: a router has joined it if it became one after its devices were there.
const ODD_DESTINATIONS = [
  ...ODD_SOURCES,
  "2001:db8:2::",
  "ff01::1",
  "ff02::2",
  "ff02::fb",
  "ff02::1:ff00:1",
  "ff02::1:ff00:10",
  "ff05::1:3",
  "ff0e::101",
  "2001:db8:1::33",
];
const BEHIND = ["2001:db8:c6::7", "2001:db8:cb::9"];
const ROUTED = [1, 2, 3, 4, 5, 6, 6, 8, 8, 10];
const ERRORS: readonly (readonly [number, number])[] = [
  [1, 0],
  [1, 1],
  [1, 3],
  [1, 4],
  [1, 5],
  [2, 0],
  [2, 0],
  [3, 0],
  [3, 1],
  [4, 0],
  [4, 1],
  [100, 0],
];

/** IPv6. */
export const IPV6_TRAFFIC: Traffic = {
  source,
  destination,
  header: drawHeader6,
  lines: (dice, { pools }) => drawLines(dice, pools, LINES6),
  error(dice) {
    const [type, code] = dice.pick(ERRORS);
    return { type, code, mtu: () => (type === 2 ? dice.pick([1280, 1400, 500]) : 0) };
  },
  special: (dice, topology, id) => (dice.chance(6) ? drawNeighbourTalk(dice, topology, id) : undefined),
};

function source(dice: Dice, topology: Topology, { from, own }: Start): string {
  const { locals, remotes, linkLocals } = topology.pools;
  if (from?.device === undefined) return localSource(dice, topology, from?.netns);
  if (dice.chance(15)) return dice.pick([...ODD_SOURCES, ...locals, ...remotes]);
  if (dice.chance(12)) return from.hosts.find((host) => host.address === own)?.linkLocal ?? dice.pick(linkLocals ?? locals);
  return own === undefined || own.endsWith(":fe") ? dice.pick([...BEHIND, ...remotes]) : own;
}

/** A local socket has an address of its own, mostly. */
function localSource(dice: Dice, topology: Topology, netns: string | undefined): string {
  const commands = topology.namespaces.find((plan) => plan.name === netns)?.commands ?? [];
  const own = commands.flatMap((line) => /^addr add ([\da-f:]+)\/64 .*(?<!scope link) nodad$/.exec(line)?.[1] ?? []);
  if (dice.chance(12)) return dice.pick(["::1", "::", ...topology.pools.hosts, ...topology.pools.remotes]);
  return own.length === 0 ? "2001:db8:1::1" : dice.pick(own);
}

function destination(dice: Dice, topology: Topology, { from }: Start): string {
  const { pools } = topology;
  // On which device a program means a group or an address of one link it says itself, and nothing else does.
  if (from?.device === undefined) return usual(dice, pools);
  return dice.weighted([20, usual(dice, pools)], [2, dice.pick(ODD_DESTINATIONS)], [2, dice.pick(pools.linkLocals ?? pools.locals)]);
}

function usual(dice: Dice, pools: Pools): string {
  return dice.weighted(
    [10, dice.pick(pools.hosts)],
    [6, dice.pick(pools.locals)],
    [3, dice.pick(pools.remotes)],
    [3, SERVICE6],
    [1, dice.pick(["::1", ...BEHIND])],
    [2, `2001:db8:f${dice.pick(ROUTED).toString(16)}::1`],
  );
}
