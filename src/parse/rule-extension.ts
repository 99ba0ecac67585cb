import type { SaveWord } from "../../grammars/iptables-save.ts";
import { quote } from "../../grammars/words.ts";
import { MATCHES } from "../extensions/index.ts";
import { matchSpec } from "../extensions/registry.ts";
import type { MatchUse } from "../model/rule.ts";
import { entryOf, keepWord, type OpenUse, openUse, readOption } from "./extension-use.ts";
import { EXTENSION_FAMILY, IMPLICIT_MATCH } from "./known-extensions.ts";
import { nearest } from "./nearest.ts";
import { OTHER_FLAGS, RULE_FLAGS } from "./rule-flags.ts";
import type { RuleState } from "./rule-state.ts";

// Other names of one match (iptables libxtables, xtables_find_match).
const ALIASES: ReadonlyMap<string, string> = new Map([
  ["icmpv6", "icmp6"],
  ["ipv6-icmp", "icmp6"],
]);

function open(state: RuleState, name: string, by: SaveWord, same?: MatchUse): OpenUse {
  const use = openUse(name, matchSpec(name, state.scope.family), by, same);
  state.matches.push(use);
  state.open.push(use);
  return use;
}

/** `-m`. */
export function readMatch(state: RuleState, flag: SaveWord) {
  const { words } = state;
  const word = words.need("the name of a match", flag);
  if (!word) return;
  const name = ALIASES.get(word.text) ?? word.text;
  if (name === "" || name.startsWith("-")) return words.expected(`the name of a match after ${flag.text}`, word);
  openOrRecall(state, name, word);
  const family = EXTENSION_FAMILY.get(name) ?? state.scope.family;
  if (family !== state.scope.family) words.report(word, `the match ${name} is for IPv${family} only`);
}

// A match that was read before need not be read again. Only its own words count: up to the next flag of iptables itself.
function openOrRecall(state: RuleState, name: string, by: SaveWord) {
  const { words, at, place } = state.words;
  let end = at;
  for (let word = words[end]; word && !RULE_FLAGS.has(word.text); word = words[end]) end++;
  if (words[end - 1]?.text === "!") end--;
  const key = place.source.slice(by.start, words[end - 1]?.end);
  const same = state.scope.cache.matches.get(key);
  const use = open(state, name, by, same);
  use.key = key;
  use.length = end - at;
  if (!same) return;
  if (!state.protocol && use.length > 0) use.beforeProtocol = by;
  state.words.at = end;
}

/** A flag that iptables itself does not have: an option of a match or the target, or a word of one that is not modelled. */
export function readExtensionWord(state: RuleState, bang: SaveWord | undefined) {
  const { words, scope } = state;
  const flag = words.next;
  if (!flag) return;
  for (let i = state.open.length - 1; i >= 0; i--) {
    const use = state.open[i];
    const entry = use && entryOf(use, flag.text, scope.cache);
    if (use && entry) {
      if (!state.protocol) use.beforeProtocol ??= flag;
      return readOption(words, use, entry, bang, scope.family);
    }
  }
  const verbatim = state.open.findLast((use) => !use.spec);
  if (verbatim) return keepWord(words, verbatim, bang);
  // The protocol's match comes last: with -m multiport `--dport` is the beginning of `--dports`.
  if (splitFlag(state, flag, false)) return readAgain(state, bang);
  if (readImplicit(state, flag, bang)) return;
  if (splitFlag(state, flag, true)) return readAgain(state, bang);
  refuse(state, flag);
}

// The flag was spelled out by splitFlag: RULE_FLAGS are the caller's business, so hand the `!` back to it.
function readAgain({ words }: RuleState, bang: SaveWord | undefined) {
  if (bang) words.words.splice(words.at, 0, bang);
}

