import type { Family } from "../model/address.ts";
import type { Namespace, Route } from "../model/host.ts";
import type { ArgValues, Ruleset } from "../model/rule.ts";
import { type CompiledRuleset, compileRuleset } from "./compile.ts";
import { hasCounted, matchUses, needsConntrack, needsDefrag, usesAny } from "./rule-needs.ts";

/** What a namespace has of its own for one version of IP: rules, routes, and whether connections are tracked. */
export class Stack {
  readonly family: Family;
  /** The rules as they were given. */
  readonly rules: Ruleset | undefined;
  readonly ruleset: CompiledRuleset | undefined;
  readonly backend: "legacy" | "nft";
  readonly routes: readonly Route[] | undefined;
  readonly tracks: boolean;
  readonly defragments: boolean;
  /** Whether a packet's mark decides anything here. */
  readonly marksMatter: boolean;
  /** Whether rule counters or connections show that packets passed before the capture began. */
  readonly sawTraffic: boolean;
  readonly #uses = new Map<string, readonly ArgValues[]>();

  constructor(family: Family, namespace: Namespace) {
    const [rules, routes, policyRules] =
      family === 4
        ? [namespace.ruleset4, namespace.routes, namespace.policyRules]
        : [namespace.ruleset6, namespace.routes6, namespace.policyRules6];
    const connections = namespace.conntrack?.some(({ original }) => (typeof original.src === "number") === (family === 4)) === true;
    this.family = family;
    this.rules = rules;
    this.ruleset = rules && compileRuleset(rules, namespace.name);
    this.backend = rules?.backend ?? "legacy";
    this.routes = routes;
    this.tracks = needsConntrack(rules) || connections;
    this.defragments = this.tracks || needsDefrag(rules);
    this.sawTraffic = connections || hasCounted(rules);
    this.marksMatter = policyRules?.some((rule) => rule.mark !== undefined) === true || usesAny(rules, new Set(["mark"]));
  }

  /** Whether routes are known, so that packets can be routed. */
  get routed(): boolean {
    return this.routes !== undefined;
  }

  /** The arguments of every use of a match in the rules. */
  matchUses(name: string): readonly ArgValues[] {
    const found = this.#uses.get(name) ?? matchUses(this.rules, name);
    this.#uses.set(name, found);
    return found;
  }
}
