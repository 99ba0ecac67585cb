import type { Host } from "../model/host.ts";
import type { Hook } from "../model/rule.ts";
import type { PacketTrace, Way } from "../model/trace.ts";
import { answerTo, tooBigAmong } from "../probe/coming-back.ts";
import { packetCommand, type Sending } from "../probe/command.ts";
import { decidingStep } from "../probe/deciding-step.ts";
import { type Arrival, arrivalOf, Sender } from "../probe/sender.ts";
import { makePacket } from "../wire/made-packet.ts";
import type { Witness } from "./finding.ts";
import type { Machine } from "./machine.ts";

/** A packet to be sent through a machine. */
export interface Question extends Sending {
  /** What the machine is taken to have where that is not known, as `ip route` or `ip addr` prints it. */
  readonly facts: readonly string[];
}

/** What became of it, for certain. */
export interface Answer {
  readonly way: Way;
  /** The ways of the packets before, where `way` is that of the answer or of an error. */
  readonly before: readonly Way[];
  /** A command that shows it; undefined where there is none. */
  witness(outcome: string): Witness | undefined;
}

/** What decided over a packet in a hook's filter chains. */
export interface Decider {
  readonly line: number;
  readonly kind: "rule" | "policy";
  readonly chain: string;
}

/** Sends a packet through a machine; undefined where it is not certain what becomes of it. */
export function ask(machine: Machine, question: Question): Answer | undefined {
  const found = send(machine, machine.host(question.facts), question);
  if (!found) return undefined;
  const { facts } = question;
  const witness = (outcome: string): Witness => {
    const plain = facts.length > 0 && !machine.namespace ? send(machine, machine.host([]), question) : undefined;
    const needed = plain && isSame(plain.way, found.way) ? [] : facts;
    return { packet: packetCommand(question, machine.words(needed)), outcome };
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
  { description, in: input, reply, tooBig }: Question,
): Pick<Answer, "way" | "before"> | undefined {
  const { netns, namespace } = machine;
  if (namespace?.devices && input !== undefined && !namespace.devices.some(({ name, up }) => name === input && up)) return undefined;
  const sender = new Sender(host, netns);
  const traces: PacketTrace[] = [];
  const follows: (() => Arrival | undefined)[] = [];
  if (reply) follows.push(() => traces[0] && answerTo(host, traces[0]));
  if (tooBig !== undefined) follows.push(() => tooBigAmong(host, traces, tooBig));
  let next: Arrival | undefined = arrivalOf(host, netns, makePacket(description), input);
  while (next) {
    const [trace] = sender.send(next);
    if (!trace || !isCertain(trace)) return undefined;
    traces.push(trace);
    const follow = follows.shift();
    if (!follow) return { way: trace.way, before: traces.slice(0, -1).map(({ way }) => way) };
    next = follow();
  }
  return undefined;
}

function isCertain({ way, alternatives, certainty }: PacketTrace): boolean {
  return alternatives.length <= 1 && certainty !== "possible" && way.verdict !== "unknown" && way.verdict !== "queued";
}

/** What of a hook's filter chains let a packet on, or stopped it. */
export function deciderOf(way: Way, hook: Hook): Decider | undefined {
  const step = decidingStep(way, "filter", hook);
  return step && { line: step.kind === "rule" ? step.rule.line : step.line, kind: step.kind, chain: step.chain };
}

/** "line 5", "the policy of INPUT" */
export function deciderWords({ kind, line, chain }: Decider): string {
  return kind === "policy" ? `the policy of ${chain}` : `line ${line}`;
}

/** "by the policy of INPUT", or "here" where a finding stands at the rule. */
export function stoppedWhere({ kind, chain }: Decider): string {
  return kind === "policy" ? `by the policy of ${chain}` : "here";
}

/** Whether the filter's chains of a hook stopped a packet. */
export function isStopped({ verdict, at, steps }: Way, hook: Hook): boolean {
  if ((verdict !== "dropped" && verdict !== "rejected") || at.table !== "filter") return false;
  const last = steps.findLast((step) => "hook" in step);
  return last !== undefined && "hook" in last && last.hook === hook;
}
