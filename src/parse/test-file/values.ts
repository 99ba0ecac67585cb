import type { Node } from "yaml";
import { type Prefix, parsePrefix } from "../../model/address.ts";
import { PROTOCOL } from "../../model/packet.ts";
import { nearest } from "../nearest.ts";
import { quote, type YamlReader } from "./yaml-reader.ts";

const UNITS: Readonly<Record<string, bigint>> = {
  ms: 1_000_000n,
  s: 1_000_000_000n,
  m: 60_000_000_000n,
  min: 60_000_000_000n,
  h: 3_600_000_000_000n,
  d: 86_400_000_000_000n,
};
const MICROSECONDS = 1_000_000;

/** One of several words. */
export function readChoice<T extends string>(reader: YamlReader, node: Node, choices: readonly T[], what: string): T | undefined {
  const text = reader.text(node, `${what} (${choices.join(", ")})`);
  if (text === undefined) return undefined;
  const found = choices.find((choice) => choice.toLowerCase() === text.toLowerCase());
  if (found !== undefined) return found;
  const best = nearest(text, choices);
  return reader.report(node, `expected ${what} (${choices.join(", ")}), found ${quote(text)}`, best && `did you mean ${best}?`);
}

/** A whole number up to a greatest one. */
export function readNumber(reader: YamlReader, node: Node, what: string, most: number): number | undefined {
  const text = reader.text(node, what);
  if (text === undefined) return undefined;
  const value = /^\d+$/.test(text) ? Number(text) : Number.NaN;
  return value <= most ? value : reader.report(node, `expected ${what} up to ${most}, found ${quote(text)}`);
}

/** Yes or no. */
export function readFlag(reader: YamlReader, node: Node): boolean | undefined {
  const text = reader.text(node, "true or false");
  if (text === undefined) return undefined;
  return text === "true" || text === "false" ? text === "true" : reader.report(node, `expected true or false, found ${quote(text)}`);
}

/** An address or prefix. */
export function readPrefix(reader: YamlReader, node: Node): Prefix | undefined {
  const expected = "an address or a prefix like 10.0.0.0/8";
  const text = reader.text(node, expected);
  return text === undefined ? undefined : (parsePrefix(text) ?? reader.report(node, `expected ${expected}, found ${quote(text)}`));
}

/** A protocol by name or number. */
export function readProtocol(reader: YamlReader, node: Node): number | undefined {
  const expected = "a protocol: tcp, udp, icmp, another name or a number";
  const text = reader.text(node, expected);
  if (text === undefined) return undefined;
  const known: Readonly<Record<string, number>> = PROTOCOL;
  const name = text.toLowerCase();
  const number = Object.hasOwn(known, name) ? known[name] : /^\d{1,3}$/.test(text) ? Number(text) : undefined;
  if (number !== undefined && number <= 0xff) return number;
  const best = nearest(text, Object.keys(known));
  return reader.report(node, `expected ${expected}; found ${quote(text)}`, best && `did you mean ${best}?`);
}

/** A span of time in nanoseconds: "90s", "1.5 s", "10m". */
export function readSpan(reader: YamlReader, node: Node): bigint | undefined {
  const expected = "a span of time: 20ms, 90s, 10m, 2h or 1d";
  const text = reader.text(node, expected);
  if (text === undefined) return undefined;
  const [, digits, unit = ""] = /^(\d{1,9}(?:\.\d{1,6})?)\s*([a-z]+)$/.exec(text) ?? [];
  const nanoseconds = Object.hasOwn(UNITS, unit) ? UNITS[unit] : undefined;
  if (digits === undefined || nanoseconds === undefined) return reader.report(node, `expected ${expected}; found ${quote(text)}`);
  return (BigInt(Math.round(Number(digits) * MICROSECONDS)) * nanoseconds) / BigInt(MICROSECONDS);
}

/** A moment in nanoseconds since the epoch, as RFC 3339 writes it. */
export function readTime(reader: YamlReader, node: Node): bigint | undefined {
  const expected = "a time like 2026-11-20T12:00:00Z or 2026-11-20T13:00:00+01:00";
  const text = reader.text(node, expected);
  if (text === undefined) return undefined;
  const milliseconds = /^\d{4}-\d\d-\d\dT\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:Z|[+-]\d\d:\d\d)$/i.test(text) ? Date.parse(text) : Number.NaN;
  if (!(milliseconds >= 0)) return reader.report(node, `expected ${expected}, found ${quote(text)}`);
  return BigInt(milliseconds) * 1_000_000n;
}
