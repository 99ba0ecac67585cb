import { Composer, type Document, isAlias, isMap, isScalar, isSeq, LineCounter, type Node, Parser, type Range } from "yaml";
import type { Problem } from "../../model/problem.ts";
import type { Spot } from "../../model/test-file.ts";
import { nearest } from "../nearest.ts";

/** A key of a mapping with its value. */
interface Entry {
  readonly key: Node;
  readonly value: Node;
}

/** The entries of a mapping by key. */
export type Entries<K extends string> = ReadonlyMap<K, Entry>;

/** The entries of a mapping that has such keys, and perhaps others. */
export interface Lookup<K extends string> {
  get(key: K): Entry | undefined;
}

/** A part of a tree of tokens, as far as its depth is concerned. */
interface Token {
  readonly offset?: number;
  readonly value?: unknown;
  readonly items?: readonly { readonly key?: unknown; readonly value?: unknown }[];
}

/** No test needs more; the composer calls itself for each level. */
const DEEPEST = 32;

/** Room for twenty thousand tests; what is longer is something else, which would take long to read. */
const LONGEST = 1 << 20;

/** A YAML document that is read key by key; whatever is not as expected becomes a problem with its place. */
export class YamlReader {
  readonly problems: Problem[] = [];
  readonly root: Node | undefined;
  readonly #file: string;
  readonly #text: string;
  readonly #lines: readonly string[];
  readonly #counter = new LineCounter();
  readonly #document: Document.Parsed | undefined;

  constructor(text: string, file: string) {
    this.#file = file;
    this.#text = text;
    this.#lines = text.split("\n").map((line) => (line.endsWith("\r") ? line.slice(0, -1) : line));
    if (text.length > LONGEST) {
      this.problems.push({ ...this.#at(0, 1), message: `a test file has at most ${LONGEST.toLocaleString("en-US")} characters` });
      return;
    }
    const tokens = [...new Parser(this.#counter.addNewLine).parse(text)];
    const deep = deeper(tokens, DEEPEST);
    if (deep) {
      const at = deep.offset ?? 0;
      this.problems.push({ ...this.#at(at, at + 1), message: "this is nested more deeply than anything in a test file" });
      return;
    }
    const [document, second] = [...new Composer({ prettyErrors: false }).compose(tokens)] as Document.Parsed[];
    this.#document = document;
    for (const { pos, message } of [...(document?.errors ?? []), ...(document?.warnings ?? [])]) {
      this.problems.push({ ...this.#at(pos[0], Math.max(pos[1], pos[0] + 1)), message: `this is not valid YAML: ${cut(message, 200)}` });
    }
    if (second) this.problems.push({ ...this.#at(...rangeOf(second)), message: "expected one YAML document, found a second one" });
    this.root = document?.contents ?? undefined;
  }

  /** Where a node stands. */
  spot(node: Node): Spot {
    return this.#at(...rangeOf(node));
  }

  /** Where a part of a text node stands; the whole where it is not written in one piece. */
  spotIn(node: Node, start: number, end: number): Spot {
    const [from] = rangeOf(node);
    const text = isScalar(node) ? String(node.value) : "";
    const offset = this.#text.indexOf(text, from) - from;
    return offset === 0 || offset === 1 ? this.#at(from + offset + start, from + offset + end) : this.spot(node);
  }

  /** Takes note of a problem with a node. */
  report(at: Node | Spot, message: string, hint?: string): undefined {
    const spot = "file" in at ? at : this.spot(at);
    this.problems.push({ ...spot, message, ...(hint !== undefined && { hint }) });
    return undefined;
  }

  /** What an alias stands for, or the node itself. */
  resolve(node: Node): Node {
    if (!isAlias(node) || !this.#document) return node;
    const target = node.resolve(this.#document);
    if (!target) this.report(node, `there is no anchor &${cut(node.source, 60)} before this`);
    return target ?? node;
  }

  /** The entries of a mapping, which may have these keys only. */
  entries<K extends string>(node: Node, keys: readonly K[], what: string): Entries<K> | undefined {
    const map = this.resolve(node);
    if (!isMap(map)) return this.report(node, `expected ${what}, a mapping with the keys ${keys.join(", ")}; found ${this.found(map)}`);
    const found = new Map<K, Entry>();
    for (const { key, value } of map.items as { key: Node; value: Node | null }[]) {
      const name = isScalar(key) ? String(key.value) : "";
      const known = keys.find((candidate) => candidate === name);
      const best = nearest(name, keys);
      if (known === undefined)
        this.report(key, `expected one of ${keys.join(", ")}; found ${this.found(key)}`, best && `did you mean ${best}?`);
      else if (!value || isEmpty(value)) this.report(key, `nothing stands after ${name}:`);
      else found.set(known, { key, value });
    }
    return found;
  }

  /** A text or number as it is written. */
  text(node: Node, expected: string): string | undefined {
    const scalar = this.resolve(node);
    if (!isScalar(scalar) || isEmpty(scalar)) {
      const hint = isSeq(scalar) || isMap(scalar) ? "a text that begins with [ or { needs quotes" : undefined;
      return this.report(node, `expected ${expected}, found ${this.found(scalar)}`, hint);
    }
    const { value, source } = scalar;
    return (typeof value === "string" ? value : (source ?? String(value))).trim();
  }

  /** The members of a sequence; a node that is none counts as its only member. */
  members(node: Node): readonly Node[] {
    const seq = this.resolve(node);
    return isSeq(seq) ? (seq.items as Node[]) : [node];
  }

  /** A node in words, for "found …". */
  found(node: Node): string {
    if (isMap(node)) return "a mapping";
    if (isSeq(node)) return "a list";
    if (isAlias(node)) return `*${cut(node.source, 60)}`;
    if (!isScalar(node) || isEmpty(node)) return "nothing";
    const text = typeof node.value === "string" ? node.value : (node.source ?? String(node.value));
    return quote(text);
  }

  #at(start: number, end: number): Spot {
    const { line, col } = this.#counter.linePos(Math.min(start, this.#text.length));
    const number = Math.max(1, line);
    const source = this.#lines[number - 1] ?? "";
    const column = Math.min(Math.max(1, col), source.length + 1);
    const span = Math.max(1, Math.min(end - start, source.length - column + 1));
    return { file: this.#file, line: number, column, span, source };
  }
}

/** A text in quotes, as much of it as a message has room for. */
export function quote(text: string): string {
  return JSON.stringify(cut(text, 60));
}

function cut(text: string, most: number): string {
  return text.length > most ? `${text.slice(0, most - 1)}…` : text;
}

function rangeOf(node: { readonly range?: Range | null | undefined }): [start: number, end: number] {
  return [node.range?.[0] ?? 0, node.range?.[1] ?? 0];
}

function isEmpty(node: Node): boolean {
  return isScalar(node) && (node.value === null || node.value === "");
}

/** The first token below so many levels. */
function deeper(tokens: readonly unknown[], most: number): Token | undefined {
  let level = tokens as readonly Token[];
  for (let depth = 0; level.length > 0 && depth <= 2 * most; depth++) {
    level = level.flatMap(({ value, items = [] }) => {
      const below = [value, ...items.flatMap((item) => [item.key, item.value])];
      return below.filter((one): one is Token => typeof one === "object" && one !== null);
    });
  }
  return level[0];
}
