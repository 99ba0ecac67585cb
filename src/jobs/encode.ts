import type { Keeper } from "../engine/flow-memory.ts";
import { Recalled, SeenAgain } from "../engine/recalled.ts";
import type { Host } from "../model/host.ts";
import type { Packet } from "../model/packet.ts";
import type { PacketTrace, Reply, Step, Way } from "../model/trace.ts";
import { type Batch, type Extra, type PackedReply, type PackedTrace, type PackedWay, RECORD, type Seat, type States } from "./batch.ts";
import { detached, packPacket } from "./pack-packet.ts";
import { StepNumbers } from "./step-numbers.ts";

/** Packs the traces of one replay for another thread, which has read the same host and capture. */
export class Encoder implements Keeper {
  readonly #steps: StepNumbers;
  readonly #places: Seat[] = [];
  /** Frames whose packets others will be like. */
  readonly #remembered = new WeakSet<PacketTrace>();
  /** How many packets came before the one at hand. */
  position: () => number = () => 0;
  #data: number[] = [];
  #extras: Extra[] = [];
  #fresh: Seat[] = [];
  readonly #states = new Map<string, number>();
  #freshStates: States[] = [];
  #forgotten: number[] = [];

  constructor(host: Host) {
    this.#steps = new StepNumbers(host);
  }

  learned(trace: PacketTrace): void {
    this.#remembered.add(trace);
  }

  forgot(like: PacketTrace): void {
    this.#forgotten.push(this.position(), like.frame.number);
  }

  /** Takes the next traces. */
  add(traces: readonly PacketTrace[]): void {
    for (const trace of traces) {
      if (trace instanceof SeenAgain) this.#seenAgain(trace);
      else if (trace instanceof Recalled) this.#recalled(trace);
      else this.#full(trace);
    }
  }

  /** All that was taken since the last time. */
  batch(upTo: number): Batch {
    const batch = {
      upTo,
      data: Float64Array.from(this.#data),
      extras: this.#extras,
      places: this.#fresh,
      states: this.#freshStates,
      forgotten: this.#forgotten,
      ...this.#steps.fresh(),
    };
    this.#data = [];
    this.#extras = [];
    this.#fresh = [];
    this.#freshStates = [];
    this.#forgotten = [];
    return batch;
  }

  #seenAgain(trace: SeenAgain): void {
    this.#data.push(
      RECORD.seenAgain,
      trace.frame.number,
      trace.seenBefore,
      this.#placeOf(trace.netns, trace.interface, trace.direction),
      0,
      0,
    );
  }

  #recalled({ frame, like, otherSteps, missing, observed }: Recalled): void {
    const states = otherSteps && like.way.steps.flatMap((step, at) => statesOf(otherSteps.get(step), at));
    this.#data.push(RECORD.recalled, frame.number, like.frame.number);
    this.#extra(missing.length > 0 ? { missing } : undefined);
    this.#data.push(states && states.length > 0 ? this.#statesOf(states) : 0);
    this.#observed(observed);
  }

  #full(trace: PacketTrace): void {
    const { frame, missing, observed } = trace;
    this.#data.push(RECORD.full, frame.number, 0);
    this.#extra({ ...(missing.length > 0 && { missing }), full: this.whole(trace) });
    this.#data.push(0);
    this.#observed(observed);
  }

  /** A trace of its own, whose steps may be numbers that the next batch explains. */
  whole(trace: PacketTrace): PackedTrace {
    const { packet, netns, direction, flow, certainty, capture, decided, assumptions } = trace;
    return {
      ...{ netns, direction, flow, certainty, capture },
      ...(trace.interface !== undefined && { interface: trace.interface }),
      decided: detached(decided) as typeof decided,
      assumptions: detached(assumptions) as typeof assumptions,
      way: this.#way(trace.way, packet),
      alternatives: trace.alternatives.map((way) => this.#way(way, packet)),
      remembered: this.#remembered.has(trace),
    };
  }

  #extra(extra: Extra | undefined): void {
    this.#data.push(extra ? this.#extras.push(extra) : 0);
  }

  #observed(observed: PacketTrace["observed"]): void {
    this.#data.push(observed.length);
    for (const one of observed) this.#data.push(one.packet, this.#placeOf(one.netns, one.interface, "out"), Number(one.after));
  }

  #way(way: Way, own: Packet): PackedWay {
    const { steps, out, replies, copies, allSteps, ...rest } = way;
    return {
      ...(detached(rest) as typeof rest),
      steps: this.#steps.pack(steps),
      out: out.map((one) => ({ ...one, packet: packPacket(one.packet, own) })),
      replies: replies.map((reply) => this.#reply(reply, own)),
      ...(copies && { copies: copies.map((copy) => this.#way(copy, own)) }),
      ...(allSteps && { allSteps: this.#steps.pack(allSteps) }),
    };
  }

  #reply(reply: Reply, own: Packet): PackedReply {
    return { ...reply, packet: packPacket(reply.packet, own), way: this.#way(reply.way, own) };
  }

  /** Counts from 1; there are few of them. */
  #statesOf(states: States): number {
    const key = states.join();
    let number = this.#states.get(key);
    if (number === undefined) {
      number = this.#states.size + 1;
      this.#states.set(key, number);
      this.#freshStates.push(states);
    }
    return number;
  }

  #placeOf(netns: string, device: string | undefined, direction: Seat["direction"]): number {
    for (let number = 0; number < this.#places.length; number++) {
      const one = this.#places[number];
      if (one?.interface === device && one?.direction === direction && one.netns === netns) return number;
    }
    const fresh = { netns, direction, ...(device !== undefined && { interface: device }) };
    this.#fresh.push(fresh);
    return this.#places.push(fresh) - 1;
  }
}

/** The state of the protocol that a step of connection tracking has instead. */
function statesOf(step: Step | undefined, at: number): readonly (readonly [number, string])[] {
  return step?.kind === "conntrack" && step.protocolState !== undefined ? [[at, step.protocolState]] : [];
}
