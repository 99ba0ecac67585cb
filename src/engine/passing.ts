import type { Device } from "../model/host.ts";
import type { Packet } from "../model/packet.ts";
import { added } from "./added.ts";
import { invert, tupleOf } from "./connection.ts";
import type { Entry } from "./entry.ts";
import { isOfIpvlan } from "./ipvlan.ts";
import { isOfMacvlan } from "./macvlan.ts";
import { applyTuple } from "./nat.ts";
import type { Netns } from "./netns.ts";
import { sendLocal } from "./output.ts";
import type { Run } from "./run.ts";
import type { Skb } from "./skb.ts";
import { Undecided } from "./undecided.ts";

/**
 * A packet that is seen on its way out. It may come from a local socket: then it is followed from there. Else it has come in where
 * nobody captured, and connection tracking has seen it all the same.
 */
export function sendPassing(run: Run, entry: Entry, skb: Skb): void {
  const { netns } = entry;
  const before = beforeTranslation(run, netns, skb.packet);
  if (netns.addressType((before ?? skb.packet).src) === "LOCAL") {
    sendLocal(run, netns, before ? skb.with({ packet: before }) : skb);
    return;
  }
  const device = entry.name;
  run.steps.push({
    kind: "stack",
    netns: netns.name,
    note: "seen on its way out; what it was when it came in is not in the capture",
  });
  run.end("forwarded", { netns: netns.name, ...(device === undefined ? {} : { interface: device }) });
  const isPort = entry.device !== undefined && (entry.device.master !== undefined || isFromAbove(netns, entry.device, skb));
  if (before || !isPort) track(run, netns, skb.with({ packet: before ?? skb.packet }), before !== undefined);
}

/** Whether a packet comes from a device that stands on the one where it leaves, and the host's own IP has not seen it. */
function isFromAbove(netns: Netns, lower: Device, { srcMac, packet }: Skb): boolean {
  return isOfMacvlan(netns, lower, srcMac) || isOfIpvlan(netns, lower, packet.src);
}

/** The packet as it was before a known connection had it translated. */
function beforeTranslation(run: Run, netns: Netns, packet: Packet): Packet | undefined {
  const tuple = tupleOf(packet);
  const inverse = tuple && invert(tuple);
  const found = inverse && netns.tracker(packet.family)?.peek(0, inverse, run.time);
  if (!found) return undefined;
  const { original, reply } = found.connection;
  const own = found.direction === "original" ? reply : original;
  return applyTuple(applyTuple(packet, own, "src"), own, "dst");
}

/** What connection tracking makes of a packet that went through: nothing of it was dropped, or it would not have been seen. */
function track(run: Run, netns: Netns, skb: Skb, known: boolean): void {
  const conntrack = netns.tracker(skb.packet.family);
  if (!conntrack || skb.packet.fragment) return;
  try {
    const { packet } = skb;
    const why = conntrack.track(skb, run.time, true);
    const connection = skb.connection;
    if (why !== undefined || !connection || skb.ctState === "RELATED") {
      run.lesson.asked("more");
      return;
    }
    run.connection ??= connection;
    const step = { kind: "conntrack" as const, netns: netns.name, state: skb.ctState, direction: skb.ctDirection };
    run.steps.push(step);
    const tracked = { conntrack, packet, prerouting: true, connection, direction: skb.ctDirection, step };
    run.lesson.tracked = added(run.lesson.tracked, tracked);
    if (known || connection.confirmed) return;
    connection.srcNatDone = connection.dstNatDone = true;
    conntrack.confirm(skb, run.time);
    if (!netns.stack(skb.packet.family).ruleset?.has("nat")) return;
    run.world.assumptions.add({
      id: "way-in",
      text: "what is seen leaving but not coming in had the same addresses and ports before",
      flag: "a capture of all devices",
    });
  } catch (error) {
    if (!(error instanceof Undecided)) throw error;
    run.lesson.asked("more");
  }
}
