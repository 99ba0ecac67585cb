import { type Address, type Family, familyOf, inPrefix, type Prefix } from "../model/address.ts";
import type { Device, Nexthop, PolicyRule, Route } from "../model/host.ts";
import type { FlowKey, Lookup, LookupError } from "./routing.ts";
import { Undecided } from "./undecided.ts";

const LOCAL: PolicyRule = {
  priority: 0,
  not: false,
  action: { kind: "lookup", table: "local" },
  text: "0: from all lookup local",
  line: 0,
};
const MAIN: PolicyRule = {
  priority: 32766,
  not: false,
  action: { kind: "lookup", table: "main" },
  text: "32766: from all lookup main",
  line: 0,
};
const DEFAULT: PolicyRule = {
  priority: 32767,
  not: false,
  action: { kind: "lookup", table: "default" },
  text: "32767: from all lookup default",
  line: 0,
};
const DEFAULT_RULES: Readonly<Record<Family, readonly PolicyRule[]>> = { 4: [LOCAL, MAIN, DEFAULT], 6: [LOCAL, MAIN] };

/** As `ip rule` names the table of a VRF. */
const L3MDEV = "[l3mdev-table]";
const VRF = "vrf";

const TABLE_NAMES: Readonly<Record<string, string>> = { "255": "local", "254": "main", "253": "default" };

/** What a rule compares of the type of service: IPv4 leaves out precedence, IPv6 only ECN. */
const TOS_MASK: Readonly<Record<Family, number>> = { 4: 0x1c, 6: 0xfc };

/** The one name that a routing table goes by. */
export function tableKey(table: string): string {
  return TABLE_NAMES[table] ?? table;
}

/** Whether a rule is one of those that every namespace starts with. */
export function isDefaultRule(rule: PolicyRule): boolean {
  return (
    DEFAULT_RULES[4].some((known) => known.priority === rule.priority && known.action.kind === rule.action.kind) && !rule.from && !rule.mark
  );
}

/** What a table says: a route, an error, or nothing that would end the search. */
export type Found =
  | { readonly route: Route; readonly nexthop: Nexthop }
  | { readonly error: LookupError; readonly route: Route }
  | undefined;

/** The rules of `ip rule` for one version of IP (net/core/fib_rules.c). */
export class PolicyRules {
  readonly #rules: readonly PolicyRule[];
  readonly #family: Family;
  readonly #devices: ReadonlyMap<string, Device>;
  readonly #areKnown: boolean;

  constructor(family: Family, given: readonly PolicyRule[] | undefined, devices: ReadonlyMap<string, Device>) {
    this.#family = family;
    this.#devices = devices;
    this.#areKnown = given !== undefined;
    this.#rules = given ? [...given].sort((a, b) => a.priority - b.priority) : DEFAULT_RULES[family];
  }

  /** Whether there are more than the default rules (fib4_has_custom_rules). */
  get isCustom(): boolean {
    return this.#rules.length !== DEFAULT_RULES[this.#family].length || !this.#rules.every(isDefaultRule);
  }

  /** fib_rules_lookup: the first rule that leads to a decision; `search` looks a flow up in a table. */
  lookup(key: FlowKey, search: (table: string) => Found): Lookup {
    // The first VRF brings a rule of its own (vrf_add_fib_rules).
    if (!this.#areKnown && this.#isInVrf(key.iif)) throw new Undecided(`the policy rules of the VRF that ${key.iif} is in (ip-rule.txt)`);
    for (let i = 0; i < this.#rules.length; i++) {
      const rule = this.#rules[i];
      if (!rule || !ruleMatches(rule, key, TOS_MASK[this.#family])) continue;
      if (isOfVrf(rule) && [key.iif, key.oif].every((device) => device === undefined || this.#isOutsideVrf(device))) continue;
      if (rule.unmodelled?.length) throw new Undecided(`the policy rule "${rule.text}", which has parts that are not modelled`);
      const action = rule.action;
      if (action.kind === "nop") continue;
      if (action.kind === "goto") {
        const to = this.#rules.findIndex((other) => other.priority >= action.priority);
        if (to <= i) continue;
        i = to - 1;
        continue;
      }
      if (action.kind !== "lookup") {
        const error = { unreachable: "ENETUNREACH", prohibit: "EACCES", blackhole: "EINVAL" } as const;
        return { error: error[action.kind], rule };
      }
      const found = search(tableKey(action.table));
      if (!found) continue;
      if ("error" in found) return { ...found, rule };
      if (rule.suppressPrefixLength !== undefined && found.route.destination.length <= rule.suppressPrefixLength) continue;
      return { route: found.route, nexthop: found.nexthop, rule };
    }
    return { error: "ENETUNREACH" };
  }

  /** Whether a device is known to be neither a VRF nor in one (l3mdev_fib_rule_match). */
  #isOutsideVrf(name: string): boolean {
    return name === "lo" || (this.#devices.has(name) && !this.#isInVrf(name));
  }

  #isInVrf(name: string): boolean {
    const device = this.#devices.get(name);
    return device?.kind === VRF || this.#devices.get(device?.master ?? "")?.kind === VRF;
  }
}

/** Whether a rule leads to the table of the VRF that a packet's device is in (FRA_L3MDEV). */
function isOfVrf({ action }: PolicyRule): boolean {
  return action.kind === "lookup" && action.table === L3MDEV;
}

/** fib_rule_match, fib4_rule_match and fib6_rule_match. */
function ruleMatches(rule: PolicyRule, key: FlowKey, tosMask: number): boolean {
  const matches =
    (rule.iif === undefined || rule.iif === key.iif) &&
    (rule.oif === undefined || rule.oif === key.oif) &&
    (rule.mark === undefined || ((key.mark ^ rule.mark.value) & rule.mark.mask) === 0) &&
    (rule.from === undefined || sameFamilyIn(key.src, rule.from)) &&
    (rule.to === undefined || sameFamilyIn(key.dst, rule.to)) &&
    (rule.tos === undefined || rule.tos === 0 || rule.tos === (key.tos & tosMask)) &&
    (rule.protocol === undefined || rule.protocol === key.protocol) &&
    (rule.sport === undefined || inRange(key.sport, rule.sport)) &&
    (rule.dport === undefined || inRange(key.dport, rule.dport));
  return matches !== rule.not;
}

function sameFamilyIn(address: Address, prefix: Prefix): boolean {
  return familyOf(address) === familyOf(prefix.address) && inPrefix(address, prefix);
}

function inRange(port: number | undefined, range: readonly [number, number]): boolean {
  return port !== undefined && port >= range[0] && port <= range[1];
}
