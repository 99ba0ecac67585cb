import { SERVICES } from "../extensions/services.ts";
import { formatAddress } from "../model/address.ts";
import { splitEndpoint } from "../model/endpoint.ts";
import type { NatStep, PacketTrace, Place, RuleStep, Way } from "../model/trace.ts";
import { readCondition } from "./open-condition.ts";
import { reasonWords } from "./reasons.ts";
import { briefRule, targetName } from "./rule-words.ts";
import { isReply, lastChainStep, natRule } from "./way.ts";
import { portsOf, protocolWords } from "./words.ts";

/** What packets can be counted by that were lost. */
export const GROUPINGS = ["rule", "src", "dst", "service"] as const;

export type Grouping = (typeof GROUPINGS)[number];

/** What a row of the totals is about. */
export interface RowLabel {
  /** A rule's place, an address, a service, a translation. */
  readonly name: string;
  readonly line?: number;
  /** The rule's text, or the reason. */
  readonly text?: string;
}

const SERVICE_NAMES = new Map<number, string>();
for (const [name, port] of Object.entries(SERVICES)) if (!SERVICE_NAMES.has(port)) SERVICE_NAMES.set(port, name);

/** The place where a way ended, as a key. */
export function placeKey(way: Way): string {
  const { at, verdict } = way;
  return [verdict, at.netns, at.table, at.chain, at.kind, at.rule, at.reason].join("|");
}

/** What lost packets have in common under a grouping, as a key and as the row's label. */
export function groupOf(trace: PacketTrace, grouping: Grouping): { readonly key: string; label(): RowLabel } {
  if (grouping === "rule") return { key: placeKey(trace.way), label: () => placeLabel(trace) };
  const name = grouping === "service" ? serviceWords(trace) : formatAddress(trace.packet[grouping]);
  return { key: name, label: () => ({ name }) };
}

/** The place where a packet was lost: the rule with its text, the policy, or the reason outside the packet filter. */
function placeLabel(trace: PacketTrace): RowLabel {
  const { way } = trace;
  const last = lastChainStep(way);
  if (way.at.kind === "policy") return { name: `${way.at.table} ${way.at.chain}`, text: "policy DROP" };
  if (way.at.kind === "rule" && last?.kind === "rule") {
    const { number, line } = last.rule;
    return { name: `${last.table} ${last.chain} ${number}`, text: briefRule(last.rule), ...(line > 0 && { line }) };
  }
  return { name: `netns ${way.at.netns}`, text: reasonWords(way.at, trace.packet) };
}

/** What an undecided packet hangs on, and what would tell that. */
export function openLabel(way: Way): RowLabel {
  const { text, unknown } = readCondition(way.undecided ?? "something that was not given");
  return unknown === text ? { name: text } : { name: text.replace(/ (?:matches|does not match)$/, ""), text: unknown };
}

/** The place where a way ended in a few words: "filter FORWARD 4", "filter FORWARD policy", "no-route". */
export function shortPlace({ table, chain, rule, kind, reason }: Place): string {
  if (table === undefined || chain === undefined) return reason ?? "another reason";
  return kind === "policy" ? `${table} ${chain} policy` : `${table} ${chain}${rule === undefined ? "" : ` ${rule}`}`;
}

/** The service that a packet's connection is about: "tcp 443 (https)"; of an answer, its source port. */
function serviceWords(trace: PacketTrace): string {
  const words = protocolWords(trace.packet);
  const ports = portsOf(trace.packet);
  if (!ports) return words;
  const entry = trace.way.steps.find((step) => step.kind === "conntrack" && step.direction !== undefined);
  const port = entry?.kind === "conntrack" && entry.direction === "reply" ? ports.sport : ports.dport;
  const name = SERVICE_NAMES.get(port);
  return `${words} ${port}${name === undefined ? "" : ` (${name})`}`;
}

/** A translation as a row of the totals. */
interface Mapping {
  readonly key: string;
  label(): RowLabel;
}

/**
 * The translations of a way, each as its connection's first packet has it, so that answers count for the same:
 * "192.0.2.10:8080 → 10.0.0.2:80". Sources have no port, since NAT draws them.
 */
export function mappingsOf(way: Way): readonly Mapping[] {
  const mappings: Mapping[] = [];
  // By their places, since there are many steps and few translations.
  for (let index = 0; index < way.steps.length; index++) {
    const step = way.steps[index];
    const mapping = step?.kind === "nat" && step.from !== step.to ? mappingOf(way, index, step) : undefined;
    if (mapping) mappings.push(mapping);
  }
  return mappings;
}

function mappingOf(way: Way, index: number, step: NatStep): Mapping | undefined {
  const [manip, from, to] = asFirst(step, isReply(way, index));
  const ends = manip === "src" ? [splitEndpoint(from).host, splitEndpoint(to).host] : [from, to];
  if (ends[0] === ends[1]) return undefined;
  const name = `${ends[0]} → ${ends[1]}`;
  return { key: `${manip} ${name}`, label: () => ({ name, ...mappingRule(manip, natRule(way, index)) }) };
}

function asFirst({ manip, from, to }: NatStep, answer: boolean): readonly ["src" | "dst", string, string] {
  return answer ? [manip === "src" ? "dst" : "src", to, from] : [manip, from, to];
}

/** "DOCKER 3, DNAT" and the rule's line; the table is always nat. */
function mappingRule(manip: "src" | "dst", step: RuleStep | undefined): Pick<RowLabel, "line" | "text"> {
  if (!step) return { text: manip === "src" ? "SNAT" : "DNAT" };
  const { number, line, target } = step.rule;
  return { text: `${step.chain} ${number}, ${targetName(target)}`, ...(line > 0 && { line }) };
}
