import type { ConnectionText } from "../explain/connection.ts";
import { portsOf } from "../explain/words.ts";
import { formatAddress } from "../model/address.ts";
import type { Appearance, PacketTrace, Reply, Step, Way } from "../model/trace.ts";
import type { Json } from "./ndjson/fields.ts";
import {
  ALTERNATIVE,
  APPEARANCE,
  DONE,
  END,
  ENDS,
  HEAD,
  IN_CHAIN,
  LINK,
  NAT,
  OBSERVATION,
  OPENING,
  PLACE,
  protocolField,
  REPLY,
  REPLY_END,
  RULE,
  SIGHTING,
  SIZE,
  WHERE,
} from "./ndjson/trace-fields.ts";

/** What became of one packet as the object of `--format json` and `ndjson`; `time` is RFC 3339. PacketLines writes the same as text. */
export function traceObject(trace: PacketTrace, time: string): Json {
  const { missing } = trace;
  return {
    ...OPENING.object(trace),
    time,
    ...HEAD.object(trace),
    ...SIGHTING.object(trace),
    ...wayFields(trace.way),
    observed: trace.observed.map((seen) => OBSERVATION.object(seen)),
    missing: missing.length > 0 ? missing : undefined,
    decided: trace.decided.length > 0 ? trace.decided : undefined,
    assumptions: trace.assumptions.map(({ id, text, flag }) => ({ id, text, flag })),
    alternatives: trace.alternatives.map((way) => ({ ...ALTERNATIVE.object(way), ...wayFields(way) })),
  };
}

function wayFields(way: Way): Json {
  return {
    at: PLACE.object(way.at),
    undecided: way.undecided,
    steps: (way.allSteps ?? way.steps).map(stepObject),
    nat: NAT.object(way.nat),
    out: way.out.map(appearanceObject),
    replies: way.replies.map(replyObject),
  };
}

function appearanceObject(one: Appearance): Json {
  return { ...APPEARANCE.object(one), ...ENDS.object(one.packet), ...SIZE.object(one.packet), ...LINK.object(one) };
}

function replyObject(reply: Reply): Json {
  return {
    ...REPLY.object(reply),
    ...ENDS.object(reply.packet),
    ...SIZE.object(reply.packet),
    ...REPLY_END.object(reply),
    ...wayFields(reply.way),
  };
}

function stepObject(step: Step): Json {
  if (step.kind === "rule") return { ...IN_CHAIN.object(step), ...RULE.object(step.rule), ...DONE.object(step), ...WHERE.object(step) };
  if (step.kind === "return" || step.kind === "policy") return { ...IN_CHAIN.object(step), ...END.object(step), ...WHERE.object(step) };
  if (step.kind === "route") return { ...step, via: step.via === undefined ? undefined : formatAddress(step.via) };
  return { ...step };
}

/** A connection as `--format json` lists it. */
export function flowObject(connection: ConnectionText): Json {
  const { flow, packets, sign, first } = connection;
  const ports = portsOf(first);
  return {
    flow,
    protocol: protocolField(first.protocol),
    src: formatAddress(first.src),
    dst: formatAddress(first.dst),
    sport: ports?.sport,
    dport: ports?.dport,
    packets,
    trouble: sign === "bad",
    outcomes: connection.outcomes.map((outcome) => [...outcome.lines, ...outcome.closing].map((line) => line.text)),
  };
}
