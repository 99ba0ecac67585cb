import type { Listener } from "../engine/listener.ts";
import type { Assumption } from "../model/host.ts";
import type { Frame } from "../model/packet.ts";
import type { PacketTrace, Verdict } from "../model/trace.ts";
import { type Collected, type Connection, isTrouble } from "./collected.ts";
import { Budget } from "./distinct.ts";
import { FlowStates } from "./flow-states.ts";
import { type Grouping, groupOf, mappingsOf, openLabel, placeKey, type RowLabel, shortPlace } from "./groups.ts";
import { Tallies } from "./tallies.ts";

/** What a packet counts for, which is the same for all that went like it. */
export interface Marks {
  readonly verdict: Verdict;
  readonly undecided: Row | undefined;
  readonly lost: Row | undefined;
  /** What befell it, where rows are not about that. */
  readonly most: string | undefined;
  readonly mappings: readonly Row[];
  /** Once it was asked for: what happened, in short. */
  outcome: string | undefined;
}

interface Row {
  readonly key: string;
  label(): RowLabel;
}

/** Rows of each table of totals that are kept at least. */
export const ROWS = 10_000;
/** Connections that the rows of totals tell apart exactly, all together. */
export const EXACT = 500_000;
/** Assumptions that are kept word for word; captures of many hosts have one for each. */
export const ASSUMPTIONS = 2000;

/**
 * Gathers traces by connection. Memory stays bounded however long the capture is and however many connections it has: beyond
 * `keep` connections only counts are kept, those with trouble having a quota of their own.
 */
export class Collection implements Collected, Listener {
  readonly connections = new Map<number, Connection>();
  readonly verdicts = new Map<Verdict, number>();
  readonly states = new FlowStates();
  readonly grouping: Grouping;
  readonly lost: Tallies<RowLabel>;
  readonly undecided: Tallies<RowLabel>;
  readonly translated: Tallies<RowLabel>;
  readonly assumptions = new Map<string, Assumption>();
  packets = 0;
  observations = 0;
  leftAside = 0;
  firstTime: bigint | undefined;
  lastTime: bigint | undefined;
  /** What counts of packets that others went like. */
  readonly #likes = new WeakMap<PacketTrace, Marks>();
  #assumed: Assumption | undefined;
  #troubleKept = 0;
  #otherKept = 0;
  readonly #keep: number;

  constructor(keep: number, grouping: Grouping = "rule", rows = ROWS, budget = new Budget(EXACT)) {
    this.#keep = keep;
    this.grouping = grouping;
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
    if (trace.seenBefore === undefined) this.followed(trace);
    else this.again(trace.frame);
  }

  again({ time }: Frame): void {
    this.#count(time);
    this.observations++;
  }

  followed(trace: PacketTrace): boolean {
    const { number, time } = trace.frame;
    this.#count(time);
    const marks = trace.like ? this.#likeness(trace.like, number) : this.#marks(trace, number);
    const { verdict } = marks;
    this.verdicts.set(verdict, (this.verdicts.get(verdict) ?? 0) + 1);
    this.states.mark(trace.flow, verdict);
    if (trace.missing.length > 0) this.states.miss(trace.flow);
    this.#tally(trace.flow, number, marks);
    return this.remember(trace, marks);
  }

  missed(flow: number): void {
    this.states.miss(flow);
  }

  #count(time: bigint): void {
    this.packets++;
    this.firstTime ??= time;
    this.lastTime = time;
  }

  #likeness(like: PacketTrace, frame: number): Marks {
    const known = this.#likes.get(like);
    if (known) return known;
    const marks = this.#marks(like, frame);
    this.#likes.set(like, marks);
    return marks;
  }

  #marks(trace: PacketTrace, frame: number): Marks {
    const { way } = trace;
    const { verdict } = way;
    for (const assumption of trace.assumptions) {
      // Mostly it is the very same for one packet after the other.
      if (assumption !== this.#assumed) this.assume(assumption, frame);
      this.#assumed = assumption;
    }
    const undecided = verdict === "unknown" ? { key: way.undecided ?? "", label: () => openLabel(way) } : undefined;
    const lost = verdict !== "unknown" && isTrouble(verdict) ? groupOf(trace, this.grouping) : undefined;
    const most = lost && this.grouping !== "rule" ? shortPlace(way.at) : undefined;
    return { verdict, undecided, lost, most, mappings: mappingsOf(way), outcome: undefined };
  }

  /** Takes note of what was taken for granted of the packet of a frame. */
  protected assume(assumption: Assumption, _frame: number): void {
    const key = keyOf(assumption);
    if (this.assumptions.size < ASSUMPTIONS || this.#keep === Number.POSITIVE_INFINITY) this.assumptions.set(key, assumption);
  }

  #tally(flow: number, frame: number, { undecided, lost, most, mappings }: Marks): void {
    if (undecided) this.undecided.add(undecided.key, flow, frame, undecided.label);
    if (lost) this.lost.add(lost.key, flow, frame, lost.label, most);
    for (const { key, label } of mappings) this.translated.add(key, flow, frame, label);
  }

  /** Keeps what is to be told of a packet's connection, and says whether there is anything. */
  protected remember(trace: PacketTrace, marks: Marks): boolean {
    let connection = this.connections.get(trace.flow);
    const trouble = isTrouble(marks.verdict);
    if (!connection) {
      if ((trouble ? this.#troubleKept : this.#otherKept) >= this.#keep) return false;
      if (trouble) this.#troubleKept++;
      else this.#otherKept++;
      connection = begun(trace);
      this.connections.set(trace.flow, connection);
    }
    return addTo(connection, trace, outcomeOf(trace, marks));
  }
}

/** What happened to a packet, in short: the same for all that count like it. */
export function outcomeOf(trace: PacketTrace, marks: Marks): string {
  marks.outcome ??= outcomeKey(trace.like ?? trace);
  return marks.outcome;
}

/** By what an assumption is known. */
export function keyOf({ id, text }: Assumption): string {
  return id + text;
}

/** A connection whose first packet is to be added. */
export function begun(trace: PacketTrace): Connection {
  return { flow: trace.flow, first: trace, outcomes: new Map(), packets: 0 };
}

/** Adds a packet to its connection; `key` says what happened to it. Says whether it is the first to which that did, whose trace is kept. */
export function addTo(connection: Connection, trace: PacketTrace, key: string): boolean {
  connection.packets++;
  const outcome = connection.outcomes.get(key);
  if (outcome) outcome.packets++;
  else connection.outcomes.set(key, { first: trace, reply: isReply(connection.first, trace), packets: 1 });
  return outcome === undefined;
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
