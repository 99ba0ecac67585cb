import type { PacketTrace, Step, Way } from "../../model/trace.ts";
import type { WayFrame, WayTexts } from "./way-texts.ts";

/** What packets that went like an earlier one have in common with it, as JSON. */
export class LikeText {
  readonly head: string;
  readonly #like: PacketTrace;
  readonly #ways: WayTexts;
  readonly #frame: WayFrame;
  readonly #steps: readonly string[];
  readonly #whole: string;

  /** `head`: the fields that say what `like` is and how it fared. */
  constructor(like: PacketTrace, head: string, ways: WayTexts) {
    this.head = head;
    this.#like = like;
    this.#ways = ways;
    this.#frame = ways.frame(like.way);
    this.#steps = ways.steps(like.way.steps);
    this.#whole = [this.#frame.before, this.#steps.join(","), this.#frame.between].join("");
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
  way(way: Way): string | undefined {
    const { way: like } = this.#like;
    const { at, undecided, nat, replies, steps, allSteps } = way;
    if (at !== like.at || undecided !== like.undecided || nat !== like.nat || replies !== like.replies || allSteps || like.allSteps)
      return undefined;
    const { before, between, after } = this.#frame;
    const begin = steps === like.steps ? this.#whole : before + this.#otherSteps(steps, like.steps) + between;
    return begin + this.#ways.out(way) + after;
  }

  #otherSteps(steps: readonly Step[], known: readonly Step[]): string {
    let text = "";
    for (const [i, step] of steps.entries()) {
      const one = step === known[i] ? this.#steps[i] : this.#ways.step(step);
      text += i === 0 ? one : `,${one}`;
    }
    return text;
  }
}

type Transport = PacketTrace["packet"]["transport"];

function samePorts(one: Transport, other: Transport): boolean {
  return !!one && !!other && "sport" in one && "sport" in other && one.sport === other.sport && one.dport === other.dport;
}
