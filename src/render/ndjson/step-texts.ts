import type { Rule } from "../../model/rule.ts";
import type { RuleStep, Step } from "../../model/trace.ts";
import { list, ownFields, type Spelling } from "./fields.ts";
import { flat, octetsOf, type Piece } from "./pieces.ts";
import { DONE, END, IN_CHAIN, RULE, WHERE } from "./trace-fields.ts";

/** What is the same whenever a rule matches, but for chains that are called from several hooks. */
interface RuleText extends Pick<RuleStep, "netns" | "hook" | "table" | "chain"> {
  readonly text: string;
  /** The last step that it was part of, and the whole text of that: further packets mostly come from the same device. */
  readonly step: RuleStep;
  readonly whole: string;
  /** The same, once it was asked for. */
  octets: Uint8Array | undefined;
}

/** Writes steps as JSON; what a rule says is written once. */
export class StepTexts {
  readonly #spelling: Spelling;
  readonly #rules = new WeakMap<Rule, RuleText>();

  constructor(spelling: Spelling) {
    this.#spelling = spelling;
  }

  text(step: Step): string {
    return step.kind === "rule" ? this.#rule(step).whole : `{${this.#fields(step)}}`;
  }

  /** The same as it is written fastest. */
  piece(step: Step): Piece {
    if (step.kind !== "rule") return this.text(step);
    const text = this.#rule(step);
    text.octets ??= octetsOf(text.whole);
    return text.octets;
  }

  #fields(step: Exclude<Step, RuleStep>): string {
    const spelling = this.#spelling;
    switch (step.kind) {
      case "return":
      case "policy":
        return list(IN_CHAIN.text(step, spelling), END.text(step, spelling), WHERE.text(step, spelling));
      case "route":
        return ownFields(step.via === undefined ? step : { ...step, via: spelling.address(step.via) });
      default:
        return ownFields(step);
    }
  }

  #rule(step: RuleStep): RuleText {
    const { rule, netns, hook, table, chain } = step;
    const found = this.#rules.get(rule);
    const known = found?.hook === hook && found.netns === netns && found.chain === chain && found.table === table ? found : undefined;
    if (known && isLike(known.step, step)) return known;
    const spelling = this.#spelling;
    const text = known?.text ?? flat(list(IN_CHAIN.text(step, spelling), RULE.text(rule, spelling)));
    const whole = flat(`{${list(text, DONE.text(step, spelling), WHERE.text(step, spelling))}}`);
    const made: RuleText = { netns, hook, table, chain, text, step, whole, octets: undefined };
    this.#rules.set(rule, made);
    return made;
  }
}

/** Whether two steps of one rule say the same beside it. */
function isLike(one: RuleStep, other: RuleStep): boolean {
  if (one.in !== other.in || one.out !== other.out || one.physin !== other.physin || one.physout !== other.physout) return false;
  return (
    one.mark === other.mark &&
    one.tried === other.tried &&
    one.because === other.because &&
    one.set === other.set &&
    one.note === other.note
  );
}
