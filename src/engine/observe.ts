import type { Frame, Packet, Source } from "../model/packet.ts";
import type { PacketTrace } from "../model/trace.ts";
import { Buckets } from "./buckets.ts";
import type { Entry } from "./entry.ts";
import { FirstIn } from "./first-in.ts";
import type { Listener } from "./listener.ts";
import type { Sighting } from "./run.ts";
import { SameMoment } from "./same-moment.ts";
import { contentHash, looksLike } from "./same-packet.ts";
import { type OpenTrace, Sought, Waiting } from "./waiting.ts";

/** How long a packet may take from one device to the next, in nanoseconds of the capture's clock. */
const WINDOW = 1_000_000_000n;
/** No trace waits longer than so many packets of the capture for being seen again. */
const MOST = 10_000;

/** By how much a frame is later; one capture may keep fewer digits than the other. */
function later(frame: Frame, first: bigint): bigint {
  const after = frame.time - first;
  return after > 0n || !frame.source ? after : 0n;
}

/** Holds what captures show further on against what the replay predicted: the same packet on other devices, in other namespaces, in another capture. */
export class Observer {
  readonly #own: Source;
  /** Namespaces that captures were taken in. */
  readonly #watched: ReadonlySet<string>;
  readonly #moment: SameMoment | undefined;
  readonly #seen = new Buckets<Sought>();
  readonly #order = new FirstIn<Waiting>();
  /** Devices that a capture has shown a frame of that goes out, by namespace. */
  readonly #covered = new Map<string, Set<string>>();
  readonly #listener: Listener | undefined;
  /** What is done with, for the packets to come. */
  readonly #doneWith: Waiting[] = [];
  readonly #places: Sought[] = [];

  /** `own` is where frames were captured that name no source of their own; `sources` are those of several captures, of which nobody listens. */
  constructor(own: Source, sources: readonly Source[] = [], listener?: Listener) {
    this.#own = own;
    this.#listener = listener;
    this.#watched = new Set(sources.length > 0 ? sources.map(({ netns }) => netns) : [own.netns]);
    this.#moment = sources.length > 1 ? new SameMoment() : undefined;
  }

  /** Whether a packet that set out in one namespace can be seen in another one. */
  sees(from: string, netns: string): boolean {
    return from === netns || (this.#watched.size > 1 && this.#watched.has(netns));
  }

  /** The earlier packet that this frame is another sighting of, if there is one; the observation is noted there. */
  recognise(frame: Frame, entry: Entry, packet: Packet): Waiting | undefined {
    const { name: device } = entry;
    const netns = entry.netns.name;
    if (device === undefined || !this.#watched.has(netns)) return undefined;
    if (entry.direction === "out") this.cover(netns, device);
    const seen = this.#shownElsewhere(frame, netns, device, entry.direction, packet) ?? this.#awaited(frame, netns, device, entry, packet);
    if (!seen) return undefined;
    const { capture } = frame.source ?? this.#own;
    seen.note({ capture, packet: frame.number, netns, interface: device, after: later(frame, seen.time) });
    return seen;
  }

  /** A capture has shown a frame that goes out on a device. */
  cover(netns: string, device: string): void {
    const devices = this.#covered.get(netns);
    if (devices) devices.add(device);
    else this.#covered.set(netns, new Set([device]));
  }

  /** The packet that another capture shows at the same place. */
  #shownElsewhere({ time, source }: Frame, netns: string, device: string, direction: string, packet: Packet): Waiting | undefined {
    if (!this.#moment || !source) return undefined;
    return this.#moment.recognise({ netns, device, direction, packet }, time, source.capture);
  }

  /** The packet that the replay predicted to come to this place. */
  #awaited(frame: Frame, netns: string, device: string, { direction }: Entry, packet: Packet): Waiting | undefined {
    const found = this.#find(netns, device, direction, packet, frame.time);
    if (!found) return undefined;
    const { of } = found;
    of.found(found);
    this.#drop(found);
    this.#note(frame, netns, device, direction, packet, of);
    return of;
  }

  #note(frame: Frame, netns: string, device: string, direction: string, packet: Packet, of: Waiting): void {
    if (this.#moment && frame.source) this.#moment.note({ netns, device, direction, packet }, of, frame.time, frame.source.capture);
  }

  /** Whether an earlier packet is still to be seen looking just like this. */
  awaits({ netns, interface: device, direction }: Sighting, packet: Packet): boolean {
    return this.#find(netns, device, direction, packet) !== undefined;
  }

  /** From now on looks out for a replayed packet. */
  expect(trace: OpenTrace, position: number, sightings: readonly Sighting[]): void {
    this.#expect(trace, position, sightings, undefined);
  }

  /** The same of a packet that goes as `first` did, of which these are the sightings. Says whether its trace is kept. */
  expectLike(trace: OpenTrace, position: number, sightings: readonly Sighting[], first: Packet): boolean {
    return this.#expect(trace, position, sightings, first);
  }

  #expect(trace: OpenTrace, position: number, sightings: readonly Sighting[], first: Packet | undefined): boolean {
    const listener = this.#listener;
    const isKept = listener ? listener.followed(trace) : true;
    let of: Waiting | undefined;
    for (const sighting of sightings) {
      if (!this.#watched.has(sighting.netns)) continue;
      const { packet: headers } = sighting;
      of ??= this.#wait(position, trace, isKept);
      const one = this.#places.pop() ?? new Sought(of);
      one.seek(sighting, first ? trace.packet.ttl - (first.ttl - headers.ttl) : headers.ttl, first ? trace.packet : headers);
      of.seek(one);
      this.#seen.add(one);
    }
    // Whoever listens has it already.
    if (!of && listener && !this.#moment) return isKept;
    of ??= this.#wait(position, trace, isKept);
    const { frame, netns, interface: device, direction, packet } = trace;
    if (device !== undefined && trace.seenBefore === undefined) this.#note(frame, netns, device, direction, packet, of);
    this.#order.push(of);
    return isKept;
  }

  #wait(position: number, trace: OpenTrace, isKept: boolean): Waiting {
    const of = this.#doneWith.pop() ?? new Waiting();
    of.fill(position, trace, isKept);
    return of;
  }

  /** Nothing is to be seen there any more. */
  #drop(one: Sought): void {
    this.#seen.remove(one);
    this.#places.push(one);
  }

