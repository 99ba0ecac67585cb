import type { Host } from "../model/host.ts";
import type { Rule } from "../model/rule.ts";
import type { Step } from "../model/trace.ts";
import type { PackedStep } from "./batch.ts";
import { detached } from "./pack-packet.ts";
import { rulesOf } from "./rule-numbers.ts";

/** So many steps have numbers; when there are more, all is forgotten. */
const MOST = 32_768;
/** Steps that many packets have alike. */
const COMMON: ReadonlySet<Step["kind"]> = new Set([
  "rule",
  "policy",
  "return",
  "route",
  "conntrack",
  "neighbour",
  "device",
  "local",
  "stack",
]);

/** Gives numbers to steps, so that each is sent only once. */
export class StepNumbers {
  readonly #rules = new Map<Rule, number>();
  #known = new WeakMap<Step, number>();
  #alike = new Map<string, number>();
  #fresh: PackedStep[] = [];
  #anew = false;

  constructor(host: Host) {
    for (const [number, rule] of rulesOf(host).entries()) this.#rules.set(rule, number);
  }

  /** Steps as they are sent. */
  pack(steps: readonly Step[]): (number | PackedStep)[] {
    return steps.map((step) => this.#known.get(step) ?? this.#met(step));
  }

  #met(step: Step): number | PackedStep {
    if (!COMMON.has(step.kind)) return this.#packed(step);
    const key = this.#keyOf(step);
    let number = this.#alike.get(key);
    if (number === undefined) {
      number = this.#alike.size;
      this.#alike.set(key, number);
      this.#fresh.push(this.#packed(step));
    }
    this.#known.set(step, number);
    return number;
  }

  #packed(step: Step): PackedStep {
    if (step.kind !== "rule") return { step: detached(step) as Step };
    const { rule, ...rest } = step;
    return { step: detached(rest) as PackedStep["step"], rule: this.#numberOf(rule) };
  }

  #numberOf(rule: Rule): number {
    const number = this.#rules.get(rule);
    if (number === undefined) throw new Error(`a rule that is not the host's: ${rule.text}`);
    return number;
  }

  #keyOf(step: Step): string {
    if (step.kind === "rule" && !step.because && !step.set && !step.note && !step.tried) {
      const { netns, hook, in: from, out, physin, physout, mark } = step;
      return `${this.#numberOf(step.rule)}|${netns}|${hook}|${from}|${out}|${physin}|${physout}|${mark}`;
    }
    return JSON.stringify(step, (_name, value) =>
      typeof value === "bigint" ? `${value}n` : value === undefined ? null : (this.#rules.get(value) ?? value),
    );
  }

  /** The steps that have got numbers since the last time, and whether numbers have begun again before them; to be asked for each batch. */
  fresh(): { readonly steps: readonly PackedStep[]; readonly anew: boolean } {
    const found = { steps: this.#fresh, anew: this.#anew };
    this.#fresh = [];
    this.#anew = this.#alike.size >= MOST;
    if (this.#anew) {
      this.#alike = new Map();
      this.#known = new WeakMap();
    }
    return found;
  }
}
