import type { Family } from "../model/address.ts";
import { MATCHES, TARGETS } from "./index.ts";
import type { MatchSpec, TargetSpec } from "./spec.ts";

function byName<S extends MatchSpec | TargetSpec>(specs: readonly S[]): ReadonlyMap<string, readonly S[]> {
  const map = new Map<string, S[]>();
  for (const spec of specs) map.set(spec.name, [...(map.get(spec.name) ?? []), spec]);
  return map;
}

function pick<S extends MatchSpec | TargetSpec>(specs: readonly S[] | undefined, family: Family | undefined): S | undefined {
  return specs?.find((spec) => family === undefined || spec.families === undefined || spec.families.includes(family));
}

const matches = byName(MATCHES);
const targets = byName(TARGETS);

/** The spec of `-m NAME`, as the given family has it; undefined when it is not modelled or that family does not have it. */
export function matchSpec(name: string, family?: Family): MatchSpec | undefined {
  return pick(matches.get(name), family);
}

/** The spec of `-j NAME`, as the given family has it; undefined when it is not modelled or that family does not have it. */
export function targetSpec(name: string, family?: Family): TargetSpec | undefined {
  return pick(targets.get(name), family);
}
