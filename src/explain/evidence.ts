import type { Host } from "../model/host.ts";
import type { Observation, PacketTrace, RuleStep, Way } from "../model/trace.ts";
import { closestRule } from "./closest.ts";
import { packetAlong } from "./packet-along.ts";
import { reasonWords } from "./reasons.ts";
import { briefRule, commentOf, ruleName, targetName } from "./rule-words.ts";
import { lastChainStep, natRule } from "./way.ts";
import { count, duration, list, sentence } from "./words.ts";

/** The sentences that prove a headline: which rules translated, marked, chose a routing table, accepted or dropped. */
export function evidence(trace: PacketTrace, way: Way): readonly string[] {
  const lines: string[] = [];
  const states = packetAlong(trace, way);
  way.steps.forEach((step, index) => {
    const rule = natRule(way, index);
    if (rule) lines.push(ruleSentence(trace, rule));
    const mark = step.kind === "rule" ? step.set?.["mark"] : undefined;
    if (step.kind === "rule" && mark && Number(mark) !== states[index]?.mark) {
      lines.push(`Marked ${hex(mark)} by ${ruleName(step.table, step.chain, step.rule)}${elsewhere(trace, step)}`);
    }
    if (step.kind === "route" && step.policyRule)
      lines.push(`Routed by table ${step.table}, because of ip rule "${step.policyRule}": ${step.route}`);
    if (step.kind === "conntrack" && (step.state === "INVALID" || step.state === "UNTRACKED" || step.state === "RELATED")) {
      lines.push(`Connection tracking says ${step.state}${step.note ? `: ${step.note}` : ""}`);
    }
  });
  const last = lastChainStep(way);
  if (way.at.kind === "rule" && last?.kind === "rule") lines.push(ruleSentence(trace, last));
  const accepted = acceptedBy(trace, way);
  if (accepted) lines.push(accepted);
  for (const copy of way.copies ?? []) lines.push(copyWords(trace, copy));
  return lines;
}

/** "Its copy (TEE) was sent out of eth1" */
function copyWords(trace: PacketTrace, { verdict, at, out }: Way): string {
  const last = out.at(-1)?.packet ?? trace.packet;
  switch (verdict) {
    case "forwarded":
      return `Its copy (TEE) was sent out of ${at.interface ?? "a device that is not known"}${elsewhere(trace, at)}`;
    case "delivered":
      return `Its copy (TEE) was delivered${elsewhere(trace, at)}`;
    default: {
      const rule = at.table === undefined ? undefined : `${at.table} ${at.chain}${at.kind === "policy" ? "'s policy" : ` ${at.rule}`}`;
      return `Its copy (TEE) was ${verdict}${elsewhere(trace, at)}: ${rule === undefined ? reasonWords(at, last) : `by ${rule}`}`;
    }
  }
}

function ruleSentence(trace: PacketTrace, step: RuleStep): string {
  return `Rule${elsewhere(trace, step)}: ${ruleName(step.table, step.chain, step.rule)}: ${briefRule(step.rule)}${remark(step)}`;
}

function remark(step: RuleStep): string {
  const comment = commentOf(step.rule);
  const because = step.because ? `; ${step.because.join(", ")}` : "";
  const note = step.note ? ` (${step.note})` : "";
  return `${because}${note}${comment ? `  # ${comment}` : ""}`;
}

function hex(value: string | number): string {
  return typeof value === "number" ? `0x${value.toString(16)}` : value;
}

function elsewhere(trace: PacketTrace, step: { readonly netns: string }): string {
  return step.netns === trace.netns ? "" : ` in netns ${step.netns}`;
}

function acceptedBy(trace: PacketTrace, way: Way): string | undefined {
  if (way.verdict !== "delivered" && way.verdict !== "forwarded") return undefined;
  const accepted = way.steps.flatMap((step) => {
    if (step.kind === "rule" && step.table === "filter" && targetName(step.rule.target) === "ACCEPT") {
      return [`${ruleName(step.table, step.chain, step.rule)}${elsewhere(trace, step)}`];
    }
    if (step.kind === "policy" && step.table === "filter" && step.verdict === "ACCEPT") {
      return [`the policy of ${step.table} ${step.chain}${elsewhere(trace, step)}`];
    }
    return [];
  });
  return accepted.length > 0 ? `Accepted by ${list([...new Set(accepted)])}` : undefined;
}

/** "Closest rule: filter DOCKER 1 (line 20) would accept it but for one condition: …", for a drop by the packet filter. */
export function closestSentence(trace: PacketTrace, way: Way, host: Host): string | undefined {
  if (way.verdict !== "dropped" && way.verdict !== "rejected") return undefined;
  const closest = closestRule(trace, way, host);
  if (!closest) return undefined;
  const conditions = closest.failed.map((c) => `${c.wants}${c.has ? ` (${c.has})` : ""}`);
  const name = ruleName(closest.table, closest.chain, closest.rule);
  const but = closest.failed.length === 1 ? "one condition" : count(closest.failed.length, "condition");
  return `Closest rule: ${name} would accept it but for ${but}: ${list(conditions)}. It reads ${briefRule(closest.rule)}`;
}

/** What the capture itself says about the prediction: where the packet was seen again, and where it should have been. */
export function observationSentences(trace: PacketTrace): readonly string[] {
  const seen = trace.observed.map((o, index) => {
    const verb = isLeaving(trace, index) ? "leaving" : "on";
    return `${verb} ${placeWords(trace, o)} ${duration(o.after)} later (packet ${o.packet}${trace.frame.source ? ` of ${o.capture}` : ""})`;
  });
  const { missing } = trace;
  return [
    ...(seen.length > 0 ? [sentence(`seen ${list(seen)}`)] : []),
    ...(missing.length > 0
      ? [`Predicted to leave ${list(missing)} but not seen there in ${trace.frame.source ? "any" : "this"} capture`]
      : []),
  ];
}

function placeWords(trace: PacketTrace, { netns, interface: device }: Observation): string {
  if (netns === trace.netns) return device ?? "the host";
  return device === undefined ? `netns ${netns}` : `${netns} ${device}`;
}

/** On a device that is seen more often than the packet leaves it, the later sightings are those of it leaving. */
function isLeaving(trace: PacketTrace, index: number): boolean {
  const seen = trace.observed[index];
  const isThere = (o: { readonly netns: string; readonly interface?: string }) => o.netns === seen?.netns && o.interface === seen.interface;
  const after = trace.observed.slice(index + 1).filter(isThere).length;
  return after < trace.way.out.filter(isThere).length;
}
