import type { TargetUse } from "../model/rule.ts";
import type { Fate } from "./stream.ts";

/**
 * What a target does with a packet that it is met by: an end, nothing that rules see, another mark, something else that they may see but
 * for addresses, ports and devices, or anything.
 */
export type Doing = Fate | "nothing" | "mark" | "something" | "anything";

const SOMETHING = (name: string): [string, Doing] => [name, "something"];

const FATES: ReadonlyMap<string, Doing> = new Map<string, Doing>([
  ["REJECT", "drop"],
  ["NFQUEUE", "queue"],
  ["DNAT", "translate"],
  ["SNAT", "translate"],
  ["MASQUERADE", "translate"],
  ["REDIRECT", "translate"],
  ["NETMAP", "translate"],
  ["LOG", "nothing"],
  ["ULOG", "nothing"],
  ["NFLOG", "nothing"],
  ["TRACE", "nothing"],
  ["AUDIT", "nothing"],
  ["IDLETIMER", "nothing"],
  ["LED", "nothing"],
  ["RATEEST", "nothing"],
  ["TEE", "nothing"],
  ["CLASSIFY", "nothing"],
  ["CHECKSUM", "nothing"],
  ["TPROXY", "accept"],
  ["MARK", "mark"],
  ...["CLUSTERIP", "CONNMARK", "CONNSECMARK", "CT", "DSCP", "ECN", "HL", "HMARK", "NOTRACK", "SECMARK", "SET", "SYNPROXY"].map(SOMETHING),
  ...["TCPMSS", "TCPOPTSTRIP", "TOS", "TTL"].map(SOMETHING),
]);

/** What becomes of the packets that a rule with a target matches; jumps are followed, not asked for here. */
export function doingOf(target: TargetUse | undefined): Doing {
  if (!target) return "nothing";
  if (target.kind === "verdict") {
    const fates = { ACCEPT: "accept", DROP: "drop", QUEUE: "queue", RETURN: "return" } as const;
    return fates[target.verdict];
  }
  return target.kind === "extension" ? (FATES.get(target.name) ?? "anything") : "anything";
}
