import type { Appearance, Reply, Step, Way } from "../../model/trace.ts";
import { jsonText, list, type Spelling } from "./fields.ts";
import { StepTexts } from "./step-texts.ts";
import { APPEARANCE, LINK, NAT, PACKET, PLACE, REPLY, REPLY_END } from "./trace-fields.ts";

/** Text, or octets that are UTF-8. */
export type Piece = string | Uint8Array;

/** The fields of a way without the braces around them: as far as its appearances, and the rest. */
export interface WayText {
  readonly begin: Piece;
  readonly rest: string;
}

/** The parts of a way's JSON between which its steps and its appearances stand. */
export interface WayFrame {
  readonly before: string;
  readonly between: string;
  readonly after: string;
}

/** Writes ways as JSON. */
export class WayTexts {
  readonly #spelling: Spelling;
  readonly #steps: StepTexts;

  constructor(spelling: Spelling) {
    this.#spelling = spelling;
    this.#steps = new StepTexts(spelling);
  }

  /** A way as it goes into a line. */
  text(way: Way): WayText {
    const { before, between, after } = this.frame(way);
    return { begin: before + this.steps(way.allSteps ?? way.steps).join(",") + between, rest: this.out(way) + after };
  }

  /** The fields of a way without the braces around them. */
  fields(way: Way): string {
    const { before, between, after } = this.frame(way);
    return before + this.steps(way.allSteps ?? way.steps).join(",") + between + this.out(way) + after;
  }

  /** What stands around the steps and the appearances of a way. */
  frame({ at, undecided, nat, replies }: Way): WayFrame {
    const open = undecided === undefined ? "" : `,"undecided":${jsonText(undecided)}`;
    return {
      before: `"at":{${PLACE.text(at, this.#spelling)}}${open},"steps":[`,
      between: `],"nat":{${NAT.text(nat, this.#spelling)}},"out":[`,
      after: `],"replies":[${replies.map((reply) => this.#reply(reply)).join(",")}]`,
    };
  }

  /** The steps, each by itself. */
  steps(steps: readonly Step[]): string[] {
    return steps.map((step) => this.step(step));
  }

  /** One step. */
  step(step: Step): string {
    return this.#steps.text(step);
  }

  /** The appearances, with commas between. */
  out({ out }: Way): string {
    const [first] = out;
    if (first && out.length === 1) return this.#appearance(first);
    return out.map((one) => this.#appearance(one)).join(",");
  }

  #appearance(one: Appearance): string {
    const spelling = this.#spelling;
    return `{${list(APPEARANCE.text(one, spelling), PACKET.text(one.packet, spelling), LINK.text(one, spelling))}}`;
  }

  #reply(reply: Reply): string {
    const spelling = this.#spelling;
    const packet = PACKET.text(reply.packet, spelling);
    return `{${list(REPLY.text(reply, spelling), packet, REPLY_END.text(reply, spelling), this.fields(reply.way))}}`;
  }
}
