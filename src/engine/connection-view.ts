import type { ConnectionView } from "../extensions/spec.ts";
import { type Connection, toModelTuple } from "./connection.ts";
import type { Skb, Template } from "./skb.ts";
import { DEFAULT_ZONE } from "./zone.ts";

const SECOND = 1_000_000_000n;

/** What a match sees of a connection; `helped`: one that is older than the capture has a helper. */
export function viewOf(connection: Connection, direction: "original" | "reply", now: bigint, helped: boolean): ConnectionView {
  const { master } = connection;
  return {
    id: connection.stateKey,
    older: connection.fromSnapshot,
    original: toModelTuple(connection.original),
    reply: toModelTuple(connection.reply),
    direction,
    mark: connection.mark,
    zone: connection.zone.id,
    ...(connection.helper ? { helper: connection.helper } : {}),
    ...masterHelper(connection, helped),
    ...(master ? { master: toModelTuple(master.original) } : {}),
    status: {
      expected: connection.expected,
      seenReply: connection.seenReply,
      assured: connection.assured,
      confirmed: connection.confirmed,
      srcNat: connection.srcNat,
      dstNat: connection.dstNat,
    },
    // Until it is confirmed its timeout is not yet counted from the clock, and so long past (nf_conntrack.h, nf_ct_expires).
    expires: connection.confirmed ? Math.max(0, Number((connection.expires - now) / SECOND)) : 0,
    ...countersOf(connection),
  };
}

/** Whether a CT rule has decided for a packet, and connection tracking has not seen it yet. */
export function awaitsTracking(skb: Skb): skb is Skb & { readonly template: Template } {
  return skb.template !== undefined && skb.connection === undefined && skb.ctState === "NEW";
}

/** What rules see behind a CT rule: its template, all of whose addresses, ports and protocols are 0 (nf_ct_tmpl_alloc, xt_ct_tg_check). */
export function viewOfTemplate({ template, packet }: Skb & { readonly template: Template }, mark: number): ConnectionView {
  const none = packet.family === 4 ? 0 : 0n;
  const tuple = { src: none, dst: none, protocol: 0 };
  return {
    template: true,
    original: tuple,
    reply: tuple,
    direction: "original",
    mark,
    zone: (template.zone ?? DEFAULT_ZONE).id,
    status: { expected: false, seenReply: false, assured: false, confirmed: true, srcNat: false, dstNat: false },
    expires: 0,
  };
}

function masterHelper({ master, fromSnapshot, helper }: Connection, helped: boolean): Pick<ConnectionView, "masterHelper"> {
  if (master?.helper !== undefined) return { masterHelper: master.helper };
  if (!fromSnapshot || !helped || helper !== undefined) return {};
  return { masterHelper: { unknown: "whether a helper had announced this connection, which is older than the capture" } };
}

function countersOf({ counters }: Connection): Pick<ConnectionView, "counters"> {
  if (counters === undefined) return {};
  if (counters === "unknown") return { counters: { unknown: "what the connection had carried when the capture began" } };
  return { counters: { original: counters[0], reply: counters[1] } };
}
