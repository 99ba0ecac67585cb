import { attributeReader } from "../../grammars/attributes.ts";
import { quote, type Word } from "../../grammars/words.ts";
import type { Parsed, Problem } from "../model/problem.ts";
import { lineProblem, significantLines } from "./lines.ts";

/** A rule as `iptables -L` shows it: a summary, which leaves out what has no column and no words. */
interface ListedRule {
  readonly number: number;
  readonly packets?: number;
  readonly bytes?: number;
  /** Absent for a rule without target. */
  readonly target?: string;
  readonly protocol: string;
  readonly options: string;
  readonly in?: string;
  readonly out?: string;
  readonly source: string;
  readonly destination: string;
  /** The matches and the target's options, in the words of the extensions. */
  readonly rest: string;
}

/** A chain as `iptables -L` shows it. */
export interface ListedChain {
  readonly name: string;
  readonly policy?: string;
  readonly references?: number;
  readonly packets?: number;
  readonly bytes?: number;
  readonly rules: ListedRule[];
}

const CHAIN = /^Chain (\S+) \((?:policy (\S+)(?: (\d+[KMGT]?) packets, (\d+[KMGT]?) bytes)?|(\d+) references)\)\s*$/;
const COUNT = /^(\d+)([KMGT]?)$/;
// iptables xshared.c, print_num: thousands, not 1024.
const UNITS: Readonly<Record<string, number>> = { "": 1, K: 1e3, M: 1e6, G: 1e9, T: 1e12 };
const ADDRESS =
  /^!?(?:anywhere|[0-9a-fA-F]*:[0-9a-fA-F:.]*(?:\/\S+)?|\d{1,3}(?:\.\d{1,3}){3}(?:\/\S+)?|[A-Za-z0-9][\w.-]*\.[\w.-]+(?:\/\S+)?|localhost(?:\/\S+)?)$/;
const OPTIONS = /^(?:--|!?-f|!f)$/;
const EXPECTED = "a rule: target, protocol, options, source and destination";
const readWords = attributeReader([], 0, EXPECTED);

function count(text: string | undefined): number | undefined {
  const [, digits, unit = ""] = COUNT.exec(text ?? "") ?? [];
  return digits === undefined ? undefined : Number(digits) * (UNITS[unit] ?? 1);
}

/** Which columns the heading of a chain has. */
interface Columns {
  readonly numbers: boolean;
  readonly counters: boolean;
  readonly devices: boolean;
}

function columnsOf(heading: string): Columns | undefined {
  const words = heading.trim().split(/\s+/);
  if (!words.includes("target") || !words.includes("source") || !words.includes("destination")) return undefined;
  return { numbers: words.includes("num"), counters: words.includes("pkts"), devices: words.includes("in") };
}

function chainOf(match: RegExpExecArray): ListedChain {
  const [, name = "", policy, packets, bytes, references] = match;
  const counted = packets === undefined ? {} : { packets: count(packets) ?? 0, bytes: count(bytes) ?? 0 };
  return {
    name,
    ...(policy !== undefined && { policy }),
    ...counted,
    ...(references !== undefined && { references: Number(references) }),
    rules: [],
  };
}

/** Reads a rule; what is wrong with it comes back as the word and what was expected there. */
function ruleOf(words: readonly Word[], line: string, columns: Columns, number: number): ListedRule | readonly [Word, string] {
  const texts = words.map(({ text }) => text);
  const last = words.at(-1) ?? { text: "", column: 1 };
  let at = columns.numbers ? 1 : 0;
  if (columns.numbers && !/^\d+$/.test(texts[0] ?? "")) return [words[0] ?? last, "expected the number of a rule"];
  const [packets, bytes] = columns.counters ? [count(texts[at]), count(texts[at + 1])] : [];
  if (columns.counters && (packets === undefined || bytes === undefined)) {
    const bad = words[packets === undefined ? at : at + 1] ?? last;
    return [bad, `expected a counter (12, 34K), found ${quote(bad.text)}`];
  }
  if (columns.counters) at += 2;
  const devices = columns.devices ? 2 : 0;
  // Target and options may be blank, and a chain may be named like anything: the addresses tell where the columns are.
  const source = [1, 2, 3]
    .map((before) => at + before + devices)
    .find((one) => ADDRESS.test(texts[one] ?? "") && ADDRESS.test(texts[one + 1] ?? ""));
  if (source === undefined) return [words[at] ?? last, `expected ${EXPECTED}`];
  const named = texts.slice(at, source - devices);
  const options = OPTIONS.test(named.at(-1) ?? "") && named.length > 1 ? (named.pop() ?? "") : "";
  const protocol = named.pop() ?? "";
  const target = named.pop();
  const behind = words[source + 2];
  return {
    number,
    ...(packets !== undefined && bytes !== undefined && { packets, bytes }),
    ...(target !== undefined && { target }),
    ...{ protocol, options },
    ...(columns.devices && { in: texts[source - 2] ?? "", out: texts[source - 1] ?? "" }),
    ...{ source: texts[source] ?? "", destination: texts[source + 1] ?? "" },
    rest: behind ? line.slice(behind.column - 1).trim() : "",
  };
}

/** Reads `iptables -L` and `ip6tables -L`, with `-n`, `-v` and `--line-numbers` or without. */
export function parseIptablesList(text: string, file: string): Parsed<ListedChain[]> {
  const chains: ListedChain[] = [];
  const problems: Problem[] = [];
  let columns: Columns | undefined;
  for (const line of significantLines(text, file, problems)) {
    const report = ({ text: found, column }: Word, message: string) =>
      problems.push(lineProblem(file, line, { message, column, span: Math.max(1, found.length) }));
    const opened = CHAIN.exec(line.text);
    if (opened) {
      chains.push(chainOf(opened));
      columns = undefined;
      continue;
    }
    const { value, faults } = readWords(line.text);
    for (const fault of faults) problems.push(lineProblem(file, line, fault));
    const words = value?.attributes.map(({ name }) => name) ?? [];
    const [first] = words;
    const chain = chains.at(-1);
    if (!first) continue;
    if (!chain) report(first, `expected a chain (Chain INPUT (policy ACCEPT)), found ${quote(first.text)}`);
    else if (!columns) {
      columns = columnsOf(line.text);
      if (!columns)
        report(first, `expected the headings of the columns (target, prot, opt, source, destination), found ${quote(first.text)}`);
    } else {
      const rule = ruleOf(words, line.text, columns, chain.rules.length + 1);
      if ("rest" in rule) chain.rules.push(rule);
      else report(...rule);
    }
  }
  return { value: chains, problems };
}
