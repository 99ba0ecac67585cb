import type { Assumption, Host } from "../model/host.ts";
import type { Frame } from "../model/packet.ts";
import type { Verdict } from "../model/trace.ts";
import { type Collected, type Connection, isTrouble } from "./collected.ts";
import { type ConnectionText, type DetailOptions, explainConnection } from "./connection.ts";
import type { Ending, Endings } from "./flow-states.ts";
import { type Total, totalsOf } from "./totals.ts";
import { count, duration, list } from "./words.ts";

/** What was taken for granted; `more` counts others of the same kind that are not told. */
export interface AssumptionText {
  readonly text: string;
  readonly flag?: string;
  readonly more: number;
}

/** The whole explanation of a capture, in words. */
export interface Explanation {
  readonly headline: string;
  readonly notes: readonly string[];
  /** Packets by verdict, for captures of many connections. */
  readonly shares: readonly { readonly verdict: Verdict; readonly packets: number; readonly share: number }[];
  /** What was lost, what is open and what was translated, for captures of many connections. */
  readonly totals: readonly Total[];
  readonly connections: readonly ConnectionText[];
  /** Connections that are not among the ones above: with trouble, and by the ending of those that went as expected. */
  readonly hidden: { readonly trouble: number; readonly expected: readonly { readonly ending: Ending; readonly connections: number }[] };
  readonly assumptions: readonly AssumptionText[];
}

export interface SummaryOptions extends DetailOptions {
  readonly sort: "trouble" | "time";
  /** Explain every connection, however many there are. */
  readonly all: boolean;
  /** Rows of each table of totals, and connections below them; with it there are totals however few connections there are. */
  readonly top?: number;
  /** Whether filters were given, so that the counts are those of a part. */
  readonly filtered: boolean;
  /** False leaves the first sentence out, for a single packet. */
  readonly headline?: boolean;
}

/** Above this number of connections only the totals and the first few are explained. */
const MANY = 40;
/** Rows of each table of totals, and connections below them, when nothing else is asked for. */
export const TOP = 10;
/** Connections that are told as examples where none had trouble. */
const EXAMPLES = 3;
const ORDER: readonly Verdict[] = ["delivered", "forwarded", "dropped", "rejected", "queued", "unknown"];

/** Turns what was collected into the words that the reader gets. */
export function summarize(collection: Collected, host: Host, options: SummaryOptions): Explanation {
  const endings = collection.states.endings();
  const inAll = sum(endings.all);
  const top = options.top ?? TOP;
  const many = options.top !== undefined || (inAll > MANY && !options.all);
  const sorted = sortConnections([...collection.connections.values()], options.sort);
  const shown = many && !options.all ? firstFew(sorted, top, options.sort) : sorted;
  const tables = options.tables || inAll === 1;
  const stepsShown = new Map<string, number>();
  return {
    headline: options.headline === false ? "" : headlineOf(collection, inAll, endings.all, options.filtered),
    notes: notesOf(collection),
    shares: many ? sharesOf(collection) : [],
    totals: many ? totalsOf(collection, top) : [],
    connections: shown.map((connection) => explainConnection(connection, host, { ...options, tables }, stepsShown)),
    hidden: hiddenOf(endings, shown),
    assumptions: assumptionTexts([...collection.assumptions.values()], options.all || options.allSteps),
  };
}

function sharesOf({ verdicts, packets, observations }: Collected): Explanation["shares"] {
  const share = (n: number) => n / (packets - observations);
  return ORDER.flatMap((verdict) => {
    const n = verdicts.get(verdict) ?? 0;
    return n > 0 ? [{ verdict, packets: n, share: share(n) }] : [];
  });
}

/** Those with trouble; in the order of time, or when there is none, the first ones of all. */
function firstFew(sorted: readonly Connection[], top: number, sort: SummaryOptions["sort"]): readonly Connection[] {
  if (sort === "time") return sorted.slice(0, top);
  const bad = sorted.filter((connection) => troubleRank(connection) < AS_EXPECTED);
  return bad.length > 0 ? bad.slice(0, top) : sorted.slice(0, Math.min(EXAMPLES, top));
}

/** What is left of the counts when the connections that are shown are taken away. */
function hiddenOf({ all, expected }: Endings, shown: readonly Connection[]): Explanation["hidden"] {
  const good = shown.filter((connection) => troubleRank(connection) === AS_EXPECTED);
  const left = [...expected].map(([ending, n]) => ({ ending, connections: n - good.filter((c) => endingOf(c) === ending).length }));
  return {
    trouble: Math.max(0, sum(all) - sum(expected) - (shown.length - good.length)),
    expected: left
      .filter(({ connections }) => connections > 0)
      .sort((a, b) => b.connections - a.connections || placeOf(a.ending) - placeOf(b.ending)),
  };
}

