import type { PacketTrace, Step, Way } from "../../model/trace.ts";
import type { WayFrame, WayText, WayTexts } from "./way-texts.ts";

const UTF8 = new TextEncoder();
/** States of a connection that its steps can tell of; more are not kept. */
const MOST = 16;

/** What packets that went like an earlier one have in common with it, as JSON. */
export class LikeText {
  readonly head: string;
  readonly #like: PacketTrace;
  readonly #ways: WayTexts;
  readonly #frame: WayFrame;
  readonly #steps: readonly string[];
  readonly #whole: Uint8Array;
  /** The same with other steps, by the text of those. */
  readonly #others = new Map<string, Uint8Array>();

  /** `head`: the fields that say what `like` is and how it fared. */
  constructor(like: PacketTrace, head: string, ways: WayTexts) {
    this.head = head;
    this.#like = like;
    this.#ways = ways;
    this.#frame = ways.frame(like.way);
    this.#steps = ways.steps(like.way.steps);
    this.#whole = this.#begin(this.#steps);
  }

  /** Whether a packet's head is the same. */
  isHeadOf(trace: PacketTrace): boolean {
    const like = this.#like;
    const [one, other] = [trace.packet, like.packet];
    return (
      trace.flow === like.flow &&
      trace.netns === like.netns &&
      trace.interface === like.interface &&
      trace.direction === like.direction &&
      trace.certainty === like.certainty &&
      trace.way.verdict === like.way.verdict &&
      one.protocol === other.protocol &&
      one.src === other.src &&
      one.dst === other.dst &&
      samePorts(one.transport, other.transport)
    );
  }

  /** The fields of a way; undefined when it has less in common than its appearances and single steps. */
  way(way: Way): WayText | undefined {
    const { way: like } = this.#like;
    const { at, undecided, nat, replies, steps, allSteps } = way;
    if (at !== like.at || undecided !== like.undecided || nat !== like.nat || replies !== like.replies || allSteps || like.allSteps)
      return undefined;
    const begin = steps === like.steps ? this.#whole : this.#with(steps, like.steps);
    return { begin, rest: this.#ways.out(way) + this.#frame.after };
  }

  /** The beginning with other steps in the place of some. */
  #with(steps: readonly Step[], known: readonly Step[]): Uint8Array {
    if (steps.length !== known.length) return this.#begin(this.#ways.steps(steps));
    let key = "";
    for (let i = 0; i < steps.length; i++) if (steps[i] !== known[i]) key += `${i}${this.#ways.step(steps[i] as Step)}`;
    const made = this.#others.get(key);
    if (made) return made;
    const begin = this.#begin(this.#steps.map((text, i) => (steps[i] === known[i] ? text : this.#ways.step(steps[i] as Step))));
    if (this.#others.size < MOST) this.#others.set(key, begin);
    return begin;
  }

  #begin(steps: readonly string[]): Uint8Array {
    return UTF8.encode(this.#frame.before + steps.join(",") + this.#frame.between);
  }
}

type Transport = PacketTrace["packet"]["transport"];

function samePorts(one: Transport, other: Transport): boolean {
  return !!one && !!other && "sport" in one && "sport" in other && one.sport === other.sport && one.dport === other.dport;
}
