import type { Appearance, Step, Way } from "../../model/trace.ts";
import { Ends } from "./ends.ts";
import { flat, octetsOf } from "./fields.ts";
import type { AppearanceFrame, WayFrame, WayText, WayTexts } from "./way-texts.ts";

/** The way of a packet that others went like, as JSON in pieces, most of which these share. */
export class LikeText {
  readonly #like: Way;
  readonly #ways: WayTexts;
  readonly #frame: WayFrame;
  /** The steps up to the last one of connection tracking, which can say something else of each packet. */
  readonly #first: readonly string[];
  readonly #begin: Uint8Array;
  readonly #body: Uint8Array;
  readonly #out: readonly { readonly ends: Ends; readonly frame: AppearanceFrame }[];

  constructor(like: Way, ways: WayTexts) {
    this.#like = like;
    this.#ways = ways;
    this.#frame = ways.frame(like);
    const steps = ways.steps(like.steps);
    const split = like.steps.findLastIndex((step) => step.kind === "conntrack") + 1;
    this.#first = steps.slice(0, split).map(flat);
    this.#begin = octetsOf(this.#frame.before + this.#first.join(","));
    this.#body = octetsOf((split > 0 && split < steps.length ? "," : "") + steps.slice(split).join(",") + this.#frame.between);
    this.#out = like.out.map((one) => ({ ends: new Ends(one.packet), frame: ways.appearanceFrame(one) }));
  }

  /** The way of another packet; undefined when it has less in common with this one. */
  way(way: Way): WayText | undefined {
    const like = this.#like;
    if (way.at !== like.at || way.nat !== like.nat || way.replies !== like.replies || way.undecided !== like.undecided) return undefined;
    if (way.allSteps || like.allSteps) return undefined;
    const begin = way.steps === like.steps ? this.#begin : this.#beginWith(way.steps);
    return begin === undefined ? undefined : { begin, body: this.#body, rest: this.#outText(way.out) + this.#frame.after };
  }

  /** The beginning with other steps in the place of some; undefined when later ones are others, too. */
  #beginWith(steps: readonly Step[]): string | undefined {
    const known = this.#like.steps;
    const split = this.#first.length;
    if (steps.length !== known.length) return undefined;
    for (let i = split; i < steps.length; i++) if (steps[i] !== known[i]) return undefined;
    let text = this.#frame.before;
    for (let i = 0; i < split; i++) {
      const step = steps[i] as Step;
      text += `${i === 0 ? "" : ","}${step === known[i] ? this.#first[i] : this.#ways.step(step)}`;
    }
    return text;
  }

  #outText(out: readonly Appearance[]): string {
    let text = "";
    for (let i = 0; i < out.length; i++) {
      const one = out[i] as Appearance;
      const [place, known] = [this.#like.out[i], this.#out[i]];
      const frame = place && isSamePlace(one, place) && known?.ends.are(one.packet) ? known.frame : undefined;
      text += `${i === 0 ? "" : ","}${this.#ways.appearance(one, frame)}`;
    }
    return text;
  }
}

function isSamePlace(one: Appearance, other: Appearance): boolean {
  return one.netns === other.netns && one.interface === other.interface && one.dstMac === other.dstMac;
}
