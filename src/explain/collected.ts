import type { Assumption } from "../model/host.ts";
import type { PacketTrace, Verdict } from "../model/trace.ts";
import type { Endings } from "./flow-states.ts";
import type { Grouping, RowLabel } from "./groups.ts";
import type { Ranked } from "./tallies.ts";

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

/** All that an explanation is made of. */
export interface Collected {
  readonly connections: ReadonlyMap<number, Connection>;
  readonly verdicts: ReadonlyMap<Verdict, number>;
  readonly states: { endings(): Endings };
  readonly grouping: Grouping;
  /** Packets that were dropped or rejected, by what they have in common. */
  readonly lost: Ranked<RowLabel>;
  /** Packets that cannot be decided, by what would decide them. */
  readonly undecided: Ranked<RowLabel>;
  readonly translated: Ranked<RowLabel>;
  readonly assumptions: ReadonlyMap<string, Assumption>;
  readonly packets: number;
  readonly observations: number;
  readonly leftAside: number;
  readonly firstTime: bigint | undefined;
  readonly lastTime: bigint | undefined;
}

/** Whether packets with this verdict are what a reader came for. */
export function isTrouble(verdict: Verdict): boolean {
  return verdict === "dropped" || verdict === "rejected" || verdict === "unknown";
}
