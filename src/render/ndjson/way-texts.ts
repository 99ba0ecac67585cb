import type { Appearance, Reply, Step, Way } from "../../model/trace.ts";
import { jsonText, list, type Spelling } from "./fields.ts";
import { flat, octetsOf, type Piece } from "./pieces.ts";
import { Recent } from "./recent.ts";
import { StepTexts } from "./step-texts.ts";
import { APPEARANCE, ENDS, LINK, NAT, PLACE, REPLY, REPLY_END, SIZE } from "./trace-fields.ts";

/** The parts of a way's JSON between which its steps and its appearances stand. */
export interface WayFrame {
  readonly before: string;
  readonly between: string;
  readonly after: string;
}

/** The parts of an appearance's JSON between which TTL and length stand. */
export interface AppearanceFrame {
  readonly before: string;
  readonly between: string;
  readonly after: string;
}

/** The steps of a way in two parts. */
export interface SplitSteps {
  /** Each of those up to the last one of connection tracking, which can say something else of each packet. */
  readonly first: readonly string[];
  /** All of these. */
  readonly begin: Uint8Array;
  /** The others, and what stands before them. */
  readonly rest: Uint8Array;
}

/** So many texts of parts of ways are kept. */
const KEPT = 1024;
const NEXT = octetsOf(",");

/** Writes ways as JSON. */
export class WayTexts {
  readonly #spelling: Spelling;
  readonly #steps: StepTexts;
  /** Of ways that many packets went: those of many connections have one list. */
  readonly #split = new Recent<readonly Step[], SplitSteps>(KEPT);
  readonly #octets = new Recent<string, Uint8Array>(KEPT);

  constructor(spelling: Spelling) {
    this.#spelling = spelling;
    this.#steps = new StepTexts(spelling);
  }

  /** The fields of a way without the braces around them, in pieces. */
  pieces(way: Way): readonly Piece[] {
    const { before, between, after } = this.frame(way);
    const pieces: Piece[] = [before];
    for (const step of way.allSteps ?? way.steps) {
      if (pieces.length > 1) pieces.push(NEXT);
      pieces.push(this.#steps.piece(step));
    }
    pieces.push(`${between}${this.#out(way)}${after}`);
    return pieces;
  }

  /** The same as text. */
  fields(way: Way): string {
    const { before, between, after } = this.frame(way);
    return `${before}${this.steps(way.allSteps ?? way.steps).join(",")}${between}${this.#out(way)}${after}`;
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

  /** What ways have in common that others will go as well. */
  octets(text: string): Uint8Array {
    const known = this.#octets.get(text);
    if (known) return known;
    const octets = octetsOf(text);
    this.#octets.set(text, octets);
    return octets;
  }

  /** The steps of a way that others will go as well. */
  split(steps: readonly Step[]): SplitSteps {
    const known = this.#split.get(steps);
    if (known) return known;
    const texts = this.steps(steps);
    const place = steps.findLastIndex((step) => step.kind === "conntrack") + 1;
    const first = texts.slice(0, place).map(flat);
    const rest = texts.slice(place).join(",");
    const split = { first, begin: octetsOf(first.join(",")), rest: octetsOf(first.length > 0 && rest !== "" ? `,${rest}` : rest) };
    this.#split.set(steps, split);
    return split;
  }

  /** One step. */
  step(step: Step): string {
    return this.#steps.text(step);
  }

  #out({ out }: Way): string {
    return out.map((one) => this.#appearance(one)).join(",");
  }

  #appearance(one: Appearance): string {
    const { before, between, after } = this.appearanceFrame(one);
    return `${before}${one.packet.ttl}${between}${one.packet.length}${after}`;
  }

  /** What stands around TTL and length of an appearance. */
  appearanceFrame(one: Appearance): AppearanceFrame {
    const spelling = this.#spelling;
    const [before, between = "", after] = SIZE.around(one.packet, spelling, "ttl", "length");
    return {
      before: `{${APPEARANCE.text(one, spelling)},${ENDS.text(one.packet, spelling)},${before}`,
      between,
      after: `${after}${list("", LINK.text(one, spelling))}}`,
    };
  }

  #reply(reply: Reply): string {
    const spelling = this.#spelling;
    const { packet } = reply;
    return `{${list(REPLY.text(reply, spelling), ENDS.text(packet, spelling), SIZE.text(packet, spelling), REPLY_END.text(reply, spelling), this.fields(reply.way))}}`;
  }
}
