import type { AddressMask, Family } from "../model/address.ts";
import type { Counters, Negatable, TargetUse } from "../model/rule.ts";
import type { OpenUse } from "./extension-use.ts";
import type { Extent } from "./position.ts";
import type { RuleCache } from "./rule-cache.ts";
import type { RuleWords } from "./rule-words.ts";
import type { TableDraft } from "./table-draft.ts";

/** What a rule's words are read against. */
export interface RuleScope {
  readonly family: Family;
  /** Which program wrote the rules, as far as is known by now. */
  readonly backend: "legacy" | "nft";
  readonly cache: RuleCache;
  readonly table: TableDraft;
  /** Whether suggestions are worth their time: not any more after many mistakes. */
  readonly suggest: boolean;
  /** Name of the chain that the rule is in. */
  readonly chain: string;
}

/** A rule while its words are read. */
export interface RuleState {
  readonly words: RuleWords;
  readonly scope: RuleScope;
  /** Several addresses make several rules. */
  sources: readonly (Negatable<AddressMask> | undefined)[] | undefined;
  destinations: readonly (Negatable<AddressMask> | undefined)[] | undefined;
  protocol: Negatable<number> | undefined;
  inInterface: Negatable<string> | undefined;
  outInterface: Negatable<string> | undefined;
  fragment: Negatable<true> | undefined;
  counters: Counters | undefined;
  /** Where `-c` stands, which is not part of the rule's text. */
  countersAt: Extent | undefined;
  readonly matches: OpenUse[];
  target: TargetUse | OpenUse | undefined;
  /** Matches and target whose options may follow, the newest last. */
  readonly open: OpenUse[];
  /** `-4` in a ruleset of IPv6, or `-6` in one of IPv4. */
  otherFamily: boolean;
}

/** A rule of which nothing has been read. */
export function newRuleState(words: RuleWords, scope: RuleScope): RuleState {
  return {
    words,
    scope,
    sources: undefined,
    destinations: undefined,
    protocol: undefined,
    inInterface: undefined,
    outInterface: undefined,
    fragment: undefined,
    counters: undefined,
    countersAt: undefined,
    matches: [],
    target: undefined,
    open: [],
    otherFamily: false,
  };
}
