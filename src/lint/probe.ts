import { createReplay } from "../engine/replay.ts";
import { packetAlong } from "../explain/packet-along.ts";
import { type Address, familyOf, formatAddress } from "../model/address.ts";
import type { Host } from "../model/host.ts";
import { type Packet, PROTOCOL, protocolName, TCP_FLAG } from "../model/packet.ts";
import type { Hook } from "../model/rule.ts";
import type { PacketTrace, Way } from "../model/trace.ts";
import { makeAnswer, makeFrame, makePacket, type PacketDescription } from "../wire/made-packet.ts";
import type { Witness } from "./finding.ts";
import type { Machine } from "./machine.ts";

/** A packet to be sent through a machine. */
export interface Question {
  readonly description: PacketDescription;
  /** Device that it comes in on; absent for one that a local socket sends. */
  readonly in?: string;
  /** Whether the answer to it is followed as well, and asked about. */
  readonly reply?: boolean;
  /** What the machine is taken to have where that is not known, as `ip route` or `ip addr` prints it. */
  readonly facts: readonly string[];
}

/** What became of it, for certain. */
export interface Answer {
  readonly way: Way;
  /** The packet's own way, where `way` is that of the answer to it. */
  readonly before?: Way;
  /** A command that shows it; undefined where there is none. */
  witness(outcome: string): Witness | undefined;
}

/** What decided over a packet in a hook's filter chains. */
export interface Decider {
  readonly line: number;
  readonly kind: "rule" | "policy";
  readonly chain: string;
}

// No rule of a replay like this looks at the clock: those that do leave it open.
const NOW = 1_700_000_000_000_000_000n;
const LATER = 1_000_000n;

/** Sends a packet through a machine; undefined where it is not certain what becomes of it. */
export function ask(machine: Machine, question: Question): Answer | undefined {
  const found = send(machine, machine.host(question.facts), question);
  if (!found) return undefined;
  const command = (facts: readonly string[]) => {
    const { before, after } = machine.words(facts);
    return [...before, "nettrace", "packet", ...packetWords(question), ...after].join(" ");
  };
  const witness = (outcome: string): Witness => {
    const plain = question.facts.length > 0 && !machine.namespace ? send(machine, machine.host([]), { ...question, facts: [] }) : undefined;
    return { packet: command(plain && isSame(plain.way, found.way) ? [] : question.facts), outcome };
  };
  return { ...found, witness };
}

function isSame(a: Way, b: Way): boolean {
  const { line, table, chain, reason } = a.at;
  const same = line === b.at.line && table === b.at.table && chain === b.at.chain && reason === b.at.reason;
  return (
    a.verdict === b.verdict &&
    same &&
    (["INPUT", "FORWARD", "OUTPUT"] as const).every((hook) => deciderOf(a, hook)?.line === deciderOf(b, hook)?.line)
  );
}

function send(
  machine: Machine,
  host: Host,
  { description, in: input, reply }: Question,
): { readonly way: Way; readonly before?: Way } | undefined {
  const device = machine.namespace?.devices?.find(({ name }) => name === input);
  if (machine.namespace?.devices && input !== undefined && !device?.up) return undefined;
  const replay = createReplay(host, { netns: machine.netns, capture: "", mark: 0 });
  const packet = makePacket(description);
  const [trace] = [...replay.push(makeFrame(packet, 1, NOW, device?.mac, input)), ...replay.finish()];
  const way = trace && certain(trace);
  if (!way || !reply) return way && { way };
  const ended = way.verdict === "delivered" || way.verdict === "forwarded" ? packetAlong(trace, way).at(-1)?.packet : undefined;
  const answer = ended && makeAnswer(ended);
  const back = answer && answerFrame(host, machine.netns, way, answer);
  if (!back) return undefined;
  const [second] = [...replay.push(back.frame, back.netns), ...replay.finish()];
  const returned = second && certain(second);
  return returned && { way: returned, before: way };
}

function answerFrame(host: Host, netns: string, way: Way, answer: Packet) {
  if (way.verdict === "delivered") return { frame: makeFrame(answer, 2, NOW + LATER, undefined, undefined), netns: way.at.netns };
  const last = way.out.at(-1);
  if (!last) return undefined;
  const device = host.namespaces.get(last.netns)?.devices?.find(({ name }) => name === last.interface);
  return { frame: makeFrame(answer, 2, NOW + LATER, device?.mac, last.interface), netns: last.netns ?? netns };
}

function certain({ way, alternatives, certainty }: PacketTrace): Way | undefined {
  return alternatives.length > 1 || certainty === "possible" || way.verdict === "unknown" || way.verdict === "queued" ? undefined : way;
}

/** What of a hook's filter chains let a packet on, or stopped it. */
export function deciderOf(way: Way, hook: Hook): Decider | undefined {
  const last = way.steps.findLast(
    (step) => (step.kind === "rule" || step.kind === "policy") && step.table === "filter" && step.hook === hook,
  );
  if (last?.kind === "rule") return { line: last.rule.line, kind: "rule", chain: last.chain };
  return last?.kind === "policy" ? { line: last.line, kind: "policy", chain: last.chain } : undefined;
}

/** "line 5", "the policy of INPUT" */
export function deciderWords({ kind, line, chain }: Decider): string {
  return kind === "policy" ? `the policy of ${chain}` : `line ${line}`;
}

/** Whether the filter's chains of a hook stopped a packet. */
export function isStopped({ verdict, at, steps }: Way, hook: Hook): boolean {
  if ((verdict !== "dropped" && verdict !== "rejected") || at.table !== "filter") return false;
  const last = steps.findLast((step) => "hook" in step);
  return last !== undefined && "hook" in last && last.hook === hook;
}

function packetWords({ description, in: input, reply }: Question): readonly string[] {
  const { protocol, src, dst, sport, dport, flags, icmp, ttl } = description;
  const isIcmp = protocol === PROTOCOL.icmp || protocol === PROTOCOL.icmpv6;
  const words = [isIcmp ? "icmp" : protocolName(protocol), endpoint(src, sport), endpoint(dst, dport)];
  const named = Object.entries(TCP_FLAG).filter(([, bit]) => ((flags ?? 0) & bit) !== 0);
  if (flags !== undefined) words.push("--flags", named.map(([name]) => name).join());
  if (icmp) words.push("--type", String(icmp.type), ...(icmp.code === 0 ? [] : ["--code", String(icmp.code)]));
  if (ttl !== undefined) words.push("--ttl", String(ttl));
  words.push(...(input === undefined ? ["--out-of-socket"] : ["--in", input]));
  return reply ? [...words, "--reply"] : words;
}

function endpoint(address: Address, port: number | undefined): string {
  const text = formatAddress(address);
  if (port === undefined) return text;
  return familyOf(address) === 6 ? `[${text}]:${port}` : `${text}:${port}`;
}
