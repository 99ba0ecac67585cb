import type { Assumption } from "../model/host.ts";
import type { Appearance, Decision, PacketTrace, Reply, Step, Way } from "../model/trace.ts";

/** What became of a packet: followed, gone as an earlier one of its connection did, or an earlier one seen again. */
export const RECORD = { full: 0, recalled: 1, seenAgain: 2 } as const;

/** What one replay has found since its last batch, in a form that goes from thread to thread. */
export interface Batch {
  /** How many packets of the capture it has looked at, others' included. */
  readonly upTo: number;
  /**
   * For each packet six numbers: the kind of record, its frame, the frame that it is like or was seen in before, its place among the extras
   * (from 1, or 0) or where it was seen, its states (from 1, or 0), and how many observations follow. Each of those has three: frame, place,
   * nanoseconds.
   */
  readonly data: Float64Array<ArrayBuffer>;
  readonly extras: readonly Extra[];
  /** Steps and places that are named by number from now on. */
  readonly steps: readonly PackedStep[];
  readonly places: readonly Seat[];
  /** States of protocols that are named by number from now on. */
  readonly states: readonly States[];
  /** The numbers of steps begin again. */
  readonly anew: boolean;
  /** In pairs: after so many packets of the capture, none will be like that of this frame. */
  readonly forgotten: readonly number[];
}

/** Where a packet was seen again. */
export interface Seat {
  readonly netns: string;
  readonly interface?: string;
  readonly direction: "in" | "out";
}

/** Steps of a way by their place, and the state of the protocol that they have instead. */
export type States = readonly (readonly [at: number, state: string])[];

/** A step whose rule is named by its number in the chain, below 0 where the rules are those of IPv6. */
export interface PackedStep {
  readonly step: Omit<Step, "rule">;
  readonly rule?: number;
}

/** How a packet differs from the one that was captured: changed values by name, and the names that it lacks; 0 for not at all. */
export type PackedPacket = 0 | { readonly changed: Readonly<Record<string, unknown>>; readonly lacks?: readonly string[] };

/** A way whose steps are numbers or, where they are this packet's alone, steps. */
export interface PackedWay extends Omit<Way, "steps" | "out" | "replies" | "copies" | "allSteps"> {
  readonly steps: readonly (number | PackedStep)[];
  readonly out: readonly (Omit<Appearance, "packet"> & { readonly packet: PackedPacket })[];
  readonly replies: readonly PackedReply[];
  readonly copies?: readonly PackedWay[];
  readonly allSteps?: readonly (number | PackedStep)[];
}

/** An answer, packed. */
export interface PackedReply extends Omit<Reply, "packet" | "way"> {
  readonly packet: PackedPacket;
  readonly way: PackedWay;
}

/** What a packet has that few have, or that only a packet has that was followed. */
export interface Extra {
  readonly missing?: readonly string[];
  readonly full?: PackedTrace;
}

/** A trace without what the receiver has. */
export interface PackedTrace extends Pick<PacketTrace, "netns" | "interface" | "direction" | "flow" | "certainty"> {
  readonly capture: string;
  readonly way: PackedWay;
  readonly alternatives: readonly PackedWay[];
  readonly decided: readonly Decision[];
  readonly assumptions: readonly Assumption[];
  /** Others will be like it. */
  readonly remembered: boolean;
}
