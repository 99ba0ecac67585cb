import type { Address } from "../model/address.ts";
import type { Host } from "../model/host.ts";
import { frameNumber, type Packet, protocolName } from "../model/packet.ts";
import type { EndStep, PacketTrace, RuleStep, Step, Tried, Way } from "../model/trace.ts";
import { conditionSentence } from "./alternatives.ts";
import { conditionsOf, failedWords } from "./conditions.ts";
import { contextAt } from "./context.ts";
import { closestSentence, evidence, observationSentences } from "./evidence.ts";
import { type PacketState, packetAlong } from "./packet-along.ts";
import { reasonWords } from "./reasons.ts";
import { briefRule, ruleBody } from "./rule-words.ts";
import { bridgeWords, conntrackWords, isChainStep, natWords, routeWords } from "./steps.ts";
import { decisionSentences, undeterminedSentences } from "./told.ts";
import { headline, namespaceWords, natRule } from "./way.ts";
import { count, formatEndpoints, packetTitle, portsOf, sentence, tcpFlagWords } from "./words.ts";

/** One line of a packet's own page: hook, table or kind, place, text, line in the rules file, and remarks below. */
export interface DetailRow {
  readonly netns: string;
  readonly hook: string;
  readonly what: string;
  readonly place: string;
  readonly text: string;
  readonly line?: number;
  readonly remarks: readonly string[];
  readonly tone: "plain" | "bad" | "good" | "change" | "quiet";
}

/** Everything about one packet. */
export interface PacketDetail {
  readonly title: string;
  readonly headline: string;
  readonly sign: "good" | "bad" | "unsure";
  readonly ways: readonly { readonly condition?: string; readonly headline: string; readonly rows: readonly DetailRow[] }[];
  readonly closing: readonly string[];
}

const MOST_TRIED = 12;

/** Explains one packet with every step; `clock` is its time of day as the reader sees it, and `extended` names every rule tried in vain. */
export function explainPacket(trace: PacketTrace, host: Host, clock: string, extended: boolean): PacketDetail {
  const ways = trace.alternatives.length > 0 ? trace.alternatives : [trace.way];
  const { verdict } = trace.way;
  const closest = closestSentence(trace, trace.way, host);
  const proof = evidence(trace, trace.way).filter((words) => words.startsWith("Accepted"));
  return {
    title: titleOf(trace, clock),
    headline: `${sentence(headline(trace, trace.way))}.`,
    sign: verdict === "dropped" || verdict === "rejected" ? "bad" : verdict === "unknown" ? "unsure" : "good",
    ways: ways.map((way) => ({
      ...(way.conditions.length > 0 && { condition: conditionSentence(way) }),
      headline: `${sentence(headline(trace, way))}.`,
      rows: detailRows(trace, way, host, extended),
    })),
    closing: [
      ...proof,
      ...(closest ? [closest] : []),
      ...sentOn(trace),
      ...[...decisionSentences(trace), ...undeterminedSentences(trace.way), ...observationSentences(trace)].map((words) => `${words}.`),
    ],
  };
}

function titleOf(trace: PacketTrace, clock: string): string {
  const { packet } = trace;
  const flags = packet.transport?.kind === "tcp" ? ` [${tcpFlagWords(packet.transport.flags)}]` : "";
  const entered =
    trace.direction === "out" ? `sent by a socket of ${trace.netns}` : `in on ${trace.interface ?? "an unknown device"} (${trace.netns})`;
  const time = clock ? ` · ${clock}` : "";
  return `Packet ${frameNumber(trace.frame)}${time} · ${packetTitle(packet)}${flags} · ${count(packet.length, "byte")} · ${entered}`;
}

function sentOn(trace: PacketTrace): readonly string[] {
  const last = trace.way.out.at(-1)?.packet;
  return last && changed(trace.packet, last) ? [`As sent on: ${formatEndpoints(last)}, ttl ${last.ttl}.`] : [];
}

function changed(a: Packet, b: Packet): boolean {
  return a.ttl !== b.ttl || formatEndpoints(a) !== formatEndpoints(b) || a.tos !== b.tos;
}

function detailRows(trace: PacketTrace, way: Way, host: Host, extended: boolean): readonly DetailRow[] {
  const states = packetAlong(trace, way);
  const rows = way.steps.flatMap((step, index) => {
    const state = states[index];
    if (!state || isPrologue(trace, step, index) || natRule(way, index)) return [];
    const end = index === way.steps.length - 1 && (way.verdict === "dropped" || way.verdict === "rejected");
    if (!isChainStep(step)) return [otherRow(step, end)];
    const next = way.steps[index + 1];
    const nat = natRule(way, index + 1) === step && next?.kind === "nat" ? natWords(next) : undefined;
    return chainRows(step, state, trace, host, extended, end, nat);
  });
  return [...rows, endRow(trace, way, states.at(-1)?.packet ?? trace.packet)];
}

/** That it came in where the title says it did. */
function isPrologue(trace: PacketTrace, step: Step, index: number): boolean {
  return index === 0 && step.kind === "device" && step.direction === "in" && step.interface === trace.interface;
}

