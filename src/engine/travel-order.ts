import type { Host } from "../model/host.ts";
import type { Frame } from "../model/packet.ts";
import { sameContent } from "./same-packet.ts";

const MICROSECOND = 1000n;

/**
 * Whether one of two frames must have been seen before the other although its time does not say so: the same packet in the same microsecond, of which
 * one capture may have kept less than the other. On its way a packet loses TTL, and goes out before it comes in at the other end of a link.
 */
export function travelOrder(host: Host): (one: Frame, other: Frame) => boolean {
  return (one, other) => {
    const { packet: a, source: from } = one;
    const { packet: b, source: to } = other;
    if (!a || !b || !from || !to || one.time / MICROSECOND !== other.time / MICROSECOND) return false;
    if (a.family !== b.family || !sameContent(a, b)) return false;
    if (a.ttl !== b.ttl) return a.ttl > b.ttl;
    return from.netns !== to.netns && isLeaving(host, one) && !isLeaving(host, other);
  };
}

function isLeaving({ namespaces }: Host, { type, srcMac, source }: Frame): boolean {
  if (type !== undefined || srcMac === undefined || source === undefined) return type === "outgoing";
  return namespaces.get(source.netns)?.devices?.some(({ mac }) => mac === srcMac) === true;
}
