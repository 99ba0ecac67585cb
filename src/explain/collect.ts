import type { Assumption } from "../model/host.ts";
import type { PacketTrace, Verdict } from "../model/trace.ts";
import { translations } from "./way.ts";

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

/** Packets and connections that ended at the same place. */
export interface Tally {
  readonly first: PacketTrace;
  packets: number;
  readonly flows: Set<number>;
}

const VERDICTS: readonly Verdict[] = ["delivered", "forwarded", "dropped", "rejected", "queued", "unknown"];
const BAD = (1 << VERDICTS.indexOf("dropped")) | (1 << VERDICTS.indexOf("rejected"));

/** Whether packets with this verdict are what a reader came for. */
export function isTrouble(verdict: Verdict): boolean {
  return verdict === "dropped" || verdict === "rejected" || verdict === "unknown";
}

/**
 * Gathers traces by connection. Memory stays bounded however long the capture is: beyond `keep` connections only
 * counts are kept, those with trouble having a quota of their own.
 */
export class Collection {
  readonly connections = new Map<number, Connection>();
  readonly verdicts = new Map<Verdict, number>();
  readonly troubles = new Map<string, Tally>();
  readonly translated = new Map<string, number>();
  readonly assumptions = new Map<string, Assumption>();
  packets = 0;
  observations = 0;
  leftAside = 0;
  firstTime: bigint | undefined;
  lastTime: bigint | undefined;
  #seen = new Uint8Array(1024);
  #troubleKept = 0;
  #otherKept = 0;
  readonly #keep: number;

  constructor(keep: number) {
    this.#keep = keep;
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
    for (const assumption of trace.assumptions) this.assumptions.set(assumption.id + assumption.text, assumption);
    if (trace.seenBefore !== undefined) {
      this.observations++;
      return;
    }
    const { verdict } = trace.way;
    this.verdicts.set(verdict, (this.verdicts.get(verdict) ?? 0) + 1);
    this.#mark(trace.flow, verdict);
    const outcome = outcomeKey(trace);
    if (isTrouble(verdict)) this.#tally(placeKey(trace), trace);
    for (const words of translations(trace.way)) this.translated.set(words, (this.translated.get(words) ?? 0) + 1);
    this.#remember(trace, outcome);
  }

  #tally(key: string, trace: PacketTrace): void {
    const tally = this.troubles.get(key) ?? { first: trace, packets: 0, flows: new Set<number>() };
    tally.packets++;
    tally.flows.add(trace.flow);
    this.troubles.set(key, tally);
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

  #mark(flow: number, verdict: Verdict): void {
    if (flow >= this.#seen.length) {
      const larger = new Uint8Array(Math.max(flow + 1, this.#seen.length * 2));
      larger.set(this.#seen);
      this.#seen = larger;
    }
    this.#seen[flow] = (this.#seen[flow] ?? 0) | (1 << VERDICTS.indexOf(verdict));
  }

  /** Number of connections by the worst thing that happened in each; "part" for those that lost only some packets. */
  connectionCounts(): ReadonlyMap<Verdict | "part", number> {
    const counts = new Map<Verdict | "part", number>();
    const rank: readonly Verdict[] = ["dropped", "rejected", "unknown", "delivered", "forwarded", "queued"];
    for (const mask of this.#seen) {
      if (mask === 0) continue;
      const lostSome = (mask & BAD) !== 0 && (mask & ~BAD & 0b11) !== 0;
      const worst = rank.find((v) => mask & (1 << VERDICTS.indexOf(v))) ?? "unknown";
      const group = lostSome ? "part" : worst;
      counts.set(group, (counts.get(group) ?? 0) + 1);
    }
    return counts;
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

function placeKey(trace: PacketTrace): string {
  const { at, verdict } = trace.way;
  return [verdict, at.netns, at.table, at.chain, at.kind, at.rule, at.reason].join("|");
}

function outcomeKey(trace: PacketTrace): string {
  const { way } = trace;
  const related = way.steps.some((s) => s.kind === "conntrack" && s.state === "RELATED");
  return [placeKey(trace), way.at.interface, way.nat.src?.to, way.nat.dst?.to, trace.packet.src, related].join("|");
}
