import { isMap, type Node } from "yaml";
import { parseAddress } from "../../model/address.ts";
import type { Expectation, ExpectedEndpoint, RuleReference } from "../../model/test-file.ts";
import { CT_STATES, type Verdict } from "../../model/trace.ts";
import { readRuleReference } from "./rule-reference.ts";
import { readChoice, readNumber } from "./values.ts";
import { quote, type YamlReader } from "./yaml-reader.ts";

const VERDICTS: readonly Verdict[] = ["delivered", "forwarded", "dropped", "rejected", "queued", "unknown"];
const PACKET_KEYS = ["verdict", "rule", "matches", "reason", "dnat", "snat", "out", "netns", "state"] as const;
const CAPTURE_KEYS = [...PACKET_KEYS, "count"] as const;

/** Reads what stands after `expect:`, a mapping or a verdict alone; only a capture has packets to count. */
export function readExpectation(reader: YamlReader, node: Node, of: "packet" | "capture"): Expectation | undefined {
  const map = reader.resolve(node);
  if (!isMap(map)) {
    const verdict = readVerdicts(reader, node);
    return verdict && { verdict };
  }
  const keys: readonly (typeof CAPTURE_KEYS)[number][] = of === "capture" ? CAPTURE_KEYS : PACKET_KEYS;
  const entries = reader.entries(map, keys, "what is to become of it");
  if (!entries) return undefined;
  if (entries.size === 0) return map.items.length > 0 ? {} : reader.report(map, `expected one of ${keys.join(", ")}`);
  const read = <T>(key: (typeof keys)[number], how: (value: Node) => T | undefined): T | undefined => {
    const entry = entries.get(key);
    return entry && how(entry.value);
  };
  const fields = {
    verdict: read("verdict", (value) => readVerdicts(reader, value)),
    rule: read("rule", (value) => readRuleReference(reader, value)),
    matches: read("matches", (value) => readRules(reader, value)),
    reason: read("reason", (value) => reader.text(value, 'a reason in a word, as in "no-route"')),
    dnat: read("dnat", (value) => readEndpoint(reader, value)),
    snat: read("snat", (value) => readEndpoint(reader, value)),
    out: read("out", (value) => readDevices(reader, value)),
    netns: read("netns", (value) => reader.text(value, "a network namespace")),
    state: read("state", (value) => readChoice(reader, value, CT_STATES, "a state")),
    count: read("count", (value) => readNumber(reader, value, "a number of packets", 0xffffffff)),
  };
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));
}

function readVerdicts(reader: YamlReader, node: Node): readonly Verdict[] | undefined {
  const found = reader.members(node).map((one) => readChoice(reader, one, VERDICTS, "a verdict"));
  if (found.length === 0) return reader.report(node, `expected a verdict (${VERDICTS.join(", ")}), found an empty list`);
  return found.filter((verdict) => verdict !== undefined);
}

function readRules(reader: YamlReader, node: Node): readonly RuleReference[] {
  return reader.members(node).flatMap((one) => readRuleReference(reader, one) ?? []);
}

function readEndpoint(reader: YamlReader, node: Node): ExpectedEndpoint | "none" | undefined {
  const expected = "an address, an address and a port like 192.0.2.10:80, or none";
  const text = reader.text(node, expected);
  if (text === undefined || text === "none") return text;
  const match = /^\[([^\]]+)\](?::(\d+))?$/.exec(text) ?? /^([^:]+)(?::(\d+))?$/.exec(text) ?? /^(.+)$/.exec(text);
  const address = parseAddress(match?.[1] ?? "");
  const port = match?.[2] === undefined ? undefined : Number(match[2]);
  if (address === undefined || (port ?? 0) > 0xffff) return reader.report(node, `expected ${expected}; found ${quote(text)}`);
  return { address, ...(port !== undefined && { port }) };
}

function readDevices(reader: YamlReader, node: Node): readonly string[] | "none" {
  const names = reader.members(node).flatMap((one) => reader.text(one, "a device, NETNS:DEVICE, or none") ?? []);
  return names.length === 1 && names[0] === "none" ? "none" : names;
}
