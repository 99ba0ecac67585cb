import type { PacketTrace, Step } from "../../model/trace.ts";
import { octetsOf, type Pieces } from "./pieces.ts";
import type { SplitSteps, WayTexts } from "./way-texts.ts";

/** What stands before and between TTL and length of an appearance, and by how many hops it is away from the packet as it set out. */
interface Out {
  readonly before: Uint8Array;
  readonly between: Uint8Array;
  readonly hops: number;
}

/** The ways of packets that went like one, as JSON in pieces, most of which they share. */
export class LikeText {
  readonly #steps: readonly Step[];
  readonly #ways: WayTexts;
  readonly #before: Uint8Array;
  readonly #split: SplitSteps;
  readonly #out: readonly Out[];
  readonly #after: Uint8Array;
  /** What the last packet had in the place of some steps, and the text of its first ones. */
  #others: PacketTrace["otherSteps"];
  #first: Uint8Array;

  constructor({ way, packet }: PacketTrace, ways: WayTexts) {
    const { before, between, after } = ways.frame(way);
    this.#steps = way.steps;
    this.#ways = ways;
    this.#before = ways.octets(before);
    this.#split = ways.split(way.steps);
    this.#first = this.#split.begin;
    this.#others = undefined;
    let rest = between;
    this.#out = way.out.map((one, i) => {
      const frame = ways.appearanceFrame(one);
      const begin = octetsOf(`${rest}${i === 0 ? "" : ","}${frame.before}`);
      rest = frame.after;
      return { before: begin, between: ways.octets(frame.between), hops: packet.ttl - one.packet.ttl };
    });
    this.#after = ways.octets(rest + after);
  }

  /** Puts the fields of the way of a packet that went like this one, without the braces around them. */
  put({ packet, otherSteps }: PacketTrace, to: Pieces): void {
    to.put(this.#before);
    to.put(this.#begin(otherSteps));
    to.put(this.#split.rest);
    for (const { before, between, hops } of this.#out) {
      to.put(before);
      to.number(packet.ttl - hops);
      to.put(between);
      to.number(packet.length);
    }
    to.put(this.#after);
  }

  /** The first steps, with others in the place of some. */
  #begin(others: PacketTrace["otherSteps"]): Uint8Array {
    if (others === this.#others) return this.#first;
    const { first, begin } = this.#split;
    const text = first.map((known, i) => {
      const other = others?.get(this.#steps[i] as Step);
      return other ? this.#ways.step(other) : known;
    });
    this.#others = others;
    this.#first = others ? this.#ways.octets(text.join(",")) : begin;
    return this.#first;
  }
}
