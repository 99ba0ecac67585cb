import type { MatchUse, TargetUse } from "../model/rule.ts";

/**
 * What a match looks at besides what all packets of a connection share (addresses, ports, protocol, devices, TOS, mark, connection state):
 * nothing, the TCP flags, or more.
 */
export type Reads = "nothing" | "flags" | "more";

/** Matches that look at nothing in which packets of an established connection differ in one direction. */
const STEADY: ReadonlySet<string> = new Set(["comment", "iprange", "mac", "mark", "multiport", "pkttype", "state", "udp"]);

/** Targets that do to all of them the same, and leave nothing behind. */
const STEADY_TARGETS: ReadonlySet<string> = new Set(["LOG", "MARK", "NFLOG", "TRACE"]);

/** What a match looks at. */
export function readsOf({ name, args }: MatchUse): Reads {
  if (!args) return "more";
  if (STEADY.has(name)) return "nothing";
  if (name === "tcp") return args["option"] ? "more" : args["flags"] || args["syn"] ? "flags" : "nothing";
  // What a connection has come to changes while it lasts.
  if (name === "conntrack") return args["status"] || args["expire"] ? "more" : "nothing";
  return "more";
}

/** Whether a target does the same to all packets of a connection in one direction. */
export function isSteady(target: TargetUse): boolean {
  return target.kind !== "extension" || (target.args !== undefined && STEADY_TARGETS.has(target.name));
}