  /**
   * Adds to some traces those that nothing can be added to any more when a packet comes at a time and place in the capture, in order; all
   * of them without one.
   */
  release(done: PacketTrace[], now?: bigint, position = 0): void {
    for (;;) {
      const { first } = this.#order;
      if (!first) return;
      // Another capture may still show what this one has shown.
      const complete = !first.sought && !this.#moment;
      if (!complete && now !== undefined && now - first.time <= WINDOW && position - first.position < MOST) return;
      this.#order.shift();
      this.#finish(first);
      if (!this.#listener && !first.given && first.trace) done.push(first.trace);
      for (let one = first.sought; one; one = first.sought) {
        first.found(one);
        this.#drop(one);
      }
      // What one capture has shown is kept in mind for the others.
      if (this.#moment) continue;
      first.trace = undefined;
      this.#doneWith.push(first);
    }
  }

  /** All traces, which are not waited for any longer; what is seen of them later is still recognised. */
  give(): PacketTrace[] {
    const given: PacketTrace[] = [];
    for (const one of this.#order.all) {
      if (one.given) continue;
      this.#finish(one);
      one.given = true;
      if (!this.#listener && one.trace) given.push(one.trace);
    }
    return given;
  }

  /** Says where a packet was not seen. */
  #finish({ sought, isCertain, netns, left, flow, trace, given }: Waiting): void {
    if (given || !isCertain) return;
    const missing: string[] = [];
    for (let one = sought; one; one = one.sibling) {
      if (one.maybe || one.direction !== "out" || !this.#covered.get(one.netns)?.has(one.interface)) continue;
      const place = one.netns === netns ? one.interface : `${one.netns}:${one.interface}`;
      // Where it was captured leaving does not count.
      if (place !== left && !missing.includes(place)) missing.push(place);
    }
    if (missing.length === 0) return;
    if (trace) trace.missing = missing;
    this.#listener?.missed(flow);
  }

  /** Among what is awaited the first that looks like a packet that was seen; the kernel may have drawn the identification of a fragment. */
  #find(netns: string, device: string, direction: string, packet: Packet, time?: bigint): Sought | undefined {
    const found = this.#search(netns, device, direction, packet, false, time);
    return found ?? (packet.family === 6 && packet.fragment ? this.#search(netns, device, direction, packet, true, time) : undefined);
  }

  #search(netns: string, device: string, direction: string, packet: Packet, drawn: boolean, time: bigint | undefined): Sought | undefined {
    const hash = contentHash(packet);
    for (let one = this.#seen.first(hash); one; one = one.next) {
      if (one.hash !== hash || one.interface !== device || one.direction !== direction || one.netns !== netns) continue;
      if (looksLike(one, packet, drawn) && (time === undefined || time - one.of.time <= WINDOW)) return one;
    }
    return undefined;
  }
}
