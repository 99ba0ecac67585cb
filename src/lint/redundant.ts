import type { Chain, Rule } from "../model/rule.ts";
import { type Box, CHOICES, overlaps, SPANS, type Span } from "../sets/box.ts";
import { BoxIndex } from "../sets/box-index.ts";
import { difference } from "../sets/difference.ts";
import { doingOf } from "../sets/fates.ts";
import { type Guard, STATES } from "../sets/guard.ts";
import { isUnconditional, targetMeaning } from "./conditions.ts";

/** Rules that are looked at behind one. */
const MOST_BEHIND = 1000;
/** So many of them one by one; those behind are looked up. */
const NEAR = 32;

/** Lines that do to a rule's packets what it does, "policy" where they reach the chain's end. */
export interface Anyway {
  readonly lines: readonly number[];
  readonly policy: boolean;
}

/**
 * What would decide the same about all packets of a rule if it were not there: rules behind it in its chain, and the policy. Undefined where
 * anything else happens to one of them, if only that it is counted or logged.
 */
export function decidedAnyway(chain: Chain, rule: Rule, guardOf: (rule: Rule) => Guard, behind: Behind): Anyway | undefined {
  const doing = doingOf(rule.target);
  const guard = guardOf(rule);
  if ((doing !== "accept" && doing !== "drop") || !guard.exact || isUnconditional(rule) || isShortCut(rule, guard)) return undefined;
  const wanted = targetMeaning(rule.target);
  let left: readonly Box[] = guard.over;
  const lines: number[] = [];
  for (const next of behind.of(rule, guard)) {
    const other = guardOf(next);
    if (!left.some((box) => other.over.some((one) => overlaps(one, box)))) continue;
    if (!other.exact || targetMeaning(next.target) !== wanted || next.line === rule.line) return undefined;
    const rest = difference(left, other.under);
    if (!rest) return undefined;
    left = rest;
    lines.push(next.line);
    if (left.length === 0) return { lines, policy: false };
  }
  const isPolicy = chain.policy !== undefined && chain.rules.length <= rule.number + MOST_BEHIND;
  const verdict = rule.target?.kind === "verdict" ? rule.target.verdict : undefined;
  return isPolicy && chain.policy === verdict ? { lines, policy: true } : undefined;
}

/** Finds the rules of a chain that stand behind one and have packets of it. */
export class Behind {
  readonly #rules: readonly Rule[];
  readonly #guardOf: (rule: Rule) => Guard;
  #index: BoxIndex<Rule> | undefined;

  constructor(chain: Chain, guardOf: (rule: Rule) => Guard) {
    this.#rules = chain.rules;
    this.#guardOf = guardOf;
  }

  /** Those that stand behind a rule, in order: the next few, and of the others those that have packets of it. */
  *of({ number }: Rule, { over }: Guard): Generator<Rule> {
    // Of a wide one the first of them is near, and there may be very many.
    const near = over.every(isNarrow) ? NEAR : MOST_BEHIND;
    yield* this.#rules.slice(number, number + near);
    if (near === MOST_BEHIND || this.#rules.length <= number + near) return;
    const index = this.#indexed();
    const far = new Set(over.flatMap((box) => index.touching(box).map(([, rule]) => rule)));
    const [after, until] = [number + NEAR, number + MOST_BEHIND];
    yield* [...far].filter((rule) => rule.number > after && rule.number <= until).sort((a, b) => a.number - b.number);
  }

  #indexed(): BoxIndex<Rule> {
    if (!this.#index) {
      this.#index = new BoxIndex();
      for (const rule of this.#rules) for (const box of this.#guardOf(rule).over) this.#index.add(box, rule);
    }
    return this.#index;
  }
}

const WIDE = 2 ** 16;

/** Whether few addresses on both sides have packets of a box. */
function isNarrow({ spans }: Box): boolean {
  return [SPANS.src, SPANS.dst].every((d) => {
    const [low, high] = spans[d] as Span;
    return BigInt(high) - BigInt(low) < WIDE;
  });
}

const KNOWN = STATES.reduce((bits, state, bit) => (state === "ESTABLISHED" || state === "RELATED" ? bits | (1 << bit) : bits), 0);

/** What most packets take at once spares them the rest of the chain: what belongs to a connection, and the host's talk with itself. */
function isShortCut({ inInterface, outInterface }: Rule, { over }: Guard): boolean {
  return (inInterface ?? outInterface)?.value === "lo" || over.every(({ choices }) => ((choices[CHOICES.state] ?? 0) & ~KNOWN) === 0);
}