function readImplicit(state: RuleState, flag: SaveWord, bang: SaveWord | undefined): boolean {
  const { scope } = state;
  const name = state.protocol && IMPLICIT_MATCH.get(state.protocol.value);
  if (name === undefined || !flag.text.startsWith("--") || state.matches.some((use) => use.name === name)) return false;
  const spec = matchSpec(name, scope.family);
  if (!spec) {
    if ((EXTENSION_FAMILY.get(name) ?? scope.family) !== scope.family) return false;
    keepWord(state.words, open(state, name, flag), bang);
    return true;
  }
  const entry = scope.cache.flags(spec).byFlag.get(flag.text);
  if (entry) readOption(state.words, open(state, name, flag), entry, bang, scope.family);
  return entry !== undefined;
}

/** The flags that could stand here by what they mean; those of the protocol's match only if that is not loaded yet. */
function candidates(state: RuleState, implicit: boolean): ReadonlyMap<string, unknown> {
  const { cache, family } = state.scope;
  const name = implicit && state.protocol ? IMPLICIT_MATCH.get(state.protocol.value) : undefined;
  const specs = [...state.open.map((use) => use.spec), name === undefined ? undefined : matchSpec(name, family)];
  const known = new Map<string, unknown>(RULE_FLAGS);
  for (const spec of specs) for (const [flag, { option }] of spec ? cache.flags(spec).byFlag : []) known.set(flag, option);
  return known;
}

// getopt_long: a beginning that several flags have will do only if all of them mean the same.
function complete(state: RuleState, name: string, implicit: boolean): string | undefined {
  const known = candidates(state, implicit);
  if (known.has(name)) return name;
  if (name.length < 3 || !name.startsWith("--") || OTHER_FLAGS.some((flag) => flag.startsWith(name))) return undefined;
  const begun = [...known.keys()].filter((flag) => flag.startsWith(name));
  return new Set(begun.map((flag) => known.get(flag))).size === 1 ? begun[0] : undefined;
}

/** What getopt_long allows: `--dport=80`, `-ptcp`, and any beginning of a flag that only one flag has. */
function splitFlag(state: RuleState, flag: SaveWord, implicit: boolean): boolean {
  const { words } = state;
  const equals = flag.text.indexOf("=");
  const cut = flag.text.startsWith("--") ? equals : /^-[a-z]./.test(flag.text) && RULE_FLAGS.has(flag.text.slice(0, 2)) ? 2 : -1;
  const name = cut < 0 ? flag.text : flag.text.slice(0, cut);
  const full = complete(state, name, implicit);
  if (full === undefined || (cut < 0 && full === flag.text)) return false;
  const end = cut < 0 ? flag.end : flag.start + cut;
  const value = { text: flag.text.slice(cut === equals ? cut + 1 : cut), start: end + (cut === equals ? 1 : 0), end: flag.end };
  words.split({ text: full, start: flag.start, end }, ...(cut < 0 ? [] : [value]));
  return true;
}

// Both tcp and udp have these, and several others: only -p tells which is meant.
const PORT_FLAG = /^--(dport|sport|destination-port|source-port)$/;

function refuse(state: RuleState, flag: SaveWord) {
  const { words } = state;
  words.take();
  if (!flag.text.startsWith("-")) return words.expected("a flag", flag);
  const best = nearest(flag.text, candidates(state, true).keys());
  const portless = PORT_FLAG.test(flag.text) && !state.protocol;
  if (portless)
    words.report(flag, `${flag.text} is possible only behind a protocol with ports`, "-p tcp or -p udp belongs before it", "protocol");
  const owner = MATCHES.find((spec) => Object.values(spec.options).some((o) => o.flag === flag.text || o.aliases?.includes(flag.text)));
  const hint = owner ? `${flag.text} belongs to -m ${owner.name}` : best === undefined ? undefined : `did you mean ${best}?`;
  if (!portless) words.report(flag, `unknown flag ${quote(flag.text)}`, hint);
  while (words.next && !words.next.text.startsWith("-") && words.next.text !== "!") words.take();
}
