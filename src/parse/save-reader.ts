import { type CounterPair, readSaveLine, type SaveLine, type SaveWord } from "../../grammars/iptables-save.ts";
import { quote, shortened } from "../../grammars/words.ts";
import type { Family } from "../model/address.ts";
import type { Problem, ProblemKind } from "../model/problem.ts";
import { type Ruleset, TABLE_HOOKS, type TableName } from "../model/rule.ts";
import type { ChainDraft } from "./chain-draft.ts";
import { findChainLoops } from "./chain-loops.ts";
import { MOST_PROBLEMS, TOO_MANY } from "./lines.ts";
import { lowerRule } from "./lower-rule.ts";
import { nearest } from "./nearest.ts";
import { PlainRules } from "./plain-rule.ts";
import { plainSaveLine } from "./plain-save-line.ts";
import { type Extent, endOf, type Place, problemAt } from "./position.ts";
import { RuleCache } from "./rule-cache.ts";
import { noteRule, type SummaryDraft } from "./rule-summary.ts";
import type { SourceLines } from "./source-lines.ts";
import { addChain, findChain, isBuiltIn, newTable, type TableDraft, tableName } from "./table-draft.ts";

const COMMANDS: ReadonlyMap<string, "append" | "insert" | "new" | "policy"> = new Map([
  ["-A", "append"],
  ["--append", "append"],
  ["-I", "insert"],
  ["--insert", "insert"],
  ["-N", "new"],
  ["--new-chain", "new"],
  ["-P", "policy"],
  ["--policy", "policy"],
]);

// A file for both families has these before the command of a rule that is for one of them.
const FAMILY_FLAGS: ReadonlyMap<string, Family> = new Map([
  ["-4", 4],
  ["--ipv4", 4],
  ["-6", 6],
  ["--ipv6", 6],
]);

/** Reads iptables-save output line by line; a line with a problem is left out and the next one read as if nothing had happened. */
export class SaveReader {
  readonly tables = new Map<TableName, TableDraft>();
  readonly summary: SummaryDraft = { names: new Set(), counted: false, natPorts: new Set() };
  backend: Ruleset["backend"] = "legacy";
  /** Whether any line names a table. */
  sawTable = false;
  /** The first line that has no place in the format. */
  foreign: (Place & { readonly column: number; readonly span: number }) | undefined;

  readonly #file: string;
  readonly #family: Family;
  readonly #lines: SourceLines;
  readonly #problems: Problem[] = [];
  readonly #cache = new RuleCache();
  readonly #plain: PlainRules | undefined;
  #table: TableDraft | undefined;
  /** The number of the line at hand. */
  #number = 1;
  /** Within a table that cannot be read, so that its lines are not reported one by one. */
  #skipping = false;
  /** The line before was foreign, too. */
  #inForeign = false;

  /** `plain` lines are read without the grammar, which gives the same. */
  constructor(file: string, family: Family, lines: SourceLines, plain: boolean) {
    this.#file = file;
    this.#family = family;
    this.#lines = lines;
    this.#plain = plain ? new PlainRules(lines, family, this.#cache, this.summary) : undefined;
  }

