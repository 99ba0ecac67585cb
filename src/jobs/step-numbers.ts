import type { Host } from "../model/host.ts";
import type { Rule } from "../model/rule.ts";
import type { RuleStep, Step } from "../model/trace.ts";
import type { PackedStep } from "./batch.ts";
import { detached } from "./pack-packet.ts";

/** So many steps have numbers; when there are more, all is forgotten. */
const MOST = 32_768;
/** So many steps that differ in details are told apart by number. */
const VARIANTS = 16;

interface Numbered {
  readonly step: Step;
  readonly number: number;
}

/** Gives numbers to steps that many packets have alike, so that each is sent only once. */
export class StepNumbers {
  readonly #host: Host;
  /** By what tells most of them apart. */
  #alike = new Map<unknown, Numbered[]>();
  #count = 0;
  #fresh: PackedStep[] = [];
  #anew = false;

  constructor(host: Host) {
    this.#host = host;
  }

  /** Steps as they are sent. */
  pack(steps: readonly Step[]): (number | PackedStep)[] {
    return steps.map((step) => {
      const mark = markOf(step);
      return mark === undefined ? this.#packed(step) : this.#numbered(step, mark);
    });
  }

  #numbered(step: Step, mark: unknown): number | PackedStep {
    const variants = this.#alike.get(mark);
    for (const one of variants ?? []) if (one.step === step || isSame(one.step, step)) return one.number;
    if (variants && variants.length >= VARIANTS) return this.#packed(step);
    const number = this.#count++;
    if (variants) variants.push({ step, number });
    else this.#alike.set(mark, [{ step, number }]);
    this.#fresh.push(this.#packed(step));
    return number;
  }

  #packed(step: Step): PackedStep {
    if (step.kind !== "rule") return { step: detached(step) as Step };
    const { rule, ...rest } = step;
    return { step: detached(rest) as PackedStep["step"], rule: this.#placeOf(step) };
  }

  #placeOf(step: RuleStep): number {
    const { number, text } = step.rule;
    for (const place of [number, -number]) if (ruleAt(this.#host, step, place) === step.rule) return place;
    throw new Error(`a rule that is not the host's: ${text}`);
  }

  /** The steps that have got numbers since the last time, and whether numbers have begun again before them; to be asked for each batch. */
  fresh(): { readonly steps: readonly PackedStep[]; readonly anew: boolean } {
    const found = { steps: this.#fresh, anew: this.#anew };
    this.#fresh = [];
    this.#anew = this.#count >= MOST;
    if (this.#anew) {
      this.#alike = new Map();
      this.#count = 0;
    }
    return found;
  }
}

/** What tells a step apart from most others; undefined for steps that few packets have alike. */
function markOf(step: Step): unknown {
  switch (step.kind) {
    case "rule":
      return step.tried ? undefined : step.rule;
    case "policy":
    case "return":
      return step.tried ? undefined : step.chain;
    case "route":
      return step.route;
    case "conntrack":
      return step.protocolState ?? step.state;
    case "neighbour":
      return step.address;
    case "device":
      return step.interface;
    case "local":
    case "stack":
      return step.note;
    default:
      return undefined;
  }
}

/** Whether two steps say the same. */
function isSame(one: object, other: object): boolean {
  const [a, b] = [one as Record<string, unknown>, other as Record<string, unknown>];
  for (const name in a) if (a[name] !== b[name] && !isSameObject(a[name], b[name])) return false;
  for (const name in b) if (!(name in a)) return false;
  return true;
}

function isSameObject(a: unknown, b: unknown): boolean {
  return typeof a === "object" && typeof b === "object" && a !== null && b !== null && !("matches" in a) && isSame(a, b);
}

/** The rule at a place of the chain that a step was in. */
export function ruleAt(host: Host, { netns, table, chain }: Omit<RuleStep, "rule">, place: number): Rule | undefined {
  const namespace = host.namespaces.get(netns);
  const rules = (place > 0 ? namespace?.ruleset4 : namespace?.ruleset6)?.tables.get(table)?.chains.get(chain)?.rules;
  return rules?.[Math.abs(place) - 1];
}
