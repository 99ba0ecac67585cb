import { formatAddress } from "../model/address.ts";
import { splitEndpoint } from "../model/endpoint.ts";
import type { EndStep, NatStep, PacketTrace, Reply, RuleStep, Way } from "../model/trace.ts";
import { packetAlong } from "./packet-along.ts";
import { pathWords } from "./path.ts";
import { reasonWords } from "./reasons.ts";
import { targetName } from "./rule-words.ts";
import { icmpWords, list } from "./words.ts";

/** A namespace as a phrase: the machine's own is "the host itself". */
export function namespaceWords(netns: string): string {
  return netns === "host" ? "the host itself" : `netns ${netns}`;
}

/** What happened on a way, as a clause that begins with a small letter and has no full stop. */
export function headline(trace: PacketTrace, way: Way): string {
  const translated = [...translations(way), ...redirected(way)];
  switch (way.verdict) {
    case "delivered":
      return [...translated, delivered(trace, way)].join(", ");
    case "forwarded":
      return [...translated, forwarded(trace, way)].join(", ");
    case "queued":
      return `held back: ${reasonWords(way.at, trace.packet)}`;
    case "unknown":
      return `UNDECIDED${trace.alternatives.length > 1 ? "" : `: it depends on ${way.undecided ?? "something that was not given"}`}`;
    case "rejected":
      return [...translated, `REJECTED${ended(trace, way)}${answered(way)}`].join(", ");
    case "dropped":
      return [...translated, `DROPPED${ended(trace, way)}${answered(way)}`].join(", ");
  }
}

function delivered(trace: PacketTrace, way: Way): string {
  const path = pathWords(trace, way);
  const local = way.at.netns === trace.netns;
  if (local && way.at.netns === "host")
    return path ? `delivered to the host itself (in on ${path})` : "delivered to the host itself (it never left)";
  return `delivered in netns ${way.at.netns}${path ? ` (${path})` : ""}`;
}

function forwarded(trace: PacketTrace, way: Way): string {
  const path = pathWords(trace, way);
  if (trace.direction === "out") {
    const sender = trace.netns === "host" || !path.includes("→") ? "" : ` by netns ${trace.netns}`;
    return path ? `sent out${sender} on ${path}` : `sent out${sender}`;
  }
  const here = way.steps.filter((step) => step.netns === trace.netns);
  const bridged = here.some((step) => step.kind === "bridge") && !here.some((step) => step.kind === "route");
  return `${bridged ? "bridged" : "forwarded"}${path ? ` ${path}` : ""}`;
}

/** The last step that a chain wrote into the trace: the one that decided, for a drop by the packet filter. */
export function lastChainStep(way: Way): RuleStep | EndStep | undefined {
  const step = way.steps.findLast((s) => s.kind === "rule" || s.kind === "policy" || s.kind === "return");
  return step as RuleStep | EndStep | undefined;
}

function ended(trace: PacketTrace, way: Way): string {
  const { at } = way;
  const where = at.netns === trace.netns ? "" : ` in netns ${at.netns}`;
  const last = lastChainStep(way);
  const course = courseWords(trace, way, last);
  if (at.kind === "policy") {
    return `${where}${course}: no rule of ${at.table} ${at.chain} accepts it, and its policy is DROP`;
  }
  if (at.kind === "rule" && last?.kind === "rule") {
    return `${where}${course} by ${last.table} ${last.chain} ${last.rule.number}`;
  }
  if (at.table && at.chain) return `${where}${course} by ${at.table} ${at.chain}${at.rule === undefined ? "" : ` ${at.rule}`}`;
  return `${where}${course}: ${reasonWords(at, packetAlong(trace, way).at(-1)?.packet ?? trace.packet)}`;
}

function courseWords(trace: PacketTrace, way: Way, last: RuleStep | EndStep | undefined): string {
  const path = pathWords(trace, way);
  const next = last?.netns === way.at.netns && last.hook === "FORWARD" && last.out !== "?" ? last.out : undefined;
  const hops = next && !path.endsWith(next) ? (path ? `${path} → ${next}` : next) : path;
  if (hops.includes("→")) return ` on its way ${hops}`;
  if (trace.direction === "out") return last?.hook === "OUTPUT" || !hops ? " before it left" : ` on its way out of ${hops}`;
  return hops ? ` on its way in from ${hops}` : "";
}

function answered(way: Way): string {
  const replies = way.replies.filter(({ type }) => type !== "redirect").map(replyWords);
  return replies.length > 0 ? `, answered with ${list(replies)}` : "";
}

/** Whom a router has told of a better way, while it sent the packet on. */
function redirected(way: Way): readonly string[] {
  return way.replies.filter(({ type }) => type === "redirect").map((reply) => `told the sender of a better way (${replyWords(reply)})`);
}

/** "ICMP port unreachable to 203.0.113.9", and what became of it if it did not get away. */
function replyWords(reply: Reply): string {
  const { packet, way } = reply;
  const icmp = packet.transport?.kind === "icmp" ? icmpWords(packet, packet.transport) : undefined;
  const what = reply.type === "tcp-reset" ? "a TCP reset" : `ICMP${packet.family === 6 ? "v6" : ""} ${icmp ?? "error"}`;
  const lost = way.verdict === "dropped" || way.verdict === "rejected" ? " (which is dropped itself)" : "";
  return `${what} to ${formatAddress(packet.dst)}${lost}`;
}

/** Each translation on the way: "DNAT to 172.17.0.2:80", "source translated back to 192.0.2.10:8080". */
export function translations(way: Way): readonly string[] {
  return way.steps.flatMap((step, index) => {
    if (step.kind !== "nat" || step.from === step.to) return [];
    const rule = natRule(way, index);
    if (rule) return [`${targetName(rule.rule.target)} to ${shortTo(step)}`];
    return isReply(way, index)
      ? [`${sideOf(step)} translated back to ${shortTo(step)}`]
      : [`${step.manip === "src" ? "SNAT" : "DNAT"} to ${shortTo(step)}`];
  });
}

function sideOf(step: NatStep): string {
  return step.manip === "src" ? "source" : "destination";
}

/** Only what changed, when the port stays the same. */
function shortTo(step: NatStep): string {
  const from = splitEndpoint(step.from);
  const to = splitEndpoint(step.to);
  return from.port === to.port ? to.host : step.to;
}

/** The rule whose target asked for the translation of a step. */
export function natRule(way: Way, index: number): RuleStep | undefined {
  const step = way.steps[index];
  if (step?.kind !== "nat" || step.by !== "rule") return undefined;
  const before = way.steps.slice(0, index).findLast((s) => s.kind === "rule" && s.table === "nat" && s.netns === step.netns);
  return before?.kind === "rule" && before.rule.target?.kind === "extension" ? before : undefined;
}

/** Whether the packet of a step goes against its connection's first one, as connection tracking there has found before. */
export function isReply(way: Way, index: number): boolean {
  const netns = way.steps[index]?.netns;
  for (let before = index - 1; before >= 0; before--) {
    const step = way.steps[before];
    if (step?.kind === "conntrack" && step.netns === netns) return step.direction === "reply";
  }
  return false;
}
