import type { Frame, Packet, Source } from "../model/packet.ts";
import type { Observation, PacketTrace } from "../model/trace.ts";
import type { Entry } from "./entry.ts";
import type { Sighting } from "./run.ts";
import { SameMoment } from "./same-moment.ts";
import { fingerprint } from "./same-packet.ts";

/** How long a packet may take from one device to the next, in nanoseconds of the capture's clock. */
const WINDOW = 1_000_000_000n;

interface Waiting {
  readonly trace: Mutable;
  readonly sightings: Sighting[];
  /** Given away already, since nothing came for a while; kept to be recognised. */
  given?: boolean;
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

/** Holds what captures show further on against what the replay predicted: the same packet on other devices, in other namespaces, in another capture. */
export class Observer {
  readonly #own: Source;
  /** Namespaces that captures were taken in. */
  readonly #watched: ReadonlySet<string>;
  readonly #moment: SameMoment | undefined;
  readonly #seen = new Map<string, Waiting[]>();
  readonly #order: Waiting[] = [];
  /** Devices that a capture has shown at least one frame of, with namespace and direction. */
  readonly #covered = new Set<string>();

  /** `own` is where frames were captured that name no source of their own; `sources` are those of several captures. */
  constructor(own: Source, sources: readonly Source[] = []) {
    this.#own = own;
    this.#watched = new Set(sources.length > 0 ? sources.map(({ netns }) => netns) : [own.netns]);
    this.#moment = sources.length > 1 ? new SameMoment() : undefined;
  }

  /** Whether a packet that set out in one namespace can be seen in another one. */
  sees(from: string, netns: string): boolean {
    return from === netns || (this.#watched.size > 1 && this.#watched.has(netns));
  }

  /** The earlier packet that this frame is another sighting of, if there is one; the observation is noted there. */
  recognise(frame: Frame, entry: Entry, packet: Packet): Mutable | undefined {
    const device = entry.device?.name ?? entry.name;
    const netns = entry.netns.name;
    if (device === undefined || !this.#watched.has(netns)) return undefined;
    this.#covered.add(`${netns}|${device}|${entry.direction}`);
    const trace = this.#shownElsewhere(frame, netns, device, entry.direction, packet) ?? this.#awaited(frame, netns, device, entry, packet);
    if (!trace) return undefined;
    const { capture } = frame.source ?? this.#own;
    const observation: Observation = { capture, packet: frame.number, netns, interface: device, after: frame.time - trace.frame.time };
    trace.observed = [...trace.observed, observation];
    return trace;
  }

  /** The packet that another capture shows at the same place. */
  #shownElsewhere({ time, source }: Frame, netns: string, device: string, direction: string, packet: Packet): Mutable | undefined {
    if (!this.#moment || !source) return undefined;
    return this.#moment.recognise(keyOf(netns, device, direction, packet), time, source.capture);
  }

  /** The packet that the replay predicted to come to this place. */
  #awaited(frame: Frame, netns: string, device: string, { direction }: Entry, packet: Packet): Mutable | undefined {
    const inTime = (one: Waiting) => frame.time - one.trace.frame.time <= WINDOW;
    const key = keysOf(netns, device, direction, packet).find((one) => this.#seen.get(one)?.some(inTime));
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
    this.#note(frame, netns, device, direction, packet, waiting.trace);
    return waiting.trace;
  }

  #note(frame: Frame, netns: string, device: string, direction: string, packet: Packet, trace: Mutable): void {
    if (this.#moment && frame.source) this.#moment.note(keyOf(netns, device, direction, packet), trace, frame.time, frame.source.capture);
  }

  /** Whether an earlier packet is still to be seen looking just like this. */
  awaits({ netns, interface: device, direction }: Sighting, packet: Packet): boolean {
    return keysOf(netns, device, direction, packet).some((key) => this.#seen.has(key));
  }

  /** From now on looks out for a replayed packet. */
  expect(trace: Mutable, sightings: readonly Sighting[]): void {
    const waiting: Waiting = { trace, sightings: sightings.filter((s) => this.#watched.has(s.netns)) };
    const { frame, netns, interface: device, direction, packet } = trace;
    if (device !== undefined && trace.seenBefore === undefined) this.#note(frame, netns, device, direction, packet, trace);
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
      if (!first.given) done.push(this.#finished(first));
    }
  }

  /** All traces, which are not waited for any longer; what is seen of them later is still recognised. */
  give(): Mutable[] {
    const given = this.#order.filter((one) => !one.given);
    for (const one of given) one.given = true;
    return given.map((one) => this.#finished(one));
  }

  #finished({ trace, sightings }: Waiting): Mutable {
    const missing = sightings
      .filter((s) => s.direction === "out" && this.#covered.has(`${s.netns}|${s.interface}|out`))
      .map((s) => (s.netns === trace.netns ? s.interface : `${s.netns}:${s.interface}`));
    if (trace.certainty === "certain" && missing.length > 0) trace.missing = [...new Set(missing)];
    return trace;
  }
}
