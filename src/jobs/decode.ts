import { lean, Shared } from "../engine/lean.ts";
import { OtherSteps } from "../engine/other-steps.ts";
import { Recalled, SeenAgain } from "../engine/recalled.ts";
import type { Host } from "../model/host.ts";
import type { Frame, Packet } from "../model/packet.ts";
import type { ConntrackStep, Observation, PacketTrace, RuleStep, Step, Way } from "../model/trace.ts";
import { type Batch, type Extra, type PackedStep, type PackedTrace, type PackedWay, RECORD, type Seat, type States } from "./batch.ts";
import { unpackPacket } from "./pack-packet.ts";
import { ruleAt } from "./step-numbers.ts";

/** Numbers of a record, beside its observations, and of each of those. */
const RECORD_SIZE = 6;
const OBSERVATION_SIZE = 3;
/** Packets of the capture in which one that was seen is seen again (see the observer), and more. */
const RECENT = 16_384;
const NONE: readonly never[] = [];

/** What of a trace is sent apart from it. */
export type Seen = Pick<PacketTrace, "frame" | "packet" | "observed" | "missing">;

/** Makes traces of the batches of one replay in another thread, with the frames that this thread has read itself. */
export class Decoder {
  readonly #host: Host;
  readonly #capture: string;
  readonly #places: Seat[] = [];
  readonly #states: States[] = [];
  #steps: Step[] = [];
  #data = new Float64Array();
  #extras: readonly Extra[] = [];
  #at = 0;
  /** Traces that others are like, by frame. */
  readonly #templates = new Map<number, PacketTrace>();
  readonly #shared = new Shared();
  readonly #others = new OtherSteps();
  #forgotten: number[] = [];
  /** Packets that were seen again, by frame: of late, and before that. */
  #recent = new Map<number, PacketTrace>();
  #earlier = new Map<number, PacketTrace>();
  #since = 0;

  /** `capture` is the capture's name. */
  constructor(host: Host, capture: string) {
    this.#host = host;
    this.#capture = capture;
  }

  /** Takes a batch, when all traces of the one before were made. */
  open(batch: Batch): void {
    if (batch.anew) this.#steps = [];
    this.#steps.push(...batch.steps.map((one) => this.#step(one)));
    this.#places.push(...batch.places);
    this.#states.push(...batch.states);
    this.#forgotten.push(...batch.forgotten);
    this.#data = batch.data;
    this.#extras = batch.extras;
    this.#at = 0;
  }

  /** Whether no trace of the batch is left. */
  get isEmpty(): boolean {
    return this.#at >= this.#data.length;
  }

  /** The next trace of the batch, which is that of a frame; `position` counts the packets of the capture. */
  next(frame: Frame, packet: Packet, position: number): PacketTrace {
    const [data, at] = [this.#data, this.#at];
    const number = data[at + 1];
    const [reference, extra] = [data[at + 2] as number, data[at + 3] as number];
    const [states, count] = [data[at + 4] as number, data[at + 5] as number];
    if (number !== frame.number) throw new Error(`a thread has found frame ${number} where frame ${frame.number} was due`);
    this.#forget(position);
    const observed = count === 0 ? NONE : this.#observed(at + RECORD_SIZE, count);
    this.#at += RECORD_SIZE + count * OBSERVATION_SIZE;
    const trace =
      data[at] === RECORD.seenAgain
        ? this.#seenAgain(frame, packet, reference, extra)
        : data[at] === RECORD.recalled
          ? this.#recalled(frame, packet, reference, this.#states[states - 1], observed, this.#extras[extra - 1]?.missing)
          : this.#full(frame, packet, this.#extras[extra - 1] as Extra, observed);
    if (count > 0) this.#recent.set(frame.number, trace);
    if (position - this.#since >= RECENT) {
      this.#earlier = this.#recent;
      this.#recent = new Map();
      this.#since = position;
    }
    return trace;
  }

  #observed(start: number, count: number): readonly Observation[] {
    const found: Observation[] = [];
    const data = this.#data;
    for (let at = start; at < start + count * OBSERVATION_SIZE; at += OBSERVATION_SIZE) {
      const { netns, interface: device } = this.#places[data[at + 1] as number] as Seat;
      const after = BigInt(data[at + 2] as number);
      const [capture, packet] = [this.#capture, data[at] as number];
      found.push(device === undefined ? { capture, packet, netns, after } : { capture, packet, netns, interface: device, after });
    }
    return found;
  }

  #seenAgain(frame: Frame, packet: Packet, before: number, place: number): PacketTrace {
    const earlier = this.#recent.get(before) ?? this.#earlier.get(before);
    if (!earlier) throw new Error(`frame ${before}, which frame ${frame.number} shows again, was not kept`);
    return new SeenAgain(earlier, frame, packet, this.#places[place] as Seat);
  }

  #recalled(
    frame: Frame,
    packet: Packet,
    reference: number,
    states: States | undefined,
    observed: readonly Observation[],
    missing: readonly string[] | undefined,
  ): PacketTrace {
    const like = this.#templates.get(reference);
    if (!like) throw new Error(`frame ${reference}, which frame ${frame.number} is like, was not kept`);
    let others: PacketTrace["otherSteps"];
    for (const [at, protocolState] of states ?? []) others = this.#others.with(others, like.way.steps[at] as ConntrackStep, protocolState);
    const trace = new Recalled(like, like.interface as string, frame, packet, others);
    trace.observed = observed;
    if (missing) trace.missing = missing;
    return trace;
  }

  /** A trace that was packed as a whole, of a batch that is open. */
  whole({ way, alternatives, remembered: _remembered, ...rest }: PackedTrace, seen: Seen): PacketTrace {
    const { packet } = seen;
    return { ...rest, ...seen, way: this.#way(way, packet), alternatives: alternatives.map((one) => this.#way(one, packet)) };
  }

  #full(frame: Frame, packet: Packet, { full, missing = NONE }: Extra, observed: readonly Observation[]): PacketTrace {
    const packed = full as PackedTrace;
    const trace = this.whole(packed, { frame, packet, observed, missing });
    if (packed.remembered) this.#templates.set(frame.number, lean(trace, [], this.#shared).trace);
    return trace;
  }

  /** Lets go of what nothing from here on is like. */
  #forget(position: number): void {
    let done = 0;
    for (; done < this.#forgotten.length; done += 2) {
      const [at = 0, number = 0] = [this.#forgotten[done], this.#forgotten[done + 1]];
      if (at >= position) break;
      this.#templates.delete(number);
    }
    if (done > 0) this.#forgotten = this.#forgotten.slice(done);
  }

  #way({ steps, out, replies, copies, allSteps, ...rest }: PackedWay, own: Packet): Way {
    return {
      ...rest,
      steps: this.#unpacked(steps),
      out: out.map((one) => ({ ...one, packet: unpackPacket(one.packet, own) })),
      replies: replies.map((reply) => ({ ...reply, packet: unpackPacket(reply.packet, own), way: this.#way(reply.way, own) })),
      ...(copies && { copies: copies.map((copy) => this.#way(copy, own)) }),
      ...(allSteps && { allSteps: this.#unpacked(allSteps) }),
    };
  }

  #unpacked(steps: readonly (number | PackedStep)[]): Step[] {
    return steps.map((step) => (typeof step === "number" ? (this.#steps[step] as Step) : this.#step(step)));
  }

  #step({ step, rule }: PackedStep): Step {
    return (rule === undefined ? step : { ...step, rule: ruleAt(this.#host, step as RuleStep, rule) }) as Step;
  }
}
