import { familyOf } from "../model/address.ts";
import type { Hook, Rule } from "../model/rule.ts";
import type { PacketTrace } from "../model/trace.ts";
import { overrideHost } from "../parse/host.ts";
import type { NaturalPacket } from "../probe/natural-packet.ts";
import { naturalPacket } from "../probe/natural-packet.ts";
import { replays, routesTo } from "../probe/replays.ts";
import { type Box, CHOICES, SPANS, type Span } from "../sets/box.ts";
import type { Universe } from "../sets/guard.ts";
import type { LintContext } from "./context.ts";
import type { Witness } from "./finding.ts";
import type { LintedRules } from "./linted-rules.ts";
import { anyMachineOf, type Machine, rulesetOf } from "./machine.ts";

/** What a witness is to show: a packet of some at a hook that a rule takes. */
export interface Wanted {
  readonly box: Box;
  readonly hook: Hook;
  readonly by: Rule;
  /** "dropped by line 38" */
  readonly outcome: string;
}

/** A packet that shows it, when it is replayed by exactly the command that is given with it; undefined where there is no such command. */
export function witnessOf(context: LintContext, rules: LintedRules, universe: Universe, wanted: Wanted): Witness | undefined {
  if (rules.problems.length > 0) return undefined;
  const packet = naturalPacket(wanted.box, universe);
  if (!packet || !hasPlainTypes(wanted, universe)) return undefined;
  const machine = withRules(anyMachineOf(context, rules));
  for (const { trace, command } of replays(machine, packet, wanted.hook, factsFor(machine, packet, wanted, universe))) {
    if (takes(trace, wanted.by)) return { packet: command, outcome: wanted.outcome };
  }
  return undefined;
}

/** Whether nothing is asked of the kind of an address that is not so at the hook anyway. */
function hasPlainTypes({ box, hook }: Wanted, universe: Universe): boolean {
  const all = universe.all.choices;
  const [src, dst] = [box.choices[CHOICES.srcType], box.choices[CHOICES.dstType]];
  return src === all[CHOICES.srcType] && (dst === all[CHOICES.dstType] || (hook === "INPUT" && universe.isLocal(dst ?? 0)));
}

/** Whether the packet meets the rule on all ways that it can have gone. */
function takes({ way, alternatives }: PacketTrace, by: Rule): boolean {
  const ways = alternatives.length > 0 ? alternatives : [way];
  return ways.every(({ steps }) => steps.some((step) => step.kind === "rule" && step.rule === by));
}

/** The machine with the very rules that are looked at, so that a step's rule can be told by being the same. */
function withRules(machine: Machine): Machine {
  if (!machine.namespace) return machine;
  const host = overrideHost(machine.host([]), { addressesKnown: false, ...rulesetOf(machine.rules) }, machine.netns);
  return { ...machine, host: () => host };
}

function* factsFor(machine: Machine, packet: NaturalPacket, { box, hook }: Wanted, universe: Universe): Generator<readonly string[]> {
  const leaves = hook === "FORWARD" || hook === "OUTPUT" || hook === "POSTROUTING";
  const [low, high] = box.spans[SPANS.out] as Span;
  // Which device it leaves by is only known with a route.
  const needsRoute = leaves && !machine.namespace && (Number(low) > 1 || high !== universe.devices.all[1]);
  for (const facts of routesTo(machine, packet, hook, familyOf(packet.description.dst) === 6 ? "::/0" : "default")) {
    if (facts.length > 0 || !needsRoute) yield facts;
  }
}
