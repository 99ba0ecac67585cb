import { matchSpec } from "../extensions/registry.ts";
import type { Doing } from "../extensions/spec.ts";
import type { AddressMask, Family } from "../model/address.ts";
import type { MatchUse, Negatable, Rule, Table, TargetUse } from "../model/rule.ts";
import { doingOf } from "../sets/fates.ts";

/** What extensions do that decide about a packet, so that no further rule of the table sees it (their verdict is never XT_CONTINUE); TPROXY is left out. */
const FINAL: ReadonlySet<string> = new Set<Doing>(["drop", "queue", "translate"]);

/** Matches whose answer is about the packet's headers and its connection alone: two rules of a chain get the same. */
const STEADY: ReadonlySet<string> = new Set(
  "addrtype ah comment conntrack dccp esp eui64 frag icmp icmp6 iprange ipcomp mac mh multiport owner physdev pkttype policy sctp set state tcp udp".split(
    " ",
  ),
);

function isAny(address: Negatable<AddressMask> | undefined): boolean {
  return !address || (!address.not && BigInt(address.value.mask) === 0n);
}

/** Targets that change what such matches look at, and let the packet go on. */
const CHANGING: ReadonlySet<string> = new Set(["CT", "NOTRACK", "SET", "SNPT", "DNPT"]);

/** Whether rules of a table may change what other rules of it ask for, other than marks. */
export function changesConditions(table: Table): boolean {
  for (const chain of table.chains.values()) {
    if (chain.rules.some(({ target }) => target?.kind === "extension" && CHANGING.has(target.name))) return true;
  }
  return false;
}

/** Whether every packet that comes to a rule matches it. */
export function isUnconditional(rule: Rule): boolean {
  if (rule.protocol || rule.inInterface || rule.outInterface || rule.fragment) return false;
  return isAny(rule.source) && isAny(rule.destination) && rule.matches.every((match) => match.name === "comment");
}

/** Whether a packet that matches a rule with this target sees no further rule of its chain. */
export function isFinal(target: TargetUse | undefined): boolean {
  if (!target || target.kind === "jump") return false;
  // TARPIT is of no kernel's own, and so has no spec.
  return target.kind !== "extension" || target.name === "TARPIT" || FINAL.has(doingOf(target));
}

/** Whether what a rule asks of a packet has the same answer each time that it is asked of that packet in a chain. */
export function isSteady(rule: Rule, family: Family): boolean {
  return rule.matches.every((match) => isSteadyMatch(match, family));
}

/** Whether a match gives the same answer each time that it is asked of a packet in a chain, and leaves nothing behind. */
export function isSteadyMatch(match: MatchUse, family: Family): boolean {
  // In published dumps Ethernet addresses are blanked out: what differs there cannot be seen.
  if (match.name === "mac" && typeof match.args?.["source"]?.value === "string") return false;
  return STEADY.has(match.name) && matchSpec(match.name, family) !== undefined;
}

/** The words of a rule behind its chain, without its comments: equal for two that do the same. */
export function meaning(rule: Rule): string {
  const { protocol, source, destination, inInterface, outInterface, fragment, target } = rule;
  const matches = rule.matches.filter((match) => match.name !== "comment").map((match) => [match.name, match.args ?? match.words]);
  return JSON.stringify([protocol, source, destination, inInterface, outInterface, fragment, matches, targetMeaning(target)], plain);
}

/** The same for its target alone. */
export function targetMeaning(target: TargetUse | undefined): string {
  if (target?.kind !== "extension") return JSON.stringify(target ?? "") ?? "";
  return JSON.stringify([target.name, target.args ?? target.words], plain) ?? "";
}

function plain(_key: string, value: unknown): unknown {
  if (typeof value === "bigint") return `${value}n`;
  if (value instanceof Map || value instanceof Set) return [...value];
  return value;
}

const DEEDS: Readonly<Record<string, string>> = {
  ACCEPT: "accepts",
  DROP: "drops",
  RETURN: "sends back",
  QUEUE: "queues",
  REJECT: "rejects",
};

/** What a rule's target does to packets: "drops every packet". */
export function deed(target: TargetUse | undefined, packets: string): string {
  if (!target) return `counts ${packets}`;
  if ("chain" in target) return `sends ${packets} on to ${target.chain}`;
  const name = target.kind === "verdict" ? target.verdict : target.name;
  return DEEDS[name] ? `${DEEDS[name]} ${packets}` : `gives ${packets} to ${name}`;
}
