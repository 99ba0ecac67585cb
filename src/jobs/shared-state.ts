import { matchSpec, targetSpec } from "../extensions/registry.ts";
import type { Args, MatchSpec, Options, TargetSpec } from "../extensions/spec.ts";
import type { Host } from "../model/host.ts";
import type { ArgValues, Rule, Ruleset } from "../model/rule.ts";

/**
 * Why a host's packets cannot be dealt by connection, in words: the first thing whose state all connections share; undefined for none. Rules
 * are only looked at where their names alone tell that there is such a thing, or `thoroughly`.
 */
export function sharedState(host: Host, thoroughly = false): string | undefined {
  for (const { ruleset4, ruleset6, conntrack } of host.namespaces.values()) {
    for (const ruleset of [ruleset4, ruleset6]) {
      const found = ruleset && (thoroughly || mayShare(ruleset)) ? inRules(ruleset) : undefined;
      if (found !== undefined) return found;
    }
    const helped = conntrack?.find(({ helper }) => helper !== undefined);
    if (helped) return `conntrack -L lists a connection with the helper ${helped.helper}, which announces others`;
  }
  return undefined;
}

/** Whether a ruleset's rules have something that is shared, whatever its arguments are. */
function mayShare({ summary, family }: Ruleset): boolean {
  if (!summary) return true;
  return [...summary.names].some((name) => matchSpec(name, family)?.shared === true || targetSpec(name, family)?.shared === true);
}

function inRules({ tables, family }: Ruleset): string | undefined {
  for (const table of tables.values()) {
    for (const chain of table.chains.values()) {
      for (const rule of chain.rules) {
        const what = inRule(rule, family);
        const line = rule.line > 0 ? ` (line ${rule.line})` : "";
        if (what !== undefined)
          return `rule ${rule.number} of ${table.name} ${chain.name}${line} has ${what}, whose state all connections share`;
      }
    }
  }
  return undefined;
}

function inRule({ matches, target }: Rule, family: 4 | 6): string | undefined {
  const match = matches.find(({ name, args }) => shares(matchSpec(name, family), args));
  if (match) return `-m ${match.name}`;
  return target?.kind === "extension" && shares(targetSpec(target.name, family), target.args) ? `-j ${target.name}` : undefined;
}

function shares(spec: MatchSpec | TargetSpec | undefined, args: ArgValues = {}): boolean {
  const { shared } = spec ?? {};
  return shared === true || shared?.among(args as Args<Options>) === true;
}
