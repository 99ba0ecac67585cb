import type { Rule } from "../../model/rule.ts";
import type { RuleStep, Step } from "../../model/trace.ts";
import { flat, list, ownFields, type Spelling } from "./fields.ts";
import { DONE, END, IN_CHAIN, RULE, WHERE } from "./trace-fields.ts";

/** What is the same whenever a rule matches, but for chains that are called from several hooks. */
interface RuleText extends Pick<RuleStep, "netns" | "hook" | "table" | "chain"> {
  readonly text: string;
}

/** Writes steps as JSON; what a rule says is written once. */
export class StepTexts {
  readonly #spelling: Spelling;
  readonly #rules = new WeakMap<Rule, RuleText>();

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
        return list(this.#rule(step), DONE.text(step, spelling), WHERE.text(step, spelling));
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
    const known = this.#rules.get(rule);
    if (known?.hook === hook && known.netns === netns && known.chain === chain && known.table === table) return known.text;
    const text = flat(list(IN_CHAIN.text(step, this.#spelling), RULE.text(rule, this.#spelling)));
    this.#rules.set(rule, { netns, hook, table, chain, text });
    return text;
  }
}
