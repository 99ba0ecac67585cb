import type { Assumption } from "../model/host.ts";
import { ASSUMPTIONS, keyOf } from "./collect.ts";
import { type Collected, type Connection, isTrouble } from "./collected.ts";
import type { Endings } from "./flow-states.ts";
import type { RowLabel } from "./groups.ts";
import type { Measure, Moment, Part } from "./part.ts";
import type { Counts, Ranked } from "./tallies.ts";

/** Puts together what was gathered of a capture's connections in parts: what one collection of all would have come to. */
export function joined(parts: readonly Part[], leftAside: number, { keep }: Measure): Collected {
  const endings = parts.map((part) => part.endings);
  return {
    connections: connectionsOf(parts, keep),
    verdicts: summed(parts.map((part) => part.verdicts)),
    states: {
      endings: (): Endings => ({ all: summed(endings.map(({ all }) => all)), expected: summed(endings.map(({ expected }) => expected)) }),
    },
    grouping: "rule",
    lost: ranked(parts.map((part) => part.lost)),
    undecided: ranked(parts.map((part) => part.undecided)),
    translated: ranked(parts.map((part) => part.translated)),
    assumptions: assumptionsOf(parts),
    packets: sum(parts.map((part) => part.packets)),
    observations: sum(parts.map((part) => part.observations)),
    leftAside,
    firstTime: inOrder(parts.map((part) => part.first))[0]?.time,
    lastTime: inOrder(parts.map((part) => part.last)).at(-1)?.time,
  };
}

function assumptionsOf(parts: readonly Part[]): ReadonlyMap<string, Assumption> {
  const all = parts.flatMap((part) => part.assumptions).sort((a, b) => a.frame - b.frame);
  const found = new Map(all.map(({ assumption }) => [keyOf(assumption), assumption]));
  return new Map([...found].slice(0, ASSUMPTIONS));
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((all, one) => all + one, 0);
}

function summed<K>(maps: readonly ReadonlyMap<K, number>[]): Map<K, number> {
  const all = new Map<K, number>();
  for (const map of maps) for (const [key, value] of map) all.set(key, (all.get(key) ?? 0) + value);
  return all;
}

function inOrder(moments: readonly (Moment | undefined)[]): Moment[] {
  return moments.filter((one) => one !== undefined).sort((a, b) => a.frame - b.frame);
}

function ranked(counts: readonly Counts<RowLabel>[]): Ranked<RowLabel> {
  const rows = new Map<string, { readonly label: RowLabel; packets: number; flows: { size: number; readonly about: false } }>();
  for (const { key, label, packets, connections } of counts.flatMap(({ tallies }) => tallies).sort((a, b) => a.first - b.first)) {
    const known = rows.get(key);
    if (known) {
      known.packets += packets;
      known.flows.size += connections;
    } else rows.set(key, { label, packets, flows: { size: connections, about: false } });
  }
  const sorted = [...rows.values()].sort((a, b) => b.packets - a.packets);
  const packets = sum(counts.map((one) => one.packets));
  return { ranking: (most) => ({ top: sorted.slice(0, most), inAll: sorted.length, about: false, packets, slack: 0 }) };
}

/** A connection that a part would have told from a packet on, if nothing were told of it till then. */
interface Candidate {
  readonly part: number;
  readonly connection: Connection;
}

/** The connections that are told, each from the packet on at which there was room for one more of its kind. */
function connectionsOf(parts: readonly Part[], keep: number): ReadonlyMap<number, Connection> {
  const begins = parts.map((part) => part.begins);
  const found = new Map<number, Connection>();
  const left = { quiet: keep, troubled: keep };
  const candidates = parts.flatMap(({ quiet, troubled }, part) =>
    [...quiet, ...troubled].map((connection): Candidate => ({ part, connection })),
  );
  for (const { part, connection } of candidates.sort((a, b) => a.connection.first.frame.number - b.connection.first.frame.number)) {
    const kind = isTrouble(connection.first.way.verdict) ? "troubled" : "quiet";
    const flow = numberOf(begins[part]?.[connection.flow - 1] ?? 0, begins);
    if (left[kind] === 0 || found.has(flow)) continue;
    left[kind]--;
    found.set(flow, renumbered(connection, flow));
  }
  return found;
}

/** The number of the connection that begins with a frame: so many begin with it or before. */
function numberOf(frame: number, begins: readonly Float64Array[]): number {
  return sum(begins.map((own) => countUpTo(own, frame)));
}

function countUpTo(sorted: Float64Array, frame: number): number {
  let [low, high] = [0, sorted.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((sorted[middle] as number) <= frame) low = middle + 1;
    else high = middle;
  }
  return low;
}

function renumbered({ first, outcomes, packets }: Connection, flow: number): Connection {
  for (const trace of [first, ...[...outcomes.values()].map((outcome) => outcome.first)]) (trace as { flow: number }).flow = flow;
  return { flow, first, outcomes, packets };
}
