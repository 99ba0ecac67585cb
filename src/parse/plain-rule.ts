import { LONGEST_LINE } from "../../grammars/words.ts";
import type { AddressMask, Family } from "../model/address.ts";
import type { MatchUse, Negatable, TargetUse } from "../model/rule.ts";
import type { RuleDraft } from "./lower-rule.ts";
import { PlainClauses } from "./plain-clauses.ts";
import { PlainLine } from "./plain-line.ts";
import { matchFits, targetFits } from "./protocol-checks.ts";
import { parseAddressMask } from "./rule-address.ts";
import type { RuleCache } from "./rule-cache.ts";
import { LONGEST_INTERFACE, mayNameDevice, negatable } from "./rule-header.ts";
import { VERDICTS } from "./rule-target.ts";
import { addChain, type ChainDraft, isBuiltIn, type TableDraft } from "./table-draft.ts";

const letter = (text: string) => text.charCodeAt(0);
const [SOURCE, DESTINATION, PROTOCOL, IN, OUT] = ["s", "d", "p", "i", "o"].map(letter);
const [MATCH, JUMP, GOTO, APPEND, BRACKET] = ["m", "j", "g", "A", "["].map(letter);
const COLON = letter(":");
/** Arrays of so few rules are kept no larger than they are: a ruleset has chains by the ten thousand. */
const FEW = 16;
const NO_MATCHES: readonly MatchUse[] = [];

/**
 * Reads rules of the shape that iptables-save itself gives nearly all of them: `-A CHAIN`, addresses, devices, protocol, matches, target, each once, in which
 * nothing is wrong. Any other rule is left to the grammar and to lowerRule, which say the same of these, only slower; so nothing is reported from here.
 */
export class PlainRules {
  readonly #line = new PlainLine();
  readonly #clauses: PlainClauses;
  readonly #cache: RuleCache;
  readonly #family: Family;
  readonly #matches: MatchUse[] = [];
  #table: TableDraft | undefined;
  #chain: ChainDraft | undefined;
  #protocol: Negatable<number> | undefined;
  #source: Negatable<AddressMask> | undefined;
  #destination: Negatable<AddressMask> | undefined;
  #in: Negatable<string> | undefined;
  #out: Negatable<string> | undefined;
  #target: TargetUse | undefined;

  constructor(family: Family, cache: RuleCache) {
    this.#family = family;
    this.#cache = cache;
    this.#clauses = new PlainClauses(this.#line, family, cache);
  }

  /** Adds the rule of a line to its chain; false, and nothing is done, where it is not plain. */
  take(source: string, number: number, table: TableDraft, backend: "legacy" | "nft"): boolean {
    if (source.charCodeAt(0) === COLON) return declare(source, number, table);
    const start = source.charCodeAt(0) === BRACKET ? source.indexOf(" ") + 1 : 0;
    if (source.charCodeAt(start) !== letter("-") || source.charCodeAt(start + 1) !== APPEND || source.length > LONGEST_LINE) return false;
    const counters = start > 0 ? /^\[(\d{1,15}):(\d{1,15})\] $/.exec(source.slice(0, start)) : undefined;
    if (counters === null) return false;
    this.#line.open(source, start);
    this.#clauses.backend = backend;
    if (!this.#line.next() || this.#line.flag !== APPEND || !this.#line.next()) return false;
    const chain = this.#chainOf(table);
    if (!chain || !this.#read(chain, table)) return false;
    const text = start === 0 ? source : source.slice(start);
    const rule: RuleDraft = { number: 0, line: number, text, matches: this.#matches.length > 0 ? this.#matches.slice() : NO_MATCHES };
    if (counters) rule.counters = { packets: Number(counters[1]), bytes: Number(counters[2]) };
    if (this.#protocol) rule.protocol = this.#protocol;
    if (this.#source) rule.source = this.#source;
    if (this.#destination) rule.destination = this.#destination;
    if (this.#in) rule.inInterface = this.#in;
    if (this.#out) rule.outInterface = this.#out;
    if (this.#target) rule.target = this.#target;
    if (chain.rules.length === 0) chain.rules = [rule];
    else chain.rules.push(rule);
    return true;
  }

  // Rules of a chain mostly stand together.
  #chainOf(table: TableDraft): ChainDraft | undefined {
    const { source, start, end } = this.#line;
    if (this.#line.isQuoted) return undefined;
    const last = this.#table === table ? this.#chain : undefined;
    if (last && end - start === last.name.length && source.startsWith(last.name, start)) return last;
    if (this.#chain && this.#chain.rules.length < FEW) this.#chain.rules = this.#chain.rules.slice();
    this.#table = table;
    this.#chain = table.chains.get(this.#line.text);
    return this.#chain;
  }

  #read(chain: ChainDraft, table: TableDraft): boolean {
    const line = this.#line;
    this.#matches.length = 0;
    this.#protocol = this.#source = this.#destination = this.#in = this.#out = this.#target = undefined;
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
        if (not || !this.#jump(flag === GOTO, table)) return false;
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
    const { text } = this.#line;
    if (flag === SOURCE || flag === DESTINATION) {
      const value = parseAddressMask(text, this.#family);
      if (!value) return false;
      if (flag === SOURCE) this.#source = negatable(value, not);
      else this.#destination = negatable(value, not);
      return true;
    }
    if (flag === PROTOCOL) {
      this.#protocol = not || this.#matches.length > 0 ? undefined : this.#cache.protocols.get(text);
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

  #jump(goto: boolean, table: TableDraft): boolean {
    const line = this.#line;
    if (line.isQuoted) return false;
    const { text, end } = line;
    const verdict = goto ? undefined : VERDICTS.get(text);
    const chain = verdict ? undefined : table.chains.get(text);
    if (verdict || chain) {
      // Nothing may follow: it would have to be an option of some match.
      if (end !== line.source.length || (text === "DROP" && table.name === "nat") || chain?.policy) return false;
      this.#clauses.atEnd = true;
      this.#target = verdict ?? { kind: goto ? "goto" : "jump", chain: chain?.name ?? text };
      return true;
    }
    const use = goto ? undefined : this.#clauses.target();
    if (!use || !targetFits(use, this.#protocol?.value ?? 0)) return false;
    this.#target = use;
    return true;
  }
}

/** `:CHAIN - [0:0]`, where there is no such chain yet. */
function declare(source: string, number: number, table: TableDraft): boolean {
  const found = /^:([A-Za-z][^ \t"]*) - \[(\d{1,15}):(\d{1,15})\]$/.exec(source);
  const name = found?.[1];
  if (!found || name === undefined || isBuiltIn(table, name) || table.chains.has(name)) return false;
  addChain(table, name, number).counters = { packets: Number(found[2]), bytes: Number(found[3]) };
  return true;
}
