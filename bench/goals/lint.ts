import { join } from "node:path";
import type { Style } from "../inputs/all.ts";
import { processOf } from "../measure/process.ts";
import type { Candidate, Sample } from "../measure/sample.ts";
import { type Goal, lasting, type Part, times } from "./goal.ts";
import { type Bench, FEW, MANY, named, nettrace, SOME } from "./runs.ts";

/** What others are held against, a small cluster's rules, and those of a large one. */
const BASE = 5000;
const MORE = 20_000;
/** Rulesets of a collection, and rules of each. */
const RULESETS = 200;
const RULES = 120;

/** Checks files; what it finds in them is no failure. */
function linted({ root, settings }: Bench, what: string, files: readonly string[]): Candidate {
  const words = nettrace(root, "lint", ...files, "--format", "json");
  return processOf(settings, `lint ${what}`, words, words[0], [0, 1]);
}

function lintedRules(bench: Bench, style: "kube" | "hand", count: number): Candidate {
  const path = bench.inputs.rules(style, count / bench.inputs.size.part);
  return linted(bench, `${named(bench, count)} ${style} rules`, [path]);
}

/** The time of a rule in a large cluster, against that in a small one. */
export function lintCurve(bench: Bench): Goal {
  // The rules of the published services alone are half of the fewest.
  const least = FEW * bench.inputs.size.part;
  const counts = [least, Math.max(BASE, least), MORE, MANY] as const;
  const [few, base, more, many] = counts.map((count) => ({ count, own: lintedRules(bench, "kube", count) })) as [Run, Run, Run, Run];
  const parts = [perRule(bench, few, base), perRule(bench, more, base, 1.2), perRule(bench, many, base, 1.5)];
  return { id: "L1", candidates: [few, base, more, many].map(({ own }) => own), parts };
}

interface Run {
  readonly count: number;
  readonly own: Candidate;
}

function perRule(bench: Bench, { own, count }: Run, base: Run, limit?: number): Part {
  const value = (sample: (name: string) => Sample) => sample(own.name).seconds / count / (sample(base.own.name).seconds / base.count);
  const what = `lint, time of a rule among ${named(bench, count)} kube rules, against ${named(bench, base.count)}`;
  return { what, unit: "×", needs: [own.name, base.own.name], own: own.name, value, ...(limit !== undefined && { limit }) };
}

/** A long list that people wrote. */
export function lintHand(bench: Bench): Goal {
  const own = lintedRules(bench, "hand", SOME);
  return { id: "L2", candidates: [own], parts: [lasting(`lint ${named(bench, SOME)} hand-written rules`, own, 10)] };
}

/** As many rulesets as a collection of public ones has. */
export function lintCorpus(bench: Bench): Goal {
  const { inputs } = bench;
  const count = RULESETS / inputs.size.part;
  const own = linted(bench, `${count} rulesets of ${RULES} rules`, inputs.collection(count, RULES));
  return { id: "L3", candidates: [own], parts: [lasting(`lint ${count} rulesets of ${RULES} rules`, own, 20)] };
}

const STYLES: readonly Style[] = ["kube", "hand", "list", "crossing"];

/** Which rules packets can match at all, asked of both representations of sets. */
export function representations(bench: Bench): Goal {
  const { inputs, root, settings } = bench;
  const script = join(root, "bench", "built", "reachable.js");
  const run = (how: string, style: Style) => {
    const words = [process.execPath, script, how, inputs.rules(style, SOME / inputs.size.part)];
    return processOf(settings, `reachable rules, ${how}, ${named(bench, SOME)} ${style} rules`, words);
  };
  const pairs = STYLES.map((style) => ({ style, boxes: run("boxes", style), diagrams: run("diagrams", style) }));
  const parts = pairs.map(({ style, boxes, diagrams }) =>
    times(`reachable among ${named(bench, SOME)} ${style} rules, diagrams against boxes`, diagrams, boxes),
  );
  return { id: "L4", candidates: pairs.flatMap(({ boxes, diagrams }) => [boxes, diagrams]), parts };
}
