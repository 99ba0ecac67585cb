import type { Host } from "../model/host.ts";
import type { Hook } from "../model/rule.ts";
import type { PacketTrace, Way } from "../model/trace.ts";
import { answerTo } from "../probe/coming-back.ts";
import { packetCommand, type Sending } from "../probe/command.ts";
import { decidingStep } from "../probe/deciding-step.ts";
import { arrivalOf, Sender } from "../probe/sender.ts";
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

function send(machine: Machine, host: Host, { description, in: input, reply }: Question): Pick<Answer, "way" | "before"> | undefined {
  const { netns, namespace } = machine;
  if (namespace?.devices && input !== undefined && !namespace.devices.some(({ name, up }) => name === input && up)) return undefined;
  const sender = new Sender(host, netns);
  const [trace] = sender.send(arrivalOf(host, netns, makePacket(description), input));
  const way = trace && certain(trace);
  if (!way || !reply) return way && { way };
  const answer = answerTo(host, trace);
  const [second] = answer ? sender.send(answer) : [];
  const returned = second && certain(second);
  return returned && { way: returned, before: way };
}

function certain({ way, alternatives, certainty }: PacketTrace): Way | undefined {
  return alternatives.length > 1 || certainty === "possible" || way.verdict === "unknown" || way.verdict === "queued" ? undefined : way;
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

/** Whether the filter's chains of a hook stopped a packet. */
export function isStopped({ verdict, at, steps }: Way, hook: Hook): boolean {
  if ((verdict !== "dropped" && verdict !== "rejected") || at.table !== "filter") return false;
  const last = steps.findLast((step) => "hook" in step);
  return last !== undefined && "hook" in last && last.hook === hook;
}
