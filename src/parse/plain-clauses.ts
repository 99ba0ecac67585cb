import type { SaveWord } from "../../grammars/iptables-save.ts";
import { matchSpec, targetSpec } from "../extensions/registry.ts";
import type { MatchSpec, TargetSpec } from "../extensions/spec.ts";
import type { Family } from "../model/address.ts";
import type { MatchUse } from "../model/rule.ts";
import { checkUse, type ExtensionTarget, entryOf, matchUse, openUse, readOption } from "./extension-use.ts";
import { EXTENSION_FAMILY } from "./known-extensions.ts";
import type { PlainLine } from "./plain-line.ts";
import { Recent, type RuleCache } from "./rule-cache.ts";
import { RuleWords } from "./rule-words.ts";

const BANG = 33;
const HYPHEN = 45;

/** A match of which the value is not looked at. */
interface Unread {
  readonly flag: string;
  readonly use: MatchUse;
}

/** Reads `-m NAME ...` and `-j NAME ...` of a line of plain shape, or recalls what an earlier line with the same words said; undefined for what is not plain. */
export class PlainClauses {
  /** The clause was the last of its line; otherwise the line stands at the word behind it. */
  atEnd = false;
  /** Undefined for lines that were read before, so that nothing can be wrong with them, and now all that they say is wanted. */
  backend: "legacy" | "nft" | undefined;
  readonly #line: PlainLine;
  readonly #family: Family;
  readonly #cache: RuleCache;
  /** By the text of the whole clause: `tcp --dport 80`. Apart from what lowerRule keeps, which must not learn of rules that are refused in the end. */
  readonly #matches = new Recent<MatchUse>();
  readonly #targets = new Recent<ExtensionTarget>();
  readonly #matchSpecs = new Map<string, MatchSpec | undefined>();
  readonly #targetSpecs = new Map<string, TargetSpec | undefined>();
  /** By the name of a match, what is to be checked of it where its one value can be any word. */
  readonly #unread = new Map<string, Unread | undefined>();
  /** Where the clause at hand begins and ends, how many words it has, and where in it the first ones end. */
  #start = 0;
  #end = 0;
  #count = 0;
  #first = 0;
  #second = 0;

  constructor(line: PlainLine, family: Family, cache: RuleCache) {
    this.#line = line;
    this.#family = family;
    this.#cache = cache;
  }

  forget(): void {
    this.#matches.clear();
    this.#targets.clear();
  }

