import { type Address, formatAddress } from "../model/address.ts";
import { PROTOCOL } from "../model/packet.ts";
import type { Rule } from "../model/rule.ts";
import { naturalPacket } from "../probe/natural-packet.ts";
import { type Box, intersection, SPANS, type Span } from "../sets/box.ts";
import { doingOf } from "../sets/fates.ts";
import { isUnconditional } from "./conditions.ts";
import type { LintContext } from "./context.ts";
import type { Machine } from "./machine.ts";
import { CLIENT_PORT, gatesOf, knock, strangers } from "./outside.ts";
import { isWelcome, ownRules } from "./own-rules.ts";
import { ask, type Question } from "./probe.ts";
import { reachOf, universeOf } from "./reach.ts";

const SERVER_PORT = 443;
const SERVED = [22, 80, 443, 25];
/** Rules whose connections are tried. */
const MOST_RULES = 24;

/** A connection through the machine, and what of it goes to the side where any host may be. */
export interface Forwarded {
  readonly question: Question;
  readonly goesOut: "packet" | "answer";
}

/** A TCP connection of the machine's own that comes about: one to a server elsewhere, or, where it may not make any, from a stranger to one of its ports. */
export function ownConnection(context: LintContext, machine: Machine): Question | undefined {
  const [stranger] = strangers(machine.rules);
  if (stranger === undefined) return undefined;
  for (const gate of gatesOf(machine, context.config)) {
    const description = { protocol: PROTOCOL.tcp, src: gate.own, dst: stranger, sport: CLIENT_PORT, dport: SERVER_PORT };
    const client: Question = { description, reply: true, facts: gate.facts };
    if (isEstablished(machine, client, "delivered")) return client;
    // Of answers that do not come back NT035 speaks, and what mends that mends this.
    if (isEstablished(machine, { ...client, reply: false }, "forwarded")) return undefined;
    const served = SERVED.map((port): Question => ({ ...knock(gate, stranger, port), reply: true }));
    const found = served.find((question) => isEstablished(machine, question, "forwarded"));
    if (found) return found;
  }
  return undefined;
}

/** Whether INPUT lets anything new in from elsewhere, or connections of the machine's own come about; where not, all was shut out on purpose. */
export function isInUse(context: LintContext, machine: Machine): boolean {
  const table = machine.rules.ruleset.tables.get("filter");
  const chain = table?.chains.get("INPUT");
  if (!table || !chain) return true;
  const isWelcoming = (rule: Rule) => isWelcome(rule) || (isUnconditional(rule) && doingOf(rule.target) === "accept");
  const own = [...ownRules(table, chain, context.config.managedChains)];
  return own.some(isWelcoming) || ownConnection(context, machine) !== undefined;
}

/**
 * TCP connections through the machine that come about, as its rules accept them, with any host on one side: a stranger is among them. Such are
 * those from inside to anywhere, and those from anywhere to a server; of the latter the answer is what goes out.
 */
export function* forwardedConnections({ config }: LintContext, machine: Machine, stranger: Address): Generator<Forwarded> {
  const { ruleset } = machine.rules;
  const table = ruleset.tables.get("filter");
  const chain = table?.chains.get("FORWARD");
  if (!table || !chain) return;
  const universe = universeOf(ruleset);
  const all = universe.all.spans;
  const tcp: Box = { ...universe.all, spans: all.map((span, d): Span => (d === SPANS.protocol ? [PROTOCOL.tcp, PROTOCOL.tcp] : span)) };
  const reach = reachOf(ruleset, table);
  let tried = 0;
  for (const rule of ownRules(table, chain, config.managedChains)) {
    if (rule.target?.kind !== "verdict" || rule.target.verdict !== "ACCEPT") continue;
    const [first] = reach.guard(rule).over;
    const box = first && intersection(first, tcp);
    const packet = box && naturalPacket(box, universe);
    if (!packet) continue;
    if (++tried > MOST_RULES) return;
    const { description, in: input, out } = packet;
    if (input === undefined || out === undefined || input === out) continue;
    const facts = [`default dev ${out}`, `${formatAddress(description.src)} dev ${input}`];
    const question = { description, in: input, reply: true, facts };
    const isAny = (side: "src" | "dst") => contains(box.spans[SPANS[side]] as Span, stranger);
    if (!isAny("dst") && !isAny("src")) continue;
    if (isEstablished(machine, question, "forwarded")) yield { question, goesOut: isAny("dst") ? "packet" : "answer" };
  }
}

const contains = ([low, high]: Span, address: Address): boolean => low <= address && address <= high;

/** Whether a connection's first packet arrives, and the answer to it where that is asked for. */
function isEstablished(machine: Machine, question: Question, verdict: "delivered" | "forwarded"): boolean {
  const answer = ask(machine, question);
  return answer?.way.verdict === verdict;
}
