import type { Mutable } from "../model/mutable.ts";
import type { Observation, PacketTrace } from "../model/trace.ts";
import { added } from "./added.ts";
import type { Bucketed } from "./buckets.ts";
import type { Sighting } from "./run.ts";
import { Look } from "./same-packet.ts";

/** A trace whose observations are still coming in. */
export type OpenTrace = Mutable<PacketTrace>;

/** A packet of which more may be seen. Objects of it are used again, since there is one for nearly each packet and they live for thousands of packets. */
export class Waiting {
  /** Counts the packets of the capture. */
  position = 0;
  time = 0n;
  netns = "";
  /** The device that it was captured leaving. */
  left: string | undefined = undefined;
  flow = 0;
  /** Where it is still to be seen: the first place, which leads to the others. */
  sought: Sought | undefined = undefined;
  /** Whether it tells something where it was not seen. */
  isCertain = false;
  /** Its trace, unless that was given away and nobody keeps it. */
  trace: OpenTrace | undefined = undefined;
  /** Its trace was given away already, since nothing came for a while; it is kept to be recognised. */
  given = false;

  /** Makes it that of a packet's trace. */
  fill(position: number, trace: OpenTrace, isKept: boolean): void {
    this.position = position;
    this.time = trace.frame.time;
    this.netns = trace.netns;
    this.left = trace.direction === "out" ? trace.interface : undefined;
    this.flow = trace.flow;
    this.sought = undefined;
    this.isCertain = trace.certainty === "certain";
    this.trace = isKept ? trace : undefined;
    this.given = false;
  }

  /** The packet was seen. */
  note(observation: Observation): void {
    const { trace } = this;
    if (trace) trace.observed = added(trace.observed as Observation[], observation);
  }

  /** One more place where it is to be seen. */
  seek(one: Sought): void {
    one.of = this;
    let last = this.sought;
    if (!last) {
      this.sought = one;
      return;
    }
    while (last.sibling) last = last.sibling;
    last.sibling = one;
  }

  /** It was seen there. */
  found(one: Sought): void {
    if (this.sought === one) this.sought = one.sibling;
    for (let other = this.sought; other; other = other.sibling) if (other.sibling === one) other.sibling = one.sibling;
    one.sibling = undefined;
  }
}

/** A place where a packet is still to be seen, and how it will look there; used again like `Waiting`. */
export class Sought extends Look implements Bucketed<Sought> {
  netns = "";
  interface = "";
  direction = "";
  maybe = false;
  of: Waiting;
  /** In its bucket. */
  next: Sought | undefined = undefined;
  /** Of the same packet. */
  sibling: Sought | undefined = undefined;

  constructor(of: Waiting) {
    super();
    this.of = of;
  }

  get hash(): number {
    return this.mark.hash;
  }

  /** Makes it that of a packet which is itself, but for what a sighting says of addresses, ports and the device; `ttl` is what it has left there. */
  seek({ netns, interface: device, direction, packet, maybe }: Sighting, ttl: number, content: Sighting["packet"]): void {
    this.look(packet, ttl, content);
    this.netns = netns;
    this.interface = device;
    this.direction = direction;
    this.maybe = maybe === true;
  }
}