  /** The match that the word at hand names. */
  match(): MatchUse | undefined {
    if (!this.#clause()) return undefined;
    const unread = this.backend && this.#count === 3 ? this.#anyWord() : undefined;
    if (unread) return unread;
    const key = this.#key;
    const known = this.#matches.get(key);
    if (known) return known;
    const spec = this.#spec(key.slice(0, this.#first), this.#matchSpecs, matchSpec);
    const use = spec && this.#count === 3 ? this.#short(key, spec) : this.#read(key, spec);
    return use && this.#matches.set(key, use);
  }

  /** The target that the word at hand names. */
  target(): ExtensionTarget | undefined {
    if (!this.#clause()) return undefined;
    const key = this.#key;
    const known = this.#targets.get(key);
    if (known) return known;
    const spec = this.#spec(key.slice(0, this.#first), this.#targetSpecs, targetSpec);
    const use = spec && this.#count === 3 ? this.#short(key, spec) : this.#read(key, spec);
    return use && this.#targets.set(key, { kind: "extension", ...use });
  }

  get #key(): string {
    return this.#line.source.slice(this.#start, this.#end);
  }

  /** Looks where the clause that begins with the word at hand ends: at the next flag of iptables itself. */
  #clause(): boolean {
    const line = this.#line;
    const { start, limit } = line;
    let { end } = line;
    let last = start;
    this.#count = 1;
    this.#first = end - start;
    for (;;) {
      this.atEnd = end >= limit;
      if (this.atEnd) break;
      if (!line.next()) return false;
      if (line.isBang) {
        const bang = line.start;
        if (!line.next()) return false;
        if (line.isRuleFlag) {
          // It may be the value that an option asks for.
          if (line.source.charCodeAt(last) === HYPHEN) return false;
          line.end = bang - 1;
          line.next();
          break;
        }
        this.#count++;
      } else if (line.isRuleFlag) break;
      ({ end, start: last } = line);
      if (++this.#count === 2) this.#second = end - start;
    }
    this.#start = start;
    this.#end = end;
    return true;
  }

  // Comments are most of what large rulesets say, and as long as rules are only checked nobody asks which.
  #anyWord(): MatchUse | undefined {
    const { source } = this.#line;
    const name = source.slice(this.#start, this.#start + this.#first);
    if (!this.#unread.has(name)) this.#unread.set(name, this.#unreadOf(name));
    const unread = this.#unread.get(name);
    const second = this.#start + this.#second;
    const isWhole = unread && second - this.#start - this.#first - 1 === unread.flag.length && this.#end > second + 1;
    return isWhole && source.startsWith(unread.flag, second - unread.flag.length) && source.charCodeAt(second + 1) !== BANG
      ? unread.use
      : undefined;
  }

  #unreadOf(name: string): Unread | undefined {
    const spec = this.#spec(name, this.#matchSpecs, matchSpec);
    const options = spec ? Object.values(spec.options) : [];
    const [only] = options;
    if (!spec || spec.check || options.length !== 1 || !only?.codec.takesAny || only.many) return undefined;
    return { flag: only.flag, use: { name: spec.name, words: [] } };
  }

  #spec<S>(name: string, known: Map<string, S | undefined>, find: (name: string, family: Family) => S | undefined): S | undefined {
    if (known.has(name)) return known.get(name);
    const spec = (EXTENSION_FAMILY.get(name) ?? this.#family) === this.#family ? find(name, this.#family) : undefined;
    known.set(name, spec);
    return spec;
  }

  // What nearly all clauses are: `comment --comment "..."`, one option with one value.
  #short(key: string, spec: MatchSpec | TargetSpec): MatchUse | undefined {
    const flag = key.slice(this.#first + 1, this.#second);
    const flags = this.#cache.flags(spec);
    const entry = flags.byFlag.get(flag);
    const raw = key.slice(this.#second + 1);
    if (!entry || raw === "!" || entry.option.many || entry.option.codec.optional || entry.option.codec.words !== 1)
      return this.#read(key, spec);
    const value = entry.option.codec.parse([raw.startsWith('"') ? raw.slice(1, -1) : raw], this.#family);
    if (value === undefined || flags.required.some((needed) => needed !== entry)) return undefined;
    const args = { [entry.key]: { value, not: false } };
    if (this.backend && spec.check?.(args as never, this.backend) !== undefined) return undefined;
    return { name: spec.name, args, words: [flag, raw] };
  }

  #read(key: string, spec: MatchSpec | TargetSpec | undefined): MatchUse | undefined {
    const words = key.includes('"') ? quotedWords(key) : plainWords(key);
    const [by] = words;
    if (!by || !spec) return undefined;
    const rule = new RuleWords({ file: "", line: 0, source: key }, words, 1);
    const use = openUse(by.text, spec, by);
    use.key = key;
    use.length = words.length - 1;
    for (let word = rule.next; word; word = rule.next) {
      const bang = word.text === "!" ? rule.take() : undefined;
      const flag = rule.next;
      const entry = flag && entryOf(use, flag.text, this.#cache);
      if (!entry) return undefined;
      readOption(rule, use, entry, bang, this.#family);
    }
    if (this.backend) checkUse(rule, use, { cache: this.#cache, backend: this.backend });
    return rule.problems.length === 0 && use.words.length === use.length ? matchUse(use) : undefined;
  }
}

function plainWords(text: string): SaveWord[] {
  const words: SaveWord[] = [];
  for (let start = 0; start <= text.length; ) {
    const blank = text.indexOf(" ", start);
    const end = blank < 0 ? text.length : blank;
    words.push({ text: text.slice(start, end), start, end });
    start = end + 1;
  }
  return words;
}

function quotedWords(text: string): SaveWord[] {
  const words: SaveWord[] = [];
  for (let start = 0; start < text.length; ) {
    const quoted = text.charCodeAt(start) === 34;
    const found = quoted ? text.indexOf('"', start + 1) + 1 : text.indexOf(" ", start);
    const end = found <= 0 ? text.length : found;
    words.push({ text: quoted ? text.slice(start + 1, end - 1) : text.slice(start, end), start, end });
    start = end + 1;
  }
  return words;
}
