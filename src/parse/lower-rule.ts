import type { SaveWord } from "../../grammars/iptables-save.ts";
import type { Mutable } from "../model/mutable.ts";
import type { Problem } from "../model/problem.ts";
import type { Counters, MatchUse, Rule } from "../model/rule.ts";
import { checkUse, sharedMatchUse, targetUse } from "./extension-use.ts";
import { endOf, type Place } from "./position.ts";
import { checkProtocols } from "./protocol-checks.ts";
import { readExtensionWord, readMatch } from "./rule-extension.ts";
import { NEGATABLE, RULE_FLAGS, type RuleFlag } from "./rule-flags.ts";
import { readAddresses, readCounters, readFragment, readInterface, readProtocol } from "./rule-header.ts";
import { newRuleState, type RuleScope, type RuleState } from "./rule-state.ts";
import { readTarget } from "./rule-target.ts";
import { RuleWords } from "./rule-words.ts";

/** A rule whose number in its chain is still open. */
export type RuleDraft = Mutable<Rule>;

/** What a line's words say: several rules where `-s` or `-d` has several addresses, none when the line is for the other family. */
export interface LoweredRule {
  readonly rules: readonly RuleDraft[];
  readonly problems: readonly Problem[];
}

/** Lowers the words of a rule from `at` on, behind `-A CHAIN`, to what they mean. */
export function lowerRule(place: Place, words: SaveWord[], at: number, scope: RuleScope, counters: Counters | undefined): LoweredRule {
  const state = newRuleState(new RuleWords(place, words, at), scope);
  state.counters = counters;
  readWords(state);
  checkProtocols(state);
  const count = (state.sources?.length ?? 1) * (state.destinations?.length ?? 1);
  if (count > MOST_RULES) state.words.report(endOf(place), `expected addresses for at most ${MOST_RULES} rules, found some for ${count}`);
  checkSeveral(state);
  for (const use of state.matches) checkUse(state.words, use, scope);
  if (state.target && "by" in state.target) checkUse(state.words, state.target, scope);
  const { problems } = state.words;
  // iptables goes by such a line, whatever its words mean there.
  if (state.otherFamily) return { rules: [], problems: [] };
  return { rules: problems.length > 0 ? [] : drafts(state), problems };
}

// A line with more is no rule at all.
const MOST_PROBLEMS = 10;

// A short line could otherwise fill the memory.
const MOST_RULES = 65_536;

// iptables xshared.c, command_default: "not from both of them" would be neither rule nor several.
function checkSeveral({ words, sources = [], destinations = [] }: RuleState) {
  if (sources.length < 2 && destinations.length < 2) return;
  if (words.problems.length === 0 && [...sources, ...destinations].some((address) => address?.not)) {
    words.report(endOf(words.place), "! is not possible before addresses where -s or -d has several");
  }
}

function readWords(state: RuleState) {
  const { words } = state;
  let bang: SaveWord | undefined;
  for (let word = words.next; word && words.problems.length < MOST_PROBLEMS; word = words.next) {
    if (word.text === "!") {
      if (bang) words.report(word, "! is given twice");
      bang = words.take();
      continue;
    }
    const flag = RULE_FLAGS.get(word.text);
    if (flag === undefined) readExtensionWord(state, bang);
    else {
      words.at++;
      if (bang && !NEGATABLE.has(flag)) words.report({ start: bang.start, end: word.end }, `${word.text} cannot be negated`);
      readFlag(state, flag, word, bang !== undefined);
    }
    bang = undefined;
  }
  if (bang && !words.next) words.report(endOf(words.place), "expected a flag after !, found the end of the line");
}

function readFlag(state: RuleState, flag: RuleFlag, word: SaveWord, not: boolean) {
  const { words, scope } = state;
  switch (flag) {
    case "source":
      return readAddresses(state, word, not, "sources");
    case "destination":
      return readAddresses(state, word, not, "destinations");
    case "protocol":
      return readProtocol(state, word, not);
    case "in":
      return readInterface(state, word, not, "inInterface");
    case "out":
      return readInterface(state, word, not, "outInterface");
    case "fragment":
      return readFragment(state, word, not);
    case "counters":
      return readCounters(state, word);
    case "match":
      return readMatch(state, word);
    case "jump":
    case "goto":
      return readTarget(state, word, flag);
    case "family4":
    case "family6":
      state.otherFamily ||= (flag === "family4") !== (scope.family === 4);
      return;
    case "table":
      words.take();
      return words.report(word, `${word.text} is not possible here: the line *TABLE above says which table a rule is in`);
  }
}

function drafts(state: RuleState): RuleDraft[] {
  const { words } = state;
  const matches: readonly MatchUse[] = state.matches.map((use) => sharedMatchUse(use, state.scope.cache));
  const text = ruleText(state);
  const rules: RuleDraft[] = [];
  for (const source of state.sources ?? [undefined]) {
    for (const destination of state.destinations ?? [undefined]) {
      const rule: RuleDraft = { number: 0, line: words.place.line, text, matches };
      if (state.counters) rule.counters = state.counters;
      if (state.protocol) rule.protocol = state.protocol;
      if (source) rule.source = source;
      if (destination) rule.destination = destination;
      if (state.inInterface) rule.inInterface = state.inInterface;
      if (state.outInterface) rule.outInterface = state.outInterface;
      if (state.fragment) rule.fragment = state.fragment;
      if (state.target) rule.target = "by" in state.target ? targetUse(state.target) : state.target;
      rules.push(rule);
    }
  }
  return rules;
}

function ruleText({ words, countersAt }: RuleState): string {
  const { source } = words.place;
  const start = words.words[0]?.start ?? 0;
  const end = words.words.at(-1)?.end ?? source.length;
  if (!countersAt) return source.slice(start, end);
  return `${source.slice(start, countersAt.start).trimEnd()} ${source.slice(countersAt.end, end).trimStart()}`.trimEnd();
}
