import type { Appearance, Reply, Step, Way } from "../../model/trace.ts";
import { flat, jsonText, list, type Piece, type Spelling } from "./fields.ts";
import { StepTexts } from "./step-texts.ts";
import { APPEARANCE, ENDS, LINK, NAT, PLACE, REPLY, REPLY_END, SIZE } from "./trace-fields.ts";

/** The fields of a way without the braces around them, in three pieces; packets have `body` in common that went the same way. */
export interface WayText {
  readonly begin: Piece;
  readonly body: Piece;
  readonly rest: string;
}

/** The parts of a way's JSON between which its steps and its appearances stand. */
export interface WayFrame {
  readonly before: string;
  readonly between: string;
  readonly after: string;
}

/** The parts of an appearance's JSON between which TTL, TOS and length stand. */
export interface AppearanceFrame {
  readonly before: string;
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
  text(way: Way): Record<keyof WayText, string> {
    const { before, between, after } = this.frame(way);
    const out = way.out.map((one) => this.appearance(one)).join(",");
    return { begin: before, body: `${this.steps(way.allSteps ?? way.steps).join(",")}${between}`, rest: `${out}${after}` };
  }

  /** The fields of a way without the braces around them. */
  fields(way: Way): string {
    const { begin, body, rest } = this.text(way);
    return `${begin}${body}${rest}`;
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

  /** Where a packet appeared; what is not known of that yet is written. */
  appearance(one: Appearance, known?: AppearanceFrame): string {
    const { before, after } = known ?? this.appearanceFrame(one);
    return `${before}${SIZE.text(one.packet, this.#spelling)}${after}`;
  }

  /** What stands around TTL, TOS and length of an appearance. */
  appearanceFrame(one: Appearance): AppearanceFrame {
    const spelling = this.#spelling;
    const after = list("", LINK.text(one, spelling));
    return { before: flat(`{${APPEARANCE.text(one, spelling)},${ENDS.text(one.packet, spelling)},`), after: `${after}}` };
  }

  #reply(reply: Reply): string {
    const spelling = this.#spelling;
    const { packet } = reply;
    return `{${list(REPLY.text(reply, spelling), ENDS.text(packet, spelling), SIZE.text(packet, spelling), REPLY_END.text(reply, spelling), this.fields(reply.way))}}`;
  }
}
