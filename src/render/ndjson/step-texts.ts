import type { Rule } from "../../model/rule.ts";
import type { RuleStep, Step } from "../../model/trace.ts";
import { list, ownFields, type Spelling } from "./fields.ts";
import { flat, octetsOf, type Piece } from "./pieces.ts";
import { DONE, END, IN_CHAIN, RULE, WHERE } from "./trace-fields.ts";

/** What is the same whenever a rule matches, but for chains that are called from several hooks. */
interface RuleText extends Pick<RuleStep, "netns" | "hook" | "table" | "chain"> {
  readonly text: string;
  /** The last step that it was part of, and the whole text of that: further packets mostly come from the same device. */
  step: RuleStep;
  whole: string;
  /** The same, once it was asked for again. */
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
    return step.kind === "rule" ? (this.#known(step) ?? this.#made(step)).whole : `{${this.#fields(step)}}`;
  }

  /** The same as it is written fastest. */
  piece(step: Step): Piece {
    if (step.kind !== "rule") return this.text(step);
    const known = this.#known(step);
    if (!known) return this.#made(step).whole;
    known.octets ??= octetsOf(known.whole);
    return known.octets;
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

  /** What is kept of a rule, if it was for such a step. */
  #known(step: RuleStep): RuleText | undefined {
    const found = this.#rules.get(step.rule);
    return found && isThere(found, step) && isLike(found.step, step) ? found : undefined;
  }

  /** The text of a step, which is kept in the place of the last one of its rule. */
  #made(step: RuleStep): RuleText {
    const spelling = this.#spelling;
    const { rule, netns, hook, table, chain } = step;
    const found = this.#rules.get(rule);
    const known = found && isThere(found, step) ? found : undefined;
    const text = known?.text ?? flat(list(IN_CHAIN.text(step, spelling), RULE.text(rule, spelling)));
    const whole = flat(`{${list(text, DONE.text(step, spelling), WHERE.text(step, spelling))}}`);
    const made: RuleText = { netns, hook, table, chain, text, step, whole, octets: undefined };
    this.#rules.set(rule, made);
    return made;
  }
}

/** Whether a text is that of a rule where a step took it. */
function isThere(text: RuleText, { netns, hook, table, chain }: RuleStep): boolean {
  return text.hook === hook && text.netns === netns && text.chain === chain && text.table === table;
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
