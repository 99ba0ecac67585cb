import type { ConntrackLine } from "../model/host.ts";
import { PROTOCOL } from "../model/packet.ts";
import { Connection, fromModelTuple } from "./connection.ts";
import { restoredSctp } from "./conntrack-sctp.ts";
import { restoredTcp } from "./conntrack-tcp.ts";
import { TCP_STATES, type TcpState } from "./tcp-segment.ts";

const SECOND = 1_000_000_000n;

/** A connection as a line of `conntrack -L` tells it: windows, verification tags and what announced it are not known. */
export function restoredConnection(line: ConntrackLine, id: number, netns: string, now: bigint): Connection {
  const zone = { id: line.zone, ...(line.zoneDirection ? { direction: line.zoneDirection } : {}) };
  const connection = new Connection(id, netns, zone, fromModelTuple(line.original), true);
  connection.reply = fromModelTuple(line.reply);
  connection.confirmed = true;
  connection.seenReply = !line.flags.includes("UNREPLIED");
  connection.assured = line.flags.includes("ASSURED");
  connection.srcNatDone = connection.dstNatDone = true;
  const { original, reply } = connection;
  const hasPorts = original.protocol !== PROTOCOL.icmp && original.protocol !== PROTOCOL.icmpv6;
  connection.srcNat = original.src !== reply.dst || (hasPorts && original.sport !== reply.dport);
  connection.dstNat = original.dst !== reply.src || (hasPorts && original.dport !== reply.sport);
  connection.mark = line.mark;
  connection.helper = line.helper;
  connection.expires = now + BigInt(line.timeout ?? 600) * SECOND;
  connection.streamFrom = now;
  if (line.state && original.protocol === PROTOCOL.tcp && (TCP_STATES as readonly string[]).includes(line.state)) {
    connection.tcp = restoredTcp(line.state as TcpState);
  } else if (original.protocol === PROTOCOL.sctp) connection.sctp = restoredSctp(line.state);
  return connection;
}
