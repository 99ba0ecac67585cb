import { LONGEST_LINE } from "../../grammars/words.ts";
import { addNamedPorts } from "../extensions/named-ports.ts";
import type { AddressMask, Family } from "../model/address.ts";
import type { Counters, MatchUse, Negatable, TargetUse } from "../model/rule.ts";
import type { ChainDraft, ReadAgain } from "./chain-draft.ts";
import type { RuleDraft } from "./lower-rule.ts";
import { PlainClauses } from "./plain-clauses.ts";
import { PlainLine } from "./plain-line.ts";
import { matchFits, targetFits } from "./protocol-checks.ts";
import { parseAddressMask } from "./rule-address.ts";
import type { RuleCache } from "./rule-cache.ts";
import { LONGEST_INTERFACE, mayNameDevice, negatable, protocolOf } from "./rule-header.ts";
import type { SummaryDraft } from "./rule-summary.ts";
import { VERDICTS } from "./rule-target.ts";
import type { SourceLines } from "./source-lines.ts";
import { addChain, isBuiltIn, type TableDraft } from "./table-draft.ts";

const letter = (text: string) => text.charCodeAt(0);
const [SOURCE, DESTINATION, PROTOCOL, IN, OUT] = ["s", "d", "p", "i", "o"].map(letter);
const [MATCH, JUMP, GOTO, APPEND, BRACKET] = ["m", "j", "g", "A", "["].map(letter);
const [COLON, DASH] = [":", "-"].map(letter);
const COUNTERS = /^\[(\d{1,15}):(\d{1,15})\] $/;
const UNUSED = " - [0:0]";
const NAME = /^[A-Za-z][^ \t"]*$/;
const DECLARATION = /^:([A-Za-z][^ \t"]*) - \[(\d{1,15}):(\d{1,15})\]$/;
const LONGEST_VERDICT = 6;
const NO_MATCHES: readonly MatchUse[] = [];
/** What leads to a chain, where only that is asked. */
const SOME_CHAIN: TargetUse = { kind: "jump", chain: "" };
const NO_COUNTERS: Counters = { packets: 0, bytes: 0 };

/**
 * Reads rules of the shape that iptables-save itself gives nearly all of them: `-A CHAIN`, addresses, devices, protocol, matches, target, each once, in which
 * nothing is wrong. Any other rule is left to the grammar and to lowerRule, which say the same of these, only slower; so nothing is reported from here.
 */
export class PlainRules {
  readonly #lines: SourceLines;
  readonly #line: PlainLine;
  readonly #clauses: PlainClauses;
  readonly #cache: RuleCache;
  readonly #family: Family;
  readonly #summary: SummaryDraft;
  readonly #matches: MatchUse[] = [];
  /** How rules of the table at hand are read once more. */
  #again: ReadAgain | undefined;
  #table: TableDraft | undefined;
  /** The chain of the rule before, and the one that the last jump led to. */
  #chain: ChainDraft | undefined;
  #last: ChainDraft | undefined;
  #protocol: Negatable<number> | undefined;
  #source: Negatable<AddressMask> | undefined;
  #destination: Negatable<AddressMask> | undefined;
  #in: Negatable<string> | undefined;
  #out: Negatable<string> | undefined;
  #target: TargetUse | undefined;
  /** The chain that the target is. */
  #to: ChainDraft | undefined;

  constructor(lines: SourceLines, family: Family, cache: RuleCache, summary: SummaryDraft) {
    this.#lines = lines;
    this.#line = new PlainLine(lines.text);
    this.#family = family;
    this.#cache = cache;
    this.#summary = summary;
    this.#clauses = new PlainClauses(this.#line, family, cache);
  }

  /** Adds the rule of a line to its chain; false, and nothing is done, where it is not plain. */
  take(number: number, table: TableDraft, backend: "legacy" | "nft"): boolean {
    const { text } = this.#lines;
    const start = this.#lines.start(number);
    const first = text.charCodeAt(start);
    const end = this.#lines.end(number);
    if (first === COLON) return declare(text.slice(start, end), number, table, this.#summary);
    const at = first === BRACKET ? text.indexOf(" ", start) + 1 : start;
    if (at < start || text.charCodeAt(at) !== DASH || text.charCodeAt(at + 1) !== APPEND || end - start > LONGEST_LINE) return false;
    const counters = at > start ? COUNTERS.exec(text.slice(start, at)) : undefined;
    if (counters === null) return false;
    const line = this.#line;
    line.open(at, end);
    this.#clauses.backend = backend;
    if (!line.next() || line.flag !== APPEND || !line.next()) return false;
    const chain = this.#chainOf(table);
    if (!chain || !this.#read(chain, table, number)) return false;
    for (const match of this.#matches) this.#summary.names.add(match.name);
    if (this.#target?.kind === "extension") this.#summary.names.add(this.#target.name);
    if (table.name === "nat") addNamedPorts(this.#matches, this.#target, this.#summary.natPorts);
    if (this.#to) table.jumps.add(chain.index, this.#to.index);
    if (counters && Number(counters[1]) > 0) this.#summary.counted = true;
    if (this.#again) chain.append(number, this.#again);
    return true;
  }

  /** All lines are taken: what was kept for further ones is given back. */
  forget(): void {
    this.#clauses.forget();
  }

  /** The rule of a line that was taken before. */
  #rule(number: number, chain: ChainDraft, table: TableDraft): RuleDraft {
    const { text } = this.#lines;
    const start = this.#lines.start(number);
    const end = this.#lines.end(number);
    const at = text.charCodeAt(start) === BRACKET ? text.indexOf(" ", start) + 1 : start;
    const line = this.#line;
    line.open(at, end);
    this.#clauses.backend = undefined;
    this.#enter(table);
    line.next();
    line.next();
    if (!this.#read(chain, table, number)) throw new Error(`line ${number} was plain and is not any more`);
    const matches = this.#matches.length > 0 ? this.#matches.slice() : NO_MATCHES;
    const rule: RuleDraft = { number: 0, line: number, text: text.slice(at, end), matches };
    const counters = at > start ? COUNTERS.exec(text.slice(start, at)) : undefined;
    if (counters) rule.counters = { packets: Number(counters[1]), bytes: Number(counters[2]) };
    if (this.#protocol) rule.protocol = this.#protocol;
    if (this.#source) rule.source = this.#source;
    if (this.#destination) rule.destination = this.#destination;
    if (this.#in) rule.inInterface = this.#in;
    if (this.#out) rule.outInterface = this.#out;
    if (this.#target) rule.target = this.#target;
    return rule;
  }

  // Rules of a chain mostly stand together, and those of the next one behind them.
  #chainOf(table: TableDraft): ChainDraft | undefined {
    if (this.#line.isQuoted) return undefined;
    this.#enter(table);
    if (this.#chain && this.#isNamed(this.#chain)) return this.#chain;
    // iptables-save writes rules in the order in which it has declared their chains.
    const next = this.#chain && table.order[this.#chain.index + 1];
    if (next && this.#isNamed(next)) {
      this.#chain = next;
      return next;
    }
    this.#chain = table.chains.get(this.#line.text);
    return this.#chain;
  }

  #enter(table: TableDraft): void {
    if (this.#table === table) return;
    this.#table = table;
    this.#again = (number, chain) => this.#rule(number, chain, table);
    this.#chain = this.#last = undefined;
  }

  #isNamed({ name }: ChainDraft): boolean {
    const { source, start, end } = this.#line;
    if (end - start !== name.length) return false;
    // From the end: the names of a cluster's chains begin alike.
    for (let i = name.length - 1; i >= 0; i--) if (source.charCodeAt(start + i) !== name.charCodeAt(i)) return false;
    return true;
  }

  #read(chain: ChainDraft, table: TableDraft, number: number): boolean {
    const line = this.#line;
    this.#matches.length = 0;
    this.#protocol = this.#source = this.#destination = this.#in = this.#out = this.#target = this.#to = undefined;
    let everything = 0;
    let more = line.next();
    while (more) {
      const not = line.isBang;
      if (not && !line.next()) return false;
      const { flag } = line;
      if (flag === 0 || this.#target || !line.next()) return false;
      if (flag === MATCH) {
        if (not || !this.#match()) return false;
        more = !this.#clauses.atEnd;
        continue;
      }
      if (flag === JUMP || flag === GOTO) {
        if (not || !this.#jump(flag === GOTO, table, number)) return false;
        more = !this.#clauses.atEnd;
        continue;
      }
      if (line.isQuoted || !this.#header(flag, not, chain)) return false;
      // `-s 0.0.0.0/0` leaves nothing behind, and yet must not be given twice.
      if ((everything & (1 << (flag & 31))) !== 0) return false;
      everything |= 1 << (flag & 31);
      more = line.next();
    }
    return !line.broken;
  }

  #header(flag: number, not: boolean, chain: ChainDraft): boolean {
    const { source, start, end } = this.#line;
    if (flag === SOURCE || flag === DESTINATION) {
      const value = parseAddressMask(source, this.#family, start, end);
      if (!value) return false;
      if (flag === SOURCE) this.#source = negatable(value, not);
      else this.#destination = negatable(value, not);
      return true;
    }
    const { text } = this.#line;
    if (flag === PROTOCOL) {
      this.#protocol = not || this.#matches.length > 0 ? undefined : protocolOf(text, this.#cache);
      return this.#protocol !== undefined;
    }
    if (flag !== IN && flag !== OUT) return false;
    const side = flag === IN ? "inInterface" : "outInterface";
    if (text.length > LONGEST_INTERFACE || text === "!" || text === "+" || !mayNameDevice(chain.name, side)) return false;
    if (flag === IN) this.#in = { value: text, not };
    else this.#out = { value: text, not };
    return true;
  }

  #match(): boolean {
    const use = this.#clauses.match();
    if (!use || !matchFits(use.name, this.#protocol?.value ?? 0, this.#family)) return false;
    this.#matches.push(use);
    return true;
  }

  #jump(goto: boolean, table: TableDraft, number: number): boolean {
    const line = this.#line;
    if (line.isQuoted) return false;
    const { start, end } = line;
    const again = this.#last && this.#isNamed(this.#last) ? this.#last : undefined;
    const text = again?.name ?? line.text;
    const verdict = goto || end - start > LONGEST_VERDICT ? undefined : VERDICTS.get(text);
    const found = verdict ? undefined : (again ?? table.chains.get(text));
    this.#last = found ?? this.#last;
    // A chain that is declared further on has not been there when the rule was read first.
    const chain = found && found.line < number ? found : undefined;
    if (verdict || chain) {
      // Nothing may follow: it would have to be an option of some match.
      if (end !== line.limit || (text === "DROP" && table.name === "nat") || chain?.policy) return false;
      this.#clauses.atEnd = true;
      this.#to = chain;
      this.#target = verdict ?? (this.#clauses.backend ? SOME_CHAIN : { kind: goto ? "goto" : "jump", chain: chain?.name ?? text });
      return true;
    }
    const use = goto ? undefined : this.#clauses.target();
    if (!use || !targetFits(use, this.#protocol?.value ?? 0)) return false;
    this.#target = use;
    return true;
  }
}

/** `:CHAIN - [0:0]`, where there is no such chain yet. */
function declare(source: string, number: number, table: TableDraft, summary: SummaryDraft): boolean {
  const unused = source.endsWith(UNUSED);
  const found = unused ? undefined : DECLARATION.exec(source);
  const name = unused ? source.slice(1, -UNUSED.length) : found?.[1];
  if (name === undefined || (unused && !NAME.test(name)) || isBuiltIn(table, name) || table.chains.has(name)) return false;
  const chain = addChain(table, name, number);
  chain.counters = found ? { packets: Number(found[2]), bytes: Number(found[3]) } : NO_COUNTERS;
  if (chain.counters.packets > 0) summary.counted = true;
  return true;
}
