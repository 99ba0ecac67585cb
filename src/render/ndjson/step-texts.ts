import type { Rule } from "../../model/rule.ts";
import type { RuleStep, Step } from "../../model/trace.ts";
import { flat, list, ownFields, type Spelling } from "./fields.ts";
import { DONE, END, IN_CHAIN, RULE, WHERE } from "./trace-fields.ts";

/** What is the same whenever a rule matches, but for chains that are called from several hooks. */
interface RuleText extends Pick<RuleStep, "netns" | "hook" | "table" | "chain"> {
  readonly text: string;
  /** The last step that it was part of, and the whole text of that: further packets mostly come from the same device. */
  step: RuleStep;
  whole: string;
}

/** Writes steps as JSON; what a rule says is written once. */
export class StepTexts {
  readonly #spelling: Spelling;
  readonly #rules = new WeakMap<Rule, RuleText>();

  constructor(spelling: Spelling) {
    this.#spelling = spelling;
  }

  text(step: Step): string {
    return step.kind === "rule" ? this.#rule(step) : `{${this.#fields(step)}}`;
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

  #rule(step: RuleStep): string {
    const { rule, netns, hook, table, chain } = step;
    const found = this.#rules.get(rule);
    const known = found?.hook === hook && found.netns === netns && found.chain === chain && found.table === table ? found : undefined;
    if (known && isLike(known.step, step)) return known.whole;
    const spelling = this.#spelling;
    const text = known?.text ?? flat(list(IN_CHAIN.text(step, spelling), RULE.text(rule, spelling)));
    const whole = flat(`{${list(text, DONE.text(step, spelling), WHERE.text(step, spelling))}}`);
    if (known) {
      known.step = step;
      known.whole = whole;
    } else this.#rules.set(rule, { netns, hook, table, chain, text, step, whole });
    return whole;
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