  /** Reads all lines: everything that is wrong, by line. */
  read(): readonly Problem[] {
    for (let line = 1; line <= this.#lines.count; line++) if (!this.#takePlain(line)) this.#line(line);
    this.#plain?.forget();
    return this.#finish();
  }

  #line(line: number) {
    if (this.#problems.length > MOST_PROBLEMS) return;
    const source = this.#lines.line(line);
    const read = (this.#plain && plainSaveLine(source)) ?? readSaveLine(source);
    if (read.kind === "blank") return;
    this.#number = line;
    if (this.#problems.length === MOST_PROBLEMS) return this.#report({ start: 0, end: source.length }, TOO_MANY);
    const foreign = read.kind === "foreign" || (!this.#table && !this.#skipping && read.kind !== "comment" && read.kind !== "table");
    if (foreign) this.#takeForeign(read);
    else this.#take(read);
    this.#inForeign = foreign;
  }

  #finish(): readonly Problem[] {
    const whole = this.#problems.length <= MOST_PROBLEMS;
    if (whole && (this.#table || this.#skipping))
      this.#report(endOf(this.#at), "expected COMMIT at the end of the table, found the end of the file", undefined, "commit");
    for (const table of this.tables.values()) {
      for (const { chain, rule } of findChainLoops(table)) {
        const place = { file: this.#file, line: rule.line, source: this.#lines.line(rule.line) };
        const all = { start: 0, end: place.source.length };
        this.#problems.push(
          problemAt(place, all, `the chain ${shortened(chain)} leads back into itself: the kernel refuses loops`, undefined, "loop"),
        );
      }
    }
    return this.#problems.sort((a, b) => (a.line ?? 0) - (b.line ?? 0));
  }

  #takePlain(line: number): boolean {
    if (!this.#table || !this.#plain || this.#problems.length >= MOST_PROBLEMS) return false;
    if (!this.#plain.take(line, this.#table, this.backend)) return false;
    this.#number = line;
    this.#inForeign = false;
    return true;
  }

  get #at(): Place {
    return { file: this.#file, line: this.#number, source: this.#lines.line(this.#number) };
  }

  get #suggest(): boolean {
    return this.#problems.length < 100;
  }

  #report(at: Extent, message: string, hint?: string, kind?: ProblemKind) {
    this.#problems.push(problemAt(this.#at, at, message, hint, kind));
  }

  #takeForeign(read: SaveLine) {
    const source = this.#lines.line(this.#number);
    // A line of nothing but a carriage return before its end is no blank one, and all of it is the place.
    const isBlank = source.trim() === "";
    const at = { start: isBlank ? 0 : source.length - source.trimStart().length, end: isBlank ? source.length : source.trimEnd().length };
    this.foreign ??= { ...this.#at, column: at.start + 1, span: at.end - at.start };
    // Only the first of several such lines: a page of prose is one mistake.
    if (this.#inForeign || this.#skipping) return;
    if (read.kind === "error") this.#report(read, read.message);
    else if (this.#table)
      this.#report(at, `expected a rule (-A CHAIN ...), a chain (:CHAIN POLICY) or COMMIT, found ${quote(source.trim())}`);
    else this.#report(at, `expected a table like *filter, found ${quote(source.trim())}`);
  }

  #take(read: SaveLine) {
    switch (read.kind) {
      case "comment":
        return this.#comment(read.text);
      case "table":
        return this.#startTable(read.name);
      case "commit":
        this.#table = undefined;
        this.#skipping = false;
        return;
      case "error":
        if (!this.#skipping) this.#report(read, read.message);
        return;
      case "chain":
        if (this.#table) this.#declare(this.#table, read.name, read.policy, read.counters);
        return;
      case "rule":
        if (this.#table) this.#command(this.#table, read.words, read.counters);
        return;
    }
  }

  // The first line of each table tells which program wrote it (iptables-save.c, xtables-save.c).
  #comment(text: string) {
    const generator = /^#\s*Generated by (?:nettrace as )?(\S*save)(?: v\S+( \(nf_tables\))?)?/.exec(text);
    if (!generator) return;
    if (generator[2] || /nft|xtables/.test(generator[1] ?? "")) this.backend = "nft";
  }

  #startTable(name: SaveWord) {
    if (this.#table || this.#skipping)
      this.#report(
        { start: name.start - 1, end: name.end },
        `expected COMMIT before the table ${shortened(name.text)}`,
        undefined,
        "commit",
      );
    this.sawTable = true;
    const known = tableName(name.text);
    this.#skipping = known === undefined;
    this.#table = known && (this.tables.get(known) ?? newTable(known));
    if (known && this.#table) this.tables.set(known, this.#table);
    else {
      const names = Object.keys(TABLE_HOOKS);
      const best = nearest(name.text, names);
      this.#report(name, `expected a table (${names.join(", ")}), found ${quote(name.text)}`, best && `did you mean ${best}?`);
    }
  }

  #declare(table: TableDraft, name: SaveWord, policy: SaveWord, counters: CounterPair | undefined) {
    const builtIn = isBuiltIn(table, name.text);
    const chain = table.chains.get(name.text) ?? addChain(table, name.text, this.#number);
    if (chain.line === 0) chain.line = this.#number;
    if (counters) chain.counters = counters;
    if (counters && counters.packets > 0) this.summary.counted = true;
    if (policy.text === "-") return;
    if (builtIn) this.#setPolicy(chain, policy);
    else
      this.#report(
        policy,
        `expected - for the user-defined chain ${shortened(name.text)}, found ${quote(policy.text)}`,
        "only built-in chains have a policy",
        "policy",
      );
  }

  #setPolicy(chain: ChainDraft, policy: SaveWord) {
    if (policy.text === "ACCEPT" || policy.text === "DROP") chain.policy = policy.text;
    else this.#report(policy, `expected the policy ACCEPT or DROP, found ${quote(policy.text)}`);
  }

  #command(table: TableDraft, all: SaveWord[], counters: CounterPair | undefined) {
    const at = all.findIndex((word) => !FAMILY_FLAGS.has(word.text));
    if (all.slice(0, Math.max(at, 0)).some((word) => FAMILY_FLAGS.get(word.text) !== this.#family)) return;
    const words = at > 0 ? all.slice(at) : all;
    const [word, name] = words;
    if (!word) return;
    const command = COMMANDS.get(word.text);
    if (!command) return this.#report(word, `expected -A CHAIN, found ${quote(word.text)}`);
    if (!name) return this.#report(endOf(this.#at), `expected the name of a chain after ${word.text}, found the end of the line`);
    if (command === "new") {
      if (table.chains.has(name.text)) this.#report(name, `the chain ${shortened(name.text)} exists already`);
      else addChain(table, name.text, this.#number);
      return;
    }
    const chain = findChain(table, name.text);
    if (!chain) {
      const best = this.#suggest ? nearest(name.text, table.chains.keys()) : undefined;
      return this.#report(name, `no chain named ${quote(name.text)} in the table ${table.name}`, best && `did you mean ${best}?`, "chain");
    }
    if (command === "policy") return this.#policy(table, chain, words);
    const position = command === "insert" && /^\d+$/.test(words[2]?.text ?? "") ? Number(words[2]?.text) : undefined;
    if (position !== undefined && (position < 1 || position > chain.length + 1)) {
      return this.#report(
        words[2] ?? name,
        `the chain ${shortened(chain.name)} has ${chain.length} rules: no rule can be inserted as number ${position}`,
      );
    }
    const { rules, problems } = lowerRule(
      this.#at,
      words,
      position === undefined ? 2 : 3,
      { family: this.#family, backend: this.backend, cache: this.#cache, table, chain: chain.name, suggest: this.#suggest },
      counters,
    );
    for (const problem of problems) this.#problems.push(problem);
    for (const rule of rules) noteRule(rule, chain, table, this.summary);
    if (command === "append") chain.insert(chain.length, rules);
    // Several addresses are inserted one after the other at the same place (iptables.c, insert_entry).
    else chain.insert((position ?? 1) - 1, rules.toReversed());
  }

  #policy(table: TableDraft, chain: ChainDraft, words: readonly SaveWord[]) {
    const policy = words[2];
    if (!policy) return this.#report(endOf(this.#at), "expected the policy ACCEPT or DROP, found the end of the line");
    if (isBuiltIn(table, chain.name)) this.#setPolicy(chain, policy);
    else this.#report(words[1] ?? policy, `only built-in chains have a policy, and ${shortened(chain.name)} is none`, undefined, "policy");
  }
}
