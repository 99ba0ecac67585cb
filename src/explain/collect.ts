import type { Assumption } from "../model/host.ts";
import type { PacketTrace, Verdict } from "../model/trace.ts";
import { Budget } from "./distinct.ts";
import { missingDevices } from "./evidence.ts";
import { FlowStates } from "./flow-states.ts";
import { type Grouping, groupOf, mappingsOf, openLabel, placeKey, type RowLabel, shortPlace } from "./groups.ts";
import { Tallies } from "./tallies.ts";

/** Packets of a connection to which the same happened. */
export interface Outcome {
  readonly first: PacketTrace;
  readonly reply: boolean;
  packets: number;
}

/** What is kept of a connection: its first packet, and one packet of each thing that happened to its packets. */
export interface Connection {
  readonly flow: number;
  readonly first: PacketTrace;
  readonly outcomes: Map<string, Outcome>;
  packets: number;
}

/** Rows of each table of totals that are kept at least. */
export const ROWS = 10_000;
/** Connections that the rows of totals tell apart exactly, all together. */
const EXACT = 500_000;
/** Assumptions that are kept word for word; captures of many hosts have one for each. */
const ASSUMPTIONS = 2000;

/** Whether packets with this verdict are what a reader came for. */
export function isTrouble(verdict: Verdict): boolean {
  return verdict === "dropped" || verdict === "rejected" || verdict === "unknown";
}

/**
 * Gathers traces by connection. Memory stays bounded however long the capture is and however many connections it has: beyond
 * `keep` connections only counts are kept, those with trouble having a quota of their own.
 */
export class Collection {
  readonly connections = new Map<number, Connection>();
  readonly verdicts = new Map<Verdict, number>();
  readonly states = new FlowStates();
  readonly grouping: Grouping;
  /** Packets that were dropped or rejected, by what they have in common. */
  readonly lost: Tallies<RowLabel>;
  /** Packets that cannot be decided, by what would decide them. */
  readonly undecided: Tallies<RowLabel>;
  readonly translated: Tallies<RowLabel>;
  readonly assumptions = new Map<string, Assumption>();
  packets = 0;
  observations = 0;
  leftAside = 0;
  firstTime: bigint | undefined;
  lastTime: bigint | undefined;
  #troubleKept = 0;
  #otherKept = 0;
  readonly #keep: number;

  constructor(keep: number, grouping: Grouping = "rule", rows = ROWS) {
    this.#keep = keep;
    this.grouping = grouping;
    const budget = new Budget(EXACT);
    this.lost = new Tallies(rows, budget);
    this.undecided = new Tallies(rows, budget);
    this.translated = new Tallies(rows, budget);
  }

  /** Counts a frame that carries no IP. */
  aside(): void {
    this.leftAside++;
  }

  /** Takes the next trace. */
  add(trace: PacketTrace): void {
    this.packets++;
    this.firstTime ??= trace.frame.time;
    this.lastTime = trace.frame.time;
    for (const assumption of trace.assumptions) this.#assume(assumption);
    if (trace.seenBefore !== undefined) {
      this.observations++;
      return;
    }
    const { verdict } = trace.way;
    this.verdicts.set(verdict, (this.verdicts.get(verdict) ?? 0) + 1);
    this.states.mark(trace.flow, verdict, missingDevices(trace).length > 0);
    this.#tally(trace);
    this.#remember(trace, outcomeKey(trace));
  }

  #assume(assumption: Assumption): void {
    const key = assumption.id + assumption.text;
    if (this.assumptions.size < ASSUMPTIONS || this.#keep === Number.POSITIVE_INFINITY) this.assumptions.set(key, assumption);
  }

  #tally(trace: PacketTrace): void {
    const { flow, way } = trace;
    if (way.verdict === "unknown") {
      this.undecided.add(way.undecided ?? "", flow, () => openLabel(way));
    } else if (isTrouble(way.verdict)) {
      const { key, label } = groupOf(trace, this.grouping);
      this.lost.add(key, flow, label, this.grouping === "rule" ? undefined : shortPlace(way.at));
    }
    for (const { key, label } of mappingsOf(way)) this.translated.add(key, flow, label);
  }

  #remember(trace: PacketTrace, key: string): void {
    let connection = this.connections.get(trace.flow);
    const trouble = isTrouble(trace.way.verdict);
    if (!connection) {
      if ((trouble ? this.#troubleKept : this.#otherKept) >= this.#keep) return;
      if (trouble) this.#troubleKept++;
      else this.#otherKept++;
      connection = { flow: trace.flow, first: trace, outcomes: new Map(), packets: 0 };
      this.connections.set(trace.flow, connection);
    }
    connection.packets++;
    const outcome = connection.outcomes.get(key);
    if (outcome) outcome.packets++;
    else connection.outcomes.set(key, { first: trace, reply: isReply(connection.first, trace), packets: 1 });
  }
}

/** Whether a packet goes against the direction of the connection's first packet. */
function isReply(first: PacketTrace, trace: PacketTrace): boolean {
  const directionOf = (t: PacketTrace) => t.way.steps.find((s) => s.kind === "conntrack" && s.direction !== undefined);
  const a = directionOf(first);
  const b = directionOf(trace);
  if (a?.kind === "conntrack" && b?.kind === "conntrack" && a.netns === b.netns) return a.direction !== b.direction;
  return trace.packet.dst === first.packet.src || trace.packet.src === first.packet.dst;
}

function outcomeKey(trace: PacketTrace): string {
  const { way } = trace;
  const related = way.steps.some((s) => s.kind === "conntrack" && s.state === "RELATED");
  return [placeKey(way), way.at.interface, way.nat.src?.to, way.nat.dst?.to, trace.packet.src, related].join("|");
}
