import type { RuleLine } from "../../grammars/ip-rule.ts";
import { type Attribute, quote, type Word } from "../../grammars/words.ts";
import { type Family, familyOf, type Prefix, parsePrefix } from "../model/address.ts";
import type { PolicyRule } from "../model/host.ts";
import type { Mutable } from "../model/mutable.ts";
import { dsField, protocolNumber, tableName, unsigned } from "./iproute2-names.ts";
import type { Report } from "./lines.ts";

type Draft = Partial<Mutable<PolicyRule>>;

interface Reading {
  readonly rule: Draft;
  readonly unmodelled: string[];
  readonly family: Family;
  readonly report: Report;
}

const ports = (text: string): readonly [number, number] | undefined => {
  const match = /^(\d{1,5})(?:-(\d{1,5}))?$/.exec(text);
  if (!match) return undefined;
  const first = Number(match[1]);
  const last = Number(match[2] ?? first);
  return first <= last && last <= 65535 ? [first, last] : undefined;
};

const mark = (text: string): { value: number; mask: number } | undefined => {
  const [value, mask, ...rest] = text.split("/").map(unsigned);
  if (value === undefined || rest.length > 0) return undefined;
  if (!text.includes("/")) return { value, mask: 0xffffffff };
  return mask === undefined ? undefined : { value, mask };
};

/** Takes what `parse` makes of a word, or reports that the word is not what belongs behind the name. */
function value<T>({ report }: Reading, { name, values }: Attribute, what: string, parse: (text: string) => T | undefined): T | undefined {
  const word: Word = values[0] ?? name;
  const parsed = parse(word.text);
  if (parsed === undefined) report(word, `expected ${what} after ${name.text}, found ${quote(word.text)}`);
  return parsed;
}

function prefix(reading: Reading, attribute: Attribute): Prefix | undefined {
  if (attribute.values[0]?.text === "all") return undefined;
  return value(reading, attribute, `an IPv${reading.family} address, a prefix or "all"`, (text) => {
    const parsed = parsePrefix(text === "default" ? (reading.family === 4 ? "0.0.0.0/0" : "::/0") : text);
    return parsed && familyOf(parsed.address) === reading.family ? parsed : undefined;
  });
}

type Reader = (reading: Reading, attribute: Attribute) => Draft | undefined;

const first = ({ values }: Attribute): string => values[0]?.text ?? "";
const ignore: Reader = () => ({});

function set<K extends keyof PolicyRule>(key: K, found: PolicyRule[K] | undefined): Draft {
  return found === undefined ? {} : ({ [key]: found } as Draft);
}

const lookup: Reader = ({ unmodelled }, attribute) => {
  const table = tableName(first(attribute));
  // The table of the VRF that the packet's device belongs to (FRA_L3MDEV).
  if (table === "[l3mdev-table]") unmodelled.push("lookup", table);
  return { action: { kind: "lookup", table } };
};
const tos: Reader = (reading, attribute) => set("tos", value(reading, attribute, "a type of service (0x10)", dsField));

// What iprule.c, print_rule prints; who made a rule and whether its device is there now (`[detached]`) decide nothing.
const READERS: Readonly<Record<string, Reader>> = {
  from: (reading, attribute) => set("from", prefix(reading, attribute)),
  to: (reading, attribute) => set("to", prefix(reading, attribute)),
  fwmark: (reading, attribute) => set("mark", value(reading, attribute, "a mark (0x1 or 0x1/0xff)", mark)),
  iif: (_, attribute) => ({ iif: first(attribute) }),
  dev: (_, attribute) => ({ iif: first(attribute) }),
  oif: (_, attribute) => ({ oif: first(attribute) }),
  tos,
  dsfield: tos,
  ipproto: (reading, attribute) => set("protocol", value(reading, attribute, "a protocol", protocolNumber)),
  lookup,
  table: lookup,
  suppress_prefixlength: (reading, attribute) => set("suppressPrefixLength", value(reading, attribute, "a prefix length", unsigned)),
  suppress_ifgroup: (_, attribute) => ({ suppressIfGroup: first(attribute) }),
  goto: (reading, attribute) => {
    const priority = value(reading, attribute, "a priority", unsigned);
    return set("action", priority === undefined ? undefined : { kind: "goto", priority });
  },
  nop: () => ({ action: { kind: "nop" } }),
  unreachable: () => ({ action: { kind: "unreachable" } }),
  prohibit: () => ({ action: { kind: "prohibit" } }),
  blackhole: () => ({ action: { kind: "blackhole" } }),
  // With a mask they are a selector of newer kernels that is not modelled.
  sport: (reading, attribute) =>
    first(attribute).includes("/") ? undefined : set("sport", value(reading, attribute, "a port or a range (1000-2000)", ports)),
  dport: (reading, attribute) =>
    first(attribute).includes("/") ? undefined : set("dport", value(reading, attribute, "a port or a range (1000-2000)", ports)),
  proto: ignore,
  protocol: ignore,
  "[detached]": ignore,
  "[unresolved]": ignore,
};

/** What a line of `ip rule` means; undefined, with a report, when it is not a rule. */
export function readRule(words: RuleLine, place: { text: string; line: number }, family: Family, report: Report): PolicyRule | undefined {
  const priority = unsigned(words.priority.text.replace(/:$/, ""));
  if (priority === undefined) {
    report(words.priority, `expected a priority, found ${quote(words.priority.text)}`);
    return undefined;
  }
  const reading: Reading = { rule: {}, unmodelled: [], family, report };
  for (const attribute of words.attributes) {
    const reader = READERS[attribute.name.text];
    const found = reader?.(reading, attribute);
    if (found) Object.assign(reading.rule, found);
    else reading.unmodelled.push(attribute.name.text, ...attribute.values.map(({ text }) => text));
  }
  const { action } = reading.rule;
  if (!action) {
    const last = words.attributes.at(-1)?.name ?? words.priority;
    if (reading.unmodelled.length === 0) {
      report(last, "expected an action (lookup TABLE, goto, nop, unreachable, prohibit or blackhole)");
      return undefined;
    }
  }
  return {
    priority,
    not: words.not,
    action: { kind: "nop" },
    ...reading.rule,
    text: place.text,
    line: place.line,
    ...(reading.unmodelled.length > 0 && { unmodelled: reading.unmodelled }),
  };
}
