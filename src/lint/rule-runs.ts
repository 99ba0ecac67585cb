import type { Chain, Rule } from "../model/rule.ts";

/** Rules of a chain, one behind the other, that are equal but for one thing. `key` is what has to be equal; undefined where a rule has no such thing. */
export function* runsOf(chain: Chain, least: number, key: (rule: Rule) => string | undefined): Generator<readonly Rule[]> {
  let run: Rule[] = [];
  let common: string | undefined;
  for (const rule of chain.rules) {
    const own = key(rule);
    if (own !== undefined && own === common) {
      run.push(rule);
      continue;
    }
    if (run.length >= least) yield run;
    run = own === undefined ? [] : [rule];
    common = own;
  }
  if (run.length >= least) yield run;
}

/** "lines 10 to 14" */
export function lineSpan(rules: readonly Rule[]): string {
  return `lines ${rules[0]?.line} to ${rules.at(-1)?.line}`;
}
