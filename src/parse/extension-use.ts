import type { SaveWord } from "../../grammars/iptables-save.ts";
import type { Given, MatchSpec, Option, TargetSpec } from "../extensions/spec.ts";
import type { Family } from "../model/address.ts";
import type { ArgValues, MatchUse, Negatable, TargetUse } from "../model/rule.ts";
import type { FlagEntry } from "./extension-flags.ts";
import { endOf } from "./position.ts";
import type { RuleCache } from "./rule-cache.ts";
import type { RuleWords } from "./rule-words.ts";

/** A target that is neither a verdict nor a chain. */
export type ExtensionTarget = Extract<TargetUse, { kind: "extension" }>;

/** `-m NAME` or `-j NAME` of a rule while its words are read. */
export interface OpenUse {
  readonly name: string;
  /** Absent for an extension that is not modelled. */
  readonly spec: MatchSpec | TargetSpec | undefined;
  /** The word that named it. */
  readonly by: SaveWord;
  args: Record<string, Negatable<unknown>>;
  words: string[];
  /** The same match of an earlier rule, as long as nothing is added to it. */
  same: MatchUse | undefined;
  /** Where its options begin, when the rule's `-p` comes only behind them. */
  beforeProtocol: SaveWord | undefined;
  /** Its text with all words that it may have, and their number. */
  key: string;
  length: number;
}

const NO_ARGS: Record<string, Negatable<unknown>> = {};
const NO_WORDS: string[] = [];

/** Opens an extension; `same` is what an earlier rule made of the very same words. */
export function openUse(name: string, spec: MatchSpec | TargetSpec | undefined, by: SaveWord, same?: MatchUse): OpenUse {
  const [args, words] = same ? [NO_ARGS, NO_WORDS] : [{}, []];
  return { name: spec?.name ?? name, spec, by, args, words, same, beforeProtocol: undefined, key: "", length: -1 };
}

/** The option of an extension that a flag stands for. */
export function entryOf(use: OpenUse, flag: string, cache: RuleCache): FlagEntry | undefined {
  return use.spec && cache.flags(use.spec).byFlag.get(flag);
}

function thaw(use: OpenUse) {
  if (!use.same) return;
  use.args = { ...use.same.args } as Record<string, Negatable<unknown>>;
  use.words = [...use.same.words];
  use.same = undefined;
}

/** Reads the option that the next word is the flag of; `bang` is the `!` before it. */
export function readOption(rule: RuleWords, use: OpenUse, entry: FlagEntry, bang: SaveWord | undefined, family: Family) {
  const { option, key } = entry;
  const flag = rule.take();
  if (!flag) return;
  thaw(use);
  let not = bang;
  // Before iptables 1.4.3 `!` stood behind the flag.
  const inner = !bang && option.negatable && option.codec.words > 0 && rule.next?.text === "!" ? rule.take() : undefined;
  not ??= inner;
  const count = option.codec.optional && /^(-.*|!|)$/s.test(rule.next?.text ?? "") ? 0 : option.codec.words;
  const values = rule.words.slice(rule.at, rule.at + count);
  rule.at += values.length;
  keep(rule, use, bang ? [bang, flag, ...(inner ? [inner] : []), ...values] : [flag, ...(inner ? [inner] : []), ...values]);
  if (values.length < count) {
    rule.report(endOf(rule.place), `expected ${option.codec.expected} after ${flag.text}, found the end of the line`);
    return;
  }
  if (not && !option.negatable) return rule.report(bang ? { start: not.start, end: flag.end } : not, `${flag.text} cannot be negated`);
  const before = use.args[key];
  if (before && !option.many) return rule.report(flag, `${flag.text} is given twice`);
  const texts = values.map((word) => word.text);
  const value = option.codec.parse(texts, family);
  if (value !== undefined) use.args[key] = addValue(option, before, { value, not: not !== undefined }, use.words.length);
  else refuse(rule, flag, entry, values);
}

function addValue(option: Option<unknown>, before: Negatable<unknown> | undefined, value: Negatable<unknown>, order: number) {
  if (!option.many) return value;
  return { value: [...((before?.value as readonly Given<unknown>[]) ?? []), { ...value, order }], not: false };
}

function refuse(rule: RuleWords, flag: SaveWord, { option }: FlagEntry, values: readonly SaveWord[]) {
  const [first] = values;
  const last = values.at(-1);
  if (!first || !last) return rule.report(flag, `${flag.text} is not possible here`);
  const found = values.map((word) => word.text).join(" ");
  const several = /^--(dport|sport|destination-port|source-port)$/.test(flag.text) && found.includes(",");
  const hint = several ? `for several ports use -m multiport ${flag.text}s ${found}` : undefined;
  const word = { text: found, start: first.start, end: last.end };
  rule.expected(`${option.codec.expected} after ${flag.text}`, word, hint);
}

function keep(rule: RuleWords, use: OpenUse, words: readonly SaveWord[]) {
  for (const word of words) use.words.push(rule.raw(word));
}

/** Takes the next word into an extension that is not modelled. */
export function keepWord(rule: RuleWords, use: OpenUse, bang: SaveWord | undefined) {
  const word = rule.take();
  thaw(use);
  keep(
    rule,
    use,
    [bang, word].filter((part) => part !== undefined),
  );
}

interface CheckScope {
  readonly cache: RuleCache;
  readonly backend: "legacy" | "nft";
}

/** Checks an extension as a whole, when all words of its rule are read. */
export function checkUse(rule: RuleWords, use: OpenUse, { cache, backend }: CheckScope) {
  const { spec, args } = use;
  if (!spec || use.same || rule.problems.length > 0) return;
  const missing = cache.flags(spec).required.filter(({ key }) => !args[key]);
  for (const { option } of missing) rule.report(use.by, `${use.name} needs ${option.flag}`);
  if (missing.length > 0) return;
  const complaint = spec.check?.(args as never, backend);
  if (complaint !== undefined) rule.report(use.by, `${use.name}: ${complaint}`);
}

function argsOf(use: OpenUse): { readonly args?: ArgValues } {
  return use.spec ? { args: use.args } : {};
}

/** The match as the model keeps it. */
export function matchUse(use: OpenUse): MatchUse {
  return { name: use.name, ...argsOf(use), words: use.words };
}

/** The match as the model keeps it, or what an earlier rule made of the same words. */
export function sharedMatchUse(use: OpenUse, cache: RuleCache): MatchUse {
  if (use.same) return use.same;
  const made = matchUse(use);
  return use.words.length === use.length ? cache.matches.set(use.key, made) : made;
}

/** The values of the options that were given. */
export function valuesOf({ args = {} }: { readonly args?: ArgValues }): readonly unknown[] {
  return Object.values(args).map((arg) => arg?.value);
}

/** The target as the model keeps it. */
export function targetUse(use: OpenUse): ExtensionTarget {
  return { kind: "extension", name: use.name, ...argsOf(use), words: use.words };
}