function endRow(trace: PacketTrace, way: Way, packet: Packet): DetailRow {
  const { at, verdict } = way;
  const row = { netns: at.netns, hook: "", what: verdict, place: "", remarks: [] };
  switch (verdict) {
    case "delivered": {
      const port = portsOf(packet)?.dport;
      const socket = port === undefined ? "the IP layer" : `whoever listens on ${protocolName(packet.protocol)} port ${port}`;
      return { ...row, text: `to ${socket} in ${namespaceWords(at.netns)}`, tone: "good" };
    }
    case "forwarded":
      return { ...row, text: `out of ${at.interface ?? trace.interface ?? "the host"}: nothing more is known from here on`, tone: "good" };
    case "dropped":
    case "rejected":
      return {
        ...row,
        text: at.table ? `by ${at.table} ${at.chain}${at.kind === "policy" ? "'s policy" : ` ${at.rule}`}` : reasonWords(at, packet),
        tone: "bad",
      };
    case "queued":
      return { ...row, text: reasonWords(at, packet), tone: "plain" };
    case "unknown":
      return { ...row, text: `it depends on ${way.undecided ?? "something that was not given"}`, tone: "quiet" };
  }
}

/** Matches that are not repeated below their rule: its text says as much, or they have said themselves what they found. */
const SPOKEN_FOR: ReadonlySet<string> = new Set(["tcp", "udp", "set"]);

function chainRows(
  step: RuleStep | EndStep,
  state: PacketState,
  trace: PacketTrace,
  host: Host,
  extended: boolean,
  end: boolean,
  nat: string | undefined,
): readonly DetailRow[] {
  const context = contextAt(step, state, trace.frame, host.namespaces.get(step.netns));
  const words = (tried: Tried) => {
    const condition = failedWords(tried.rule, tried.failed, context);
    const has = tried.because ?? condition.has;
    return `${tried.rule.number}: wants ${condition.wants}${has ? `, but ${has}` : ""}`;
  };
  const tried = step.tried ?? [];
  const base = { netns: step.netns, hook: step.hook, what: step.table };
  const rows: DetailRow[] = [];
  if (tried.length > 0) {
    const shown = extended ? tried : tried.slice(-MOST_TRIED);
    const more = tried.length - shown.length;
    const remarks = [...(more > 0 ? [`the first ${more} are not shown (--verbose)`] : []), ...shown.map(words)];
    rows.push({ ...base, place: step.chain, text: `${count(tried.length, "rule")} did not match`, remarks, tone: "quiet" });
  }
  if (step.kind !== "rule") {
    const text = step.kind === "return" ? "end of chain, back to the caller" : `end of chain, policy ${step.verdict ?? "?"}`;
    const line = step.line > 0 && step.kind === "policy" ? { line: step.line } : {};
    return [...rows, { ...base, place: step.chain, text, remarks: [], tone: end ? "bad" : "plain", ...line }];
  }
  const { rule } = step;
  const held = conditionsOf(rule, context).filter(
    (c) => c.has && c.holds !== "unknown" && c.kind === "match" && !SPOKEN_FOR.has(c.match ?? ""),
  );
  const remarks = [
    ...held.map((c) => `✓ ${c.wants}: ${c.has}`),
    ...(step.because ?? []).map((words) => `✓ ${words}`),
    ...(step.note ? [step.note] : []),
    ...(nat === undefined ? setWords(step) : [nat]),
  ];
  const row = { ...base, place: `${step.chain} ${rule.number}`, text: extended ? ruleBody(rule) : briefRule(rule), remarks };
  return [...rows, { ...row, tone: end ? ("bad" as const) : ("plain" as const), ...(rule.line > 0 && { line: rule.line }) }];
}

function setWords(step: RuleStep): readonly string[] {
  const set = Object.entries(step.set ?? {});
  if (set.length === 0) return [];
  const value = (key: string, v: string | number) => (key.includes("mark") && typeof v === "number" ? `0x${v.toString(16)}` : String(v));
  return [`⇒ ${set.map(([key, v]) => `${key} ${value(key, v)}`).join(", ")}`];
}

function otherRow(step: Exclude<Step, RuleStep | EndStep>, end: boolean): DetailRow {
  const base = { netns: step.netns, hook: "", place: "", remarks: [], tone: end ? ("bad" as const) : ("plain" as const) };
  switch (step.kind) {
    case "conntrack":
      return { ...base, what: "conntrack", text: conntrackWords(step) };
    case "nat":
      return { ...base, what: "nat", text: natWords(step), tone: "change" };
    case "route":
      return { ...base, what: "routing", text: routeWords(step) };
    case "bridge":
      return { ...base, what: "bridge", text: bridgeWords(step) };
    case "neighbour": {
      const via = step.mac ? `${step.address} is ${step.mac}` : `${step.address} is not known`;
      return { ...base, what: "neighbour", text: `${via} on ${step.interface}${step.note ? `: ${step.note}` : ""}` };
    }
    case "device":
      return {
        ...base,
        what: "device",
        text: `${step.direction === "in" ? "in on" : "out on"} ${step.interface}${step.note ? `: ${step.note}` : ""}`,
      };
    case "local":
      return { ...base, what: "socket", text: step.note, tone: "good" };
    case "stack":
      return { ...base, what: "kernel", text: step.note };
  }
}

/** The addresses of a packet, before and after translation, for filters. */
export function addressesOf(trace: PacketTrace): readonly Address[] {
  const packets = [trace.packet, ...trace.way.out.map((o) => o.packet)];
  return packets.flatMap((packet) => [packet.src, packet.dst]);
}
