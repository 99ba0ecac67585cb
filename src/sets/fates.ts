import { targetSpec } from "../extensions/registry.ts";
import type { Doing } from "../extensions/spec.ts";
import type { TargetUse } from "../model/rule.ts";

/** What becomes of the packets that a rule with a target matches; jumps are followed, not asked for here. */
export function doingOf(target: TargetUse | undefined): Doing | "return" {
  if (!target) return "nothing";
  if (target.kind === "verdict") {
    const fates = { ACCEPT: "accept", DROP: "drop", QUEUE: "queue", RETURN: "return" } as const;
    return fates[target.verdict];
  }
  return (target.kind === "extension" && targetSpec(target.name)?.does) || "anything";
}
