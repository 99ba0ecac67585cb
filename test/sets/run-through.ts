import { type Traversal, traverse } from "../../src/engine/chains.ts";
import { Choices } from "../../src/engine/choices.ts";
import type { CompiledTable } from "../../src/engine/compile.ts";
import { Lesson } from "../../src/engine/lesson.ts";
import { Undecided } from "../../src/engine/undecided.ts";
import type { Effect } from "../../src/extensions/effect.ts";
import type { PacketContext } from "../../src/extensions/spec.ts";
import type { Rule } from "../../src/model/rule.ts";
import type { EndStep, RuleStep } from "../../src/model/trace.ts";

const MOST_WAYS = 16;

/** The rules that a packet takes in a table on any of its ways, and how each way ended. */
export function runThrough(
  table: CompiledTable,
  start: PacketContext,
): { readonly taken: ReadonlySet<Rule>; readonly steps: (RuleStep | EndStep)[][] } {
  const taken = new Set<Rule>();
  const ways: (RuleStep | EndStep)[][] = [];
  const choices = new Choices();
  for (let answers: readonly boolean[] | undefined = []; answers && ways.length < MOST_WAYS; answers = choices.next()) {
    choices.start(answers);
    const steps: (RuleStep | EndStep)[] = [];
    const about = { ...start, remarks: [] as (() => string)[] };
    const traversal: Traversal = {
      netns: "host",
      hook: start.hook,
      table: start.table,
      choices,
      detailed: true,
      indexed: false,
      context: about,
      undeterminedPort: false,
      lesson: new Lesson(),
      add: (step) => steps.push(step),
      apply: (effects) => {
        for (const effect of effects) change(about, effect);
        return {};
      },
      settleDevice: () => {},
    };
    try {
      traverse(table, traversal);
    } catch (error) {
      if (!(error instanceof Undecided)) throw error;
    }
    for (const step of steps) if (step.kind === "rule") taken.add(step.rule);
    ways.push(steps);
  }
  return { taken, steps: ways };
}

/** What rules further on can see of what a target does. */
function change(about: { -readonly [K in keyof PacketContext]: PacketContext[K] }, effect: Effect): void {
  const { packet } = about;
  if (effect.kind === "set-mark") about.mark = effect.value;
  else if (effect.kind === "set-ttl") about.packet = { ...packet, ttl: effect.value };
  else if (effect.kind === "set-tos") about.packet = { ...packet, tos: effect.value };
  else if (effect.kind === "set-address") about.packet = { ...packet, [effect.which]: effect.value };
  else if (effect.kind === "notrack") about.ctState = "UNTRACKED";
  else if (effect.kind === "ct-template") about.ctState = "NEW";
  else if (effect.kind === "set-tcp-flags" && packet.transport?.kind === "tcp")
    about.packet = { ...packet, transport: { ...packet.transport, flags: effect.value } };
}
