import { createReplay } from "../engine/replay.ts";
import { familyOf, formatAddress } from "../model/address.ts";
import type { Host, Namespace } from "../model/host.ts";
import type { Hook, Rule } from "../model/rule.ts";
import type { PacketTrace } from "../model/trace.ts";
import { buildHost } from "../parse/host.ts";
import { parseRoutesByFamily } from "../parse/ip-route.ts";
import { type NaturalPacket, naturalPacket } from "../probe/natural-packet.ts";
import { type Box, CHOICES, SPANS, type Span } from "../sets/box.ts";
import type { Universe } from "../sets/guard.ts";
import { makeFrame, makePacket } from "../wire/made-packet.ts";
import type { LintContext } from "./context.ts";
import type { Witness } from "./finding.ts";
import type { LintedRules } from "./linted-rules.ts";

const NETNS = "host";
/** Any time will do: no rule of a witness looks at the clock. */
const NOW = 1_700_000_000_000_000_000n;

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
  const local = wanted.hook === "OUTPUT" || (wanted.hook === "POSTROUTING" && packet.in === undefined);
  const device = local ? undefined : packet.in;
  const entry = local ? ["--out-of-socket"] : device === undefined ? undefined : ["--in", device];
  if (!entry) return undefined;
  for (const { host, netns, before, after } of machines(context, rules, packet, wanted, universe)) {
    const known = host.namespaces.get(netns)?.devices;
    const own = known?.find(({ name }) => name === device);
    if (known && !local && !own) continue;
    const frame = makeFrame(makePacket(packet.description), 1, NOW, own?.mac, device);
    const replay = createReplay(host, { netns, capture: "", mark: 0 });
    const [trace] = [...replay.push(frame), ...replay.finish()];
    if (trace && takes(trace, wanted.by)) {
      return { packet: [...before, "nettrace", "packet", ...packet.words, ...entry, ...after].join(" "), outcome: wanted.outcome };
    }
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

/** A machine, and the words by which a command has the same one. */
interface Machine {
  readonly host: Host;
  readonly netns: string;
  readonly before: readonly string[];
  readonly after: readonly string[];
}

function* machines(
  { host }: LintContext,
  rules: LintedRules,
  packet: NaturalPacket,
  { box, hook }: Wanted,
  universe: Universe,
): Generator<Machine> {
  const { file, netns, ruleset } = rules;
  if (netns !== undefined) {
    const at = file.lastIndexOf("/netns/");
    const names = ["--snapshot", quoted(at < 0 ? "." : file.slice(0, at)), ...(netns === NETNS ? [] : ["--netns", quoted(netns)])];
    const namespace = host?.namespaces.get(netns);
    if (host && namespace) yield { host: withRules(host, namespace, rules), netns, before: [], after: names };
    return;
  }
  const given = ruleset.family === 4 ? { ruleset4: ruleset } : { ruleset6: ruleset };
  const named = [ruleset.family === 4 ? "--rules" : "--rules6", quoted(file)];
  const leaves = hook === "FORWARD" || hook === "OUTPUT" || hook === "POSTROUTING";
  // Which device it leaves by is only known with a route.
  const isAnyOut =
    !leaves || (Number((box.spans[SPANS.out] as Span)[0]) <= 1 && (box.spans[SPANS.out] as Span)[1] === universe.devices.all[1]);
  if (isAnyOut) yield { host: buildHost({ addressesKnown: false, ...given }, NETNS), netns: NETNS, before: [], after: named };
  const route = routeOf(packet, hook);
  if (route === undefined || file === "-") return;
  const { value } = parseRoutesByFamily(`${route}\n`, "-", 4);
  const routes = { ...(value.four.length > 0 && { routes: value.four }), ...(value.six.length > 0 && { routes6: value.six }) };
  const said = ["echo", `"${route}"`, "|"];
  yield {
    host: buildHost({ addressesKnown: false, ...given, ...routes }, NETNS),
    netns: NETNS,
    before: said,
    after: [...named, "--routes", "-"],
  };
}

/** The namespace with the very rules that are looked at, so that a step's rule can be told by being the same. */
function withRules(host: Host, namespace: Namespace, { netns = NETNS, ruleset }: LintedRules): Host {
  const given = ruleset.family === 4 ? { ruleset4: ruleset } : { ruleset6: ruleset };
  return { ...host, namespaces: new Map([...host.namespaces, [netns, { ...namespace, ...given }]]) };
}

/** A route that brings the packet to the hook. */
function routeOf({ description, in: input, out }: NaturalPacket, hook: Hook): string | undefined {
  if (hook === "INPUT") return `local ${formatAddress(description.dst)} dev ${input ?? "eth0"}`;
  return hook === "PREROUTING" || out === undefined ? undefined : `${familyOf(description.dst) === 6 ? "::/0" : "default"} dev ${out}`;
}

function quoted(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}
