import { isUnconditional } from "./conditions.ts";
import type { LintContext } from "./context.ts";
import type { Machine } from "./machine.ts";
import { allRules, type Gate, gatesOf, knock, ODD_PORT, strangers } from "./outside.ts";
import { type Answer, ask, type Decider, deciderOf, isStopped } from "./probe.ts";

/** A TCP port that strangers can connect to, by all that was tried. */
export interface OpenPort {
  readonly answers: readonly Answer[];
  readonly gates: readonly Gate[];
  /** What accepted the first of them. */
  readonly by: Decider;
}

/** What lets strangers come to a TCP port of the machine itself, from any address and by every gate; undefined where that is not certain. */
export function openPort(context: LintContext, machine: Machine, port: number): OpenPort | undefined {
  const gates = gatesOf(machine, context.config);
  const sources = strangers(machine.rules);
  if (sources.length < 2 || gates.length === 0) return undefined;
  const answers: Answer[] = [];
  for (const gate of gates) {
    for (const source of sources) {
      const answer = ask(machine, knock(gate, source, port));
      if (answer?.way.verdict !== "delivered") return undefined;
      answers.push(answer);
    }
  }
  const by = answers[0] && deciderOf(answers[0].way, "INPUT");
  return by && { answers, gates, by };
}

/** What stops strangers on their way to a TCP port of the machine itself, where they come in by the first gate. */
export function closedPort(
  context: LintContext,
  machine: Machine,
  port: number,
): { readonly answer: Answer; readonly by: Decider } | undefined {
  const [gate] = gatesOf(machine, context.config);
  const [source] = strangers(machine.rules);
  if (!gate || source === undefined) return undefined;
  const answer = ask(machine, knock(gate, source, port));
  const by = answer && isStopped(answer.way, "INPUT") ? deciderOf(answer.way, "INPUT") : undefined;
  return answer && by && { answer, by };
}

/** Whether strangers come to a machine because nothing of INPUT says otherwise, not because of a rule about some packets. */
export function isOpenAnyway(context: LintContext, machine: Machine): boolean {
  const { rules } = machine;
  const open = openPort(context, machine, ODD_PORT);
  if (!open) return false;
  const by = allRules(rules).find(({ line }) => line === open.by.line);
  return open.by.kind === "policy" || by === undefined || isUnconditional(by);
}
