import { z } from "zod";
import { type RuleLine, readRuleLine } from "../../grammars/ip-rule.ts";
import type { Attribute, Word } from "../../grammars/words.ts";
import type { Family } from "../model/address.ts";
import type { PolicyRule } from "../model/host.ts";
import type { Parsed, Problem } from "../model/problem.ts";
import { readJsonList } from "./json.ts";
import { lineProblem, significantLines } from "./lines.ts";
import { readRule } from "./rule-line.ts";

const text = z.union([z.string(), z.number()]).nullish();
const number = z.number().nullish();
const schema = z.looseObject({
  priority: z.number(),
  src: z.string().nullish(),
  srclen: number,
  dst: z.string().nullish(),
  dstlen: number,
  fwmark: text,
  fwmask: text,
  iif: z.string().nullish(),
  oif: z.string().nullish(),
  tos: text,
  ipproto: text,
  sport: text,
  sport_start: number,
  sport_end: number,
  dport: text,
  dport_start: number,
  dport_end: number,
  uid_start: number,
  uid_end: number,
  table: text,
  goto: number,
  action: z.string().nullish(),
  suppress_prefixlen: number,
  suppress_ifgroup: text,
  flow_from: text,
  flow_to: text,
  tun_id: text,
  dscp: text,
  flowlabel: text,
  protocol: text,
});
type RuleJson = z.output<typeof schema>;
type Text = string | number | null | undefined;

const joined = (first: Text, separator: string, second: Text): Text =>
  second === undefined || second === null ? first : `${first ?? ""}${separator}${second}`;
const range = (first: Text, last: Text): Text => joined(first, "-", last);

// Name, key and value in the order of iprule.c, print_rule.
function entries(rule: RuleJson): (readonly [string, string, Text])[] {
  return [
    ["from", "src", joined(rule.src ?? "all", "/", rule.srclen)],
    ["to", "dst", joined(rule.dst, "/", rule.dstlen)],
    ["tos", "tos", rule.tos],
    ["fwmark", "fwmark", joined(rule.fwmark, "/", rule.fwmask)],
    ["iif", "iif", rule.iif],
    ["oif", "oif", rule.oif],
    ["uidrange", "uid_start", range(rule.uid_start, rule.uid_end)],
    ["ipproto", "ipproto", rule.ipproto],
    ["sport", "sport", rule.sport ?? range(rule.sport_start, rule.sport_end)],
    ["dport", "dport", rule.dport ?? range(rule.dport_start, rule.dport_end)],
    ["tun_id", "tun_id", rule.tun_id],
    ["dscp", "dscp", rule.dscp],
    ["flowlabel", "flowlabel", rule.flowlabel],
    ["lookup", "table", "l3mdev" in rule ? "[l3mdev-table]" : rule.table],
    ["suppress_prefixlength", "suppress_prefixlen", rule.suppress_prefixlen],
    ["suppress_ifgroup", "suppress_ifgroup", rule.suppress_ifgroup],
    ["realms", "flow_to", rule.flow_to === undefined ? undefined : joined(rule.flow_from ?? 0, "/", rule.flow_to)],
    ["goto", "goto", rule.goto],
  ];
}

function readRulesJson(input: string, file: string, family: Family): Parsed<PolicyRule[]> {
  const { value: elements, problems, report } = readJsonList(input, file, schema);
  const rules = elements.flatMap(({ value: rule, path }) => {
    const keys = new Map<Word, string>();
    const word = (written: string | number, key: string): Word => {
      const made = { text: String(written), column: 0 };
      keys.set(made, `${path}.${key}`);
      return made;
    };
    const attributes: Attribute[] = entries(rule)
      .filter(([, , value]) => value !== undefined && value !== null)
      .map(([name, key, value]) => ({ name: word(name, key), values: [word(value ?? "", key)] }));
    if ("nop" in rule) attributes.push({ name: word("nop", "nop"), values: [] });
    if (rule.action) attributes.push({ name: word(rule.action, "action"), values: [] });
    if (rule.protocol) attributes.push({ name: word("proto", "protocol"), values: [word(rule.protocol, "protocol")] });
    const words: RuleLine = { priority: word(rule.priority, "priority"), not: "not" in rule && rule["not"] !== false, attributes };
    const written = attributes.map(({ name, values }) => [name.text, ...values.map((one) => one.text)].join(" "));
    const line = `${rule.priority}: ${words.not ? "not " : ""}${written.join(" ")}`;
    const found = readRule(words, { text: line, line: 0 }, family, (where, message) => report(keys.get(where) ?? path, message));
    return found ? [found] : [];
  });
  return { value: rules, problems };
}

/** Reads `ip rule` or `ip -6 rule`, text or JSON, in the order in which the kernel asks them. */
export function parsePolicyRules(input: string, file: string, family: Family): Parsed<PolicyRule[]> {
  if (/^\s*[[{]/.test(input)) return readRulesJson(input, file, family);
  const rules: PolicyRule[] = [];
  const problems: Problem[] = [];
  for (const line of significantLines(input, file, problems)) {
    const { value, faults } = readRuleLine(line.text);
    problems.push(...faults.map((fault) => lineProblem(file, line, fault)));
    if (!value) continue;
    const place = { text: line.text.trim().replace(/\s+/g, " "), line: line.line };
    const rule = readRule(value, place, family, (word, message) =>
      problems.push(lineProblem(file, line, { message, column: word.column, span: word.text.length })),
    );
    if (rule) rules.push(rule);
  }
  return { value: rules, problems };
}
