import type { Frame, Packet } from "../model/packet.ts";
import type { Observation, PacketTrace } from "../model/trace.ts";
import type { Entry } from "./entry.ts";
import type { Sighting } from "./run.ts";
import { fingerprint } from "./same-packet.ts";

/** How long a packet may take from one device to the next, in nanoseconds of the capture's clock. */
const WINDOW = 1_000_000_000n;

interface Waiting {
  readonly trace: Mutable;
  readonly sightings: Sighting[];
}

/** A trace whose observations are still coming in. */
export type Mutable = { -readonly [K in keyof PacketTrace]: PacketTrace[K] };

function keyOf(netns: string, device: string, direction: string, packet: Packet): string {
  return `${netns}|${device}|${direction}|${fingerprint(packet)}`;
}

/** The keys under which a packet that was seen may be awaited: the kernel may have drawn the identification of a fragment. */
function keysOf(netns: string, device: string, direction: string, packet: Packet): readonly string[] {
  const key = keyOf(netns, device, direction, packet);
  return packet.family === 6 && packet.fragment ? [key, keyOf(netns, device, direction, { ...packet, drawnId: true })] : [key];
}

/** Holds what a capture shows further on against what the replay predicted: the same packet on other devices. */
export class Observer {
  readonly #netns: string;
  readonly #capture: string;
  readonly #seen = new Map<string, Waiting[]>();
  readonly #order: Waiting[] = [];
  /** Devices that the capture has shown at least one frame of, with direction. */
  readonly #covered = new Set<string>();

  constructor(netns: string, capture: string) {
    this.#netns = netns;
    this.#capture = capture;
  }

  /** The earlier packet that this frame is another sighting of, if there is one; the observation is noted there. */
  recognise(frame: Frame, entry: Entry, packet: Packet): Mutable | undefined {
    const device = entry.device?.name ?? entry.name;
    if (device === undefined || entry.netns.name !== this.#netns) return undefined;
    this.#covered.add(`${device}|${entry.direction}`);
    const inTime = (one: Waiting) => frame.time - one.trace.frame.time <= WINDOW;
    const key = keysOf(this.#netns, device, entry.direction, packet).find((one) => this.#seen.get(one)?.some(inTime));
    const waiting = key === undefined ? undefined : this.#seen.get(key)?.find(inTime);
    if (key === undefined || !waiting) return undefined;
    const index = waiting.sightings.findIndex((s) => keyOf(s.netns, s.interface, s.direction, s.packet) === key);
    if (index < 0) return undefined;
    waiting.sightings.splice(index, 1);
    const list = this.#seen.get(key);
    if (list) {
      list.splice(list.indexOf(waiting), 1);
      if (list.length === 0) this.#seen.delete(key);
    }
    const observation: Observation = {
      capture: this.#capture,
      packet: frame.number,
      netns: this.#netns,
      interface: device,
      after: frame.time - waiting.trace.frame.time,
    };
    waiting.trace.observed = [...waiting.trace.observed, observation];
    return waiting.trace;
  }

  /** Whether an earlier packet is still to be seen looking just like this. */
  awaits(device: string, direction: string, packet: Packet): boolean {
    return keysOf(this.#netns, device, direction, packet).some((key) => this.#seen.has(key));
  }

  /** From now on looks out for a replayed packet. */
  expect(trace: Mutable, sightings: readonly Sighting[]): void {
    const waiting: Waiting = { trace, sightings: sightings.filter((s) => s.netns === this.#netns) };
    for (const sighting of waiting.sightings) {
      const key = keyOf(sighting.netns, sighting.interface, sighting.direction, sighting.packet);
      const list = this.#seen.get(key);
      if (list) list.push(waiting);
      else this.#seen.set(key, [waiting]);
    }
    this.#order.push(waiting);
  }

  /** The traces that nothing can be added to any more at a time, in order; all of them without a time. */
  release(now?: bigint): Mutable[] {
    const done: Mutable[] = [];
    for (;;) {
      const first = this.#order[0];
      if (!first || (now !== undefined && now - first.trace.frame.time <= WINDOW && this.#order.length < 10_000)) return done;
      this.#order.shift();
      for (const sighting of first.sightings) {
        const key = keyOf(sighting.netns, sighting.interface, sighting.direction, sighting.packet);
        const list = this.#seen.get(key);
        if (list?.includes(first)) list.splice(list.indexOf(first), 1);
        if (list?.length === 0) this.#seen.delete(key);
      }
      const missing = first.sightings
        .filter((s) => s.direction === "out" && this.#covered.has(`${s.interface}|out`))
        .map((s) => s.interface);
      if (first.trace.certainty === "certain" && missing.length > 0) first.trace.missing = [...new Set(missing)];
      done.push(first.trace);
    }
  }
}
