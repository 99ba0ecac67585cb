import { type ConntrackEntry, type ConntrackPair, readConntrackLine } from "../../grammars/conntrack.ts";
import { shortened, type Word } from "../../grammars/words.ts";
import type { ConntrackLine } from "../model/host.ts";
import type { Parsed, Problem } from "../model/problem.ts";
import { Reading } from "./conntrack-reading.ts";
import { readTuple, splitTuples } from "./conntrack-tuple.ts";
import { lineProblem, significantLines } from "./lines.ts";

// What the conntrack program says about itself, on standard error.
const SUMMARY = /^conntrack v\S+ \(conntrack-tools\): /;

/** Reads `conntrack -L`, also with `-o extended` or `-o id`, and /proc/net/nf_conntrack. */
export function parseConntrack(text: string, file: string): Parsed<readonly ConntrackLine[]> {
  const value: ConntrackLine[] = [];
  const problems: Problem[] = [];
  for (const line of significantLines(text, file, problems)) {
    if (SUMMARY.test(line.text)) continue;
    const read = readConntrackLine(line.text);
    for (const fault of read.faults) problems.push(lineProblem(file, line, fault));
    if (!read.value) continue;
    const reading = new Reading(file, line, problems);
    const entry = entryOf(reading, read.value);
    if (entry && !reading.failed) value.push(entry);
  }
  return { value, problems };
}

interface Header {
  readonly protocol: number;
  readonly timeout?: number;
  readonly state?: string;
}

function readHeader(reading: Reading, words: readonly Word[], next: Word | undefined): Header | undefined {
  const rest = /^ipv[46]$/.test(words[0]?.text ?? "") ? words.slice(2) : words.slice();
  const name = rest.shift();
  if (!name) return reading.expected("the name of a protocol", next);
  const number = rest.shift();
  if (!number || !/^\d{1,3}$/.test(number.text) || Number(number.text) > 255) {
    return reading.expected(`the number of the protocol after ${shortened(name.text)}`, number ?? next);
  }
  // Offloaded connections have no timeout.
  const timeout = /^\d+$/.test(rest[0]?.text ?? "") ? Number(rest.shift()?.text) : undefined;
  const state = rest.shift();
  if (state && !/^[A-Z][A-Z0-9_]*$/.test(state.text)) return reading.expected("a timeout, a state or src=", state);
  if (rest[0]) return reading.expected("src=", rest[0]);
  return { protocol: Number(number.text), ...(timeout === undefined ? {} : { timeout }), ...(state ? { state: state.text } : {}) };
}

/** Packets and octets stand behind the tuple of their direction. */
function countersOf(reading: Reading, pairs: readonly ConntrackPair[]): Pick<ConntrackLine, "counters"> {
  const of = (key: string) => pairs.filter((pair) => pair.key.text === key).map((pair) => reading.number(pair));
  const [packets, reversed] = of("packets");
  const [octets, octetsBack] = of("bytes");
  if (packets === undefined || octets === undefined || reversed === undefined || octetsBack === undefined) return {};
  return { counters: { original: [packets, octets], reply: [reversed, octetsBack] } };
}

function entryOf(reading: Reading, { header, pairs, flags }: ConntrackEntry): ConntrackLine | undefined {
  const head = readHeader(reading, header, pairs[0]?.key);
  if (!head) return undefined;
  const { protocol, ...timing } = head;
  const [first, second, rest] = splitTuples(pairs);
  const original = readTuple(reading, first, protocol, "original");
  const reply = original && readTuple(reading, second, protocol, "reply");
  if (!original || !reply) return undefined;
  const values = new Map(rest.map((pair) => [pair.key.text, pair]));
  const number = (key: string) => {
    const pair = values.get(key);
    return pair && reading.number(pair);
  };
  const helper = values.get("helper")?.value.text;
  const mark = number("mark") ?? 0;
  const zoneDirection = values.has("zone-orig") ? "orig" : values.has("zone-reply") ? "reply" : undefined;
  const zone = number("zone") ?? number("zone-orig") ?? number("zone-reply") ?? 0;
  const names = flags.map((flag) => flag.text.slice(1, -1));
  return {
    original,
    reply,
    ...timing,
    flags: names,
    mark,
    zone,
    ...(zoneDirection ? { zoneDirection } : {}),
    ...(helper === undefined ? {} : { helper }),
    ...countersOf(reading, pairs),
  };
}
