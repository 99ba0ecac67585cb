import type { PacketContext, StateCells } from "../extensions/spec.ts";
import type { Namespace } from "../model/host.ts";
import type { Frame } from "../model/packet.ts";
import type { EndStep, RuleStep } from "../model/trace.ts";
import type { PacketState } from "./packet-along.ts";

const NOTHING_REMEMBERED: StateCells = { get: () => undefined, set: () => {} };

/**
 * What a match would have seen at a step that was taken. Good for asking afterwards which conditions did not hold;
 * whatever depends on routes or on connections other than their state answers "unknown".
 */
export function contextAt(step: RuleStep | EndStep, state: PacketState, frame: Frame, namespace: Namespace | undefined): PacketContext {
  const packet = state.packet;
  return {
    packet,
    family: packet.family,
    netns: step.netns,
    hook: step.hook,
    table: step.table,
    backend: (packet.family === 4 ? namespace?.ruleset4 : namespace?.ruleset6)?.backend ?? "legacy",
    in: step.in ?? "",
    out: step.out ?? "",
    ...(step.physin !== undefined && { physIn: step.physin }),
    ...(step.physout !== undefined && { physOut: step.physout }),
    bridged: step.physin !== undefined && step.physout !== undefined,
    mark: state.mark,
    priority: 0,
    time: frame.time,
    frameType: frame.type ?? "host",
    ...(frame.srcMac !== undefined && { srcMac: frame.srcMac }),
    ctState: state.ctState ?? "UNTRACKED",
    ruleKey: "",
    cells: NOTHING_REMEMBERED,
    realm: 0,
    ...(namespace?.sets && { sets: new Map(namespace.sets.map((set) => [set.name, set])) }),
    addressType: (address) => {
      if (namespace?.devices?.some((d) => d.addresses.some((a) => a.address === address))) return "LOCAL";
      return { unknown: "routes" };
    },
    pathMtu: () => undefined,
    reversePath: () => ({ unknown: "routes" }),
  };
}
