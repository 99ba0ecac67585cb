import type { Rule } from "../../model/rule.ts";
import type { Step } from "../../model/trace.ts";
import { list, ownFields, type Spelling } from "./fields.ts";
import { DONE, END, IN_CHAIN, RULE, WHERE } from "./trace-fields.ts";

/** Writes steps as JSON; what a rule says is written once. */
export class StepTexts {
  readonly #spelling: Spelling;
  readonly #rules = new WeakMap<Rule, string>();

  constructor(spelling: Spelling) {
    this.#spelling = spelling;
  }

  text(step: Step): string {
    return `{${this.#fields(step)}}`;
  }

  #fields(step: Step): string {
    const spelling = this.#spelling;
    switch (step.kind) {
      case "rule":
        return list(IN_CHAIN.text(step, spelling), this.#rule(step.rule), DONE.text(step, spelling), WHERE.text(step, spelling));
      case "return":
      case "policy":
        return list(IN_CHAIN.text(step, spelling), END.text(step, spelling), WHERE.text(step, spelling));
      case "route":
        return ownFields(step.via === undefined ? step : { ...step, via: spelling.address(step.via) });
      default:
        return ownFields(step);
    }
  }

  #rule(rule: Rule): string {
    const known = this.#rules.get(rule);
    if (known !== undefined) return known;
    const text = RULE.text(rule, this.#spelling);
    this.#rules.set(rule, text);
    return text;
  }
}
