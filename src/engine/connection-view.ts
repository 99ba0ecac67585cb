import type { ConnectionView } from "../extensions/spec.ts";
import { type Connection, toModelTuple } from "./connection.ts";

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
    expires: Number((connection.expires - now) / SECOND),
    ...countersOf(connection),
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
