import type { Assumption, Host } from "../model/host.ts";
import type { Verdict } from "../model/trace.ts";
import { type Collection, type Connection, isTrouble, type Tally } from "./collect.ts";
import { type ConnectionText, type DetailOptions, explainConnection } from "./connection.ts";
import { missingDevices } from "./evidence.ts";
import { reasonWords } from "./reasons.ts";
import { briefRule } from "./rule-words.ts";
import { lastChainStep } from "./way.ts";
import { count, duration, list } from "./words.ts";

/** A place where packets were lost, with how many. */
export interface TroubleRow {
  readonly place: string;
  readonly line?: number;
  readonly text: string;
  readonly packets: number;
  readonly connections: number;
}

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
  readonly troubles: readonly TroubleRow[];
  readonly translations: readonly { readonly text: string; readonly packets: number }[];
  readonly translationsInAll: number;
  readonly connections: readonly ConnectionText[];
  readonly hidden: number;
  readonly assumptions: readonly AssumptionText[];
}

export interface SummaryOptions extends DetailOptions {
  readonly sort: "trouble" | "time";
  /** Explain every connection, however many there are. */
  readonly all: boolean;
  /** Whether filters were given, so that the counts are those of a part. */
  readonly filtered: boolean;
  /** False leaves the first sentence out, for a single packet. */
  readonly headline?: boolean;
}

/** Above this number of connections only the totals and the first few are explained. */
const MANY = 40;
const FIRST_FEW = 10;
const TOP = 5;

/** Turns what was collected into the words that the reader gets. */
export function summarize(collection: Collection, host: Host, options: SummaryOptions): Explanation {
  const counts = collection.connectionCounts();
  const inAll = [...counts.values()].reduce((a, b) => a + b, 0);
  const many = inAll > MANY && !options.all;
  const sorted = sortConnections([...collection.connections.values()], options.sort);
  const shown = many ? sorted.slice(0, FIRST_FEW) : sorted;
  const tables = options.tables || inAll === 1;
  const stepsShown = new Map<string, number>();
  const replayed = collection.packets - collection.observations;
  return {
    headline: options.headline === false ? "" : headlineOf(collection, inAll, counts, options.filtered),
    notes: notesOf(collection),
    shares: many ? [...collection.verdicts].map(([verdict, packets]) => ({ verdict, packets, share: packets / replayed })) : [],
    troubles: many ? troubleRows(collection) : [],
    translations: many ? topTranslations(collection) : [],
    translationsInAll: collection.translated.size,
    connections: shown.map((connection) => explainConnection(connection, host, { ...options, tables }, stepsShown)),
    hidden: inAll - shown.length,
    assumptions: assumptionTexts([...collection.assumptions.values()], options.all || options.allSteps),
  };
}

function sortConnections(connections: readonly Connection[], sort: SummaryOptions["sort"]): readonly Connection[] {
  const trouble = (c: Connection) => {
    const outcomes = [...c.outcomes.values()];
    if (outcomes.some((o) => isTrouble(o.first.way.verdict) && o.first.way.verdict !== "unknown")) return 0;
    if (outcomes.some((o) => isTrouble(o.first.way.verdict))) return 1;
    return outcomes.some((o) => missingDevices(o.first).length > 0) ? 2 : 3;
  };
  return [...connections].sort((a, b) => (sort === "trouble" ? trouble(a) - trouble(b) : 0) || a.first.frame.number - b.first.frame.number);
}

const ENDINGS: readonly (readonly [Verdict | "part", string, string])[] = [
  ["delivered", "reached a socket", "reached a socket"],
  ["forwarded", "was passed on", "were passed on"],
  ["part", "lost some of its packets", "lost some of their packets"],
  ["dropped", "was dropped", "were dropped"],
  ["rejected", "was rejected", "were rejected"],
  ["queued", "is held back", "are held back"],
  ["unknown", "cannot be decided", "cannot be decided"],
];

function headlineOf(collection: Collection, inAll: number, counts: ReadonlyMap<Verdict | "part", number>, filtered: boolean): string {
  const which = filtered ? " that the filters let through" : "";
  if (collection.packets === 0) return filtered ? "No packet passes the filters." : "The capture holds no IP packet.";
  const head = `${count(collection.packets, "packet")}, ${count(inAll, "connection")}${which}`;
  const parts = ENDINGS.flatMap(([group, one, more]) => {
    const n = counts.get(group);
    if (!n) return [];
    const who = inAll === 1 ? "it" : n === inAll ? "all" : n.toLocaleString("en-US");
    return [`${who} ${n === 1 ? one : more}`];
  });
  return `${head}: ${list(parts, "and")}.`;
}

function notesOf(collection: Collection): readonly string[] {
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

function troubleRows(collection: Collection): readonly TroubleRow[] {
  return [...collection.troubles.values()].sort((a, b) => b.packets - a.packets).map(troubleRow);
}

function troubleRow(tally: Tally): TroubleRow {
  const { way } = tally.first;
  const last = lastChainStep(way);
  const counts = { packets: tally.packets, connections: tally.flows.size };
  if (way.verdict === "unknown") return { ...counts, place: "undecided", text: way.undecided ?? "" };
  if (way.at.kind === "policy") return { ...counts, place: `${way.at.table} ${way.at.chain}`, text: "policy DROP" };
  if (way.at.kind === "rule" && last?.kind === "rule") {
    const { number, line } = last.rule;
    return { ...counts, place: `${last.table} ${last.chain} ${number}`, text: briefRule(last.rule), ...(line > 0 && { line }) };
  }
  return { ...counts, place: `netns ${way.at.netns}`, text: reasonWords(way.at, tally.first.packet) };
}

function topTranslations(collection: Collection): Explanation["translations"] {
  const sorted = [...collection.translated].sort((a, b) => b[1] - a[1]);
  return sorted.slice(0, TOP).map(([text, packets]) => ({ text, packets }));
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