function sum(endings: ReadonlyMap<Ending, number>): number {
  return [...endings.values()].reduce((a, b) => a + b, 0);
}

/** What a connection without trouble came to. */
function endingOf(connection: Connection): Ending {
  const verdicts = [...connection.outcomes.values()].map(({ first }) => first.way.verdict);
  return ORDER.find((verdict) => verdicts.includes(verdict)) ?? "unknown";
}

const AS_EXPECTED = 3;

/** The worse a connection fared, the smaller. */
function troubleRank(connection: Connection): number {
  const outcomes = [...connection.outcomes.values()];
  if (outcomes.some((o) => isTrouble(o.first.way.verdict) && o.first.way.verdict !== "unknown")) return 0;
  if (outcomes.some((o) => isTrouble(o.first.way.verdict))) return 1;
  return outcomes.some((o) => o.first.missing.length > 0) ? 2 : AS_EXPECTED;
}

function sortConnections(connections: readonly Connection[], sort: SummaryOptions["sort"]): readonly Connection[] {
  const rank = new Map(connections.map((connection) => [connection, sort === "trouble" ? troubleRank(connection) : 0]));
  return [...connections].sort((a, b) => (rank.get(a) ?? 0) - (rank.get(b) ?? 0) || inOrder(a.first.frame, b.first.frame));
}

/** Numbers of several captures say nothing about their order. */
function inOrder(a: Frame, b: Frame): number {
  return a.source === b.source ? a.number - b.number : Number(a.time - b.time);
}

const ENDINGS: readonly (readonly [Ending, string, string])[] = [
  ["delivered", "reached a socket", "reached a socket"],
  ["forwarded", "was passed on", "were passed on"],
  ["part", "lost some of its packets", "lost some of their packets"],
  ["dropped", "was dropped", "were dropped"],
  ["rejected", "was rejected", "were rejected"],
  ["queued", "is held back", "are held back"],
  ["unknown", "cannot be decided", "cannot be decided"],
];

/** Where an ending comes among all, where as many connections came to it as to another one. */
function placeOf(ending: Ending): number {
  return ENDINGS.findIndex(([one]) => one === ending);
}

function headlineOf(collection: Collected, inAll: number, counts: ReadonlyMap<Ending, number>, filtered: boolean): string {
  const which = filtered ? " that you asked for" : "";
  if (collection.packets === 0) return filtered ? "No packet is one of those that you asked for." : "The capture holds no IP packet.";
  const head = `${count(collection.packets, "packet")}, ${count(inAll, "connection")}${which}`;
  const parts = ENDINGS.flatMap(([group, one, more]) => {
    const n = counts.get(group);
    if (!n) return [];
    const who = inAll === 1 ? "it" : n === inAll ? "all" : n.toLocaleString("en-US");
    return [`${who} ${n === 1 ? one : more}`];
  });
  return `${head}: ${list(parts, "and")}.`;
}

function notesOf(collection: Collected): readonly string[] {
  const notes: string[] = [];
  if (collection.observations > 0) {
    const one = collection.observations === 1;
    notes.push(
      `${collection.observations.toLocaleString("en-US")} of them ${one ? "is an earlier one" : "are earlier ones"} seen again on the way.`,
    );
  }
  if (collection.leftAside > 0) {
    notes.push(
      `${count(collection.leftAside, "frame")} without IP (ARP and the like) ${collection.leftAside === 1 ? "was" : "were"} left aside.`,
    );
  }
  if (collection.packets > 1000 && collection.firstTime !== undefined && collection.lastTime !== undefined) {
    notes.push(`They span ${duration(collection.lastTime - collection.firstTime)}.`);
  }
  return notes;
}

const SAME_KIND = 2;

/** Assumptions in words, of each kind the first few only unless all are wanted. */
export function assumptionTexts(assumptions: readonly Assumption[], all: boolean): readonly AssumptionText[] {
  const kinds = new Map<string, Assumption[]>();
  for (const assumption of assumptions) {
    const kind = `${assumption.id} ${assumption.flag ?? ""}`;
    kinds.set(kind, [...(kinds.get(kind) ?? []), assumption]);
  }
  return [...kinds.values()].flatMap((same) => {
    const shown = all || same.length <= SAME_KIND + 1 ? same : same.slice(0, SAME_KIND);
    const left = same.length - shown.length;
    return shown.map(({ text, flag }, i) => ({ text, ...(flag !== undefined && { flag }), more: i === shown.length - 1 ? left : 0 }));
  });
}
