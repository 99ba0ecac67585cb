import type { ConntrackLine } from "../model/host.ts";
import { type Packet, PROTOCOL, TCP_FLAG } from "../model/packet.ts";
import { Connection, fromModelTuple } from "./connection.ts";
import { restoredSctp } from "./conntrack-sctp.ts";
import { restoredTcp } from "./conntrack-tcp.ts";
import { TCP_STATES, type TcpState } from "./tcp-segment.ts";

const SECOND = 1_000_000_000n;

/** Age from which on a UDP connection counts as a stream; one that is not assured is taken to have been new when its last packet came. */
const STREAM = 2n * SECOND;

/** A connection as a line of `conntrack -L` tells it: windows, verification tags and what announced it are not known. */
export function restoredConnection(
  line: ConntrackLine,
  id: number,
  netns: string,
  udpTimeout: number,
  began: bigint,
  takenAt: bigint | undefined,
): Connection {
  const now = takenAt !== undefined && takenAt > began ? takenAt : began;
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
  connection.streamFrom = connection.assured ? now : now - BigInt(Math.max(0, udpTimeout - (line.timeout ?? 0))) * SECOND + STREAM;
  if (line.state && original.protocol === PROTOCOL.tcp && (TCP_STATES as readonly string[]).includes(line.state)) {
    connection.tcp = restoredTcp(line.state as TcpState);
  } else if (original.protocol === PROTOCOL.sctp) connection.sctp = restoredSctp(line.state);
  const age = isYounger(takenAt, began);
  if (age !== "no") connection.listed = { at: takenAt };
  // A list that is younger than some packets has counted them already.
  if (line.counters) connection.counters = age === "no" || age === "unknown" ? [line.counters.original, line.counters.reply] : "unknown";
  return connection;
}

/**
 * Whether a packet opens the very connection that a list younger than the packet holds, so that the entry was not there yet.
 * "assumed" where the list's age is not known, or where no flag tells an opening packet from a later one.
 */
export function isOpening(
  { listed, tcp }: Connection,
  direction: "original" | "reply",
  packet: Packet,
  now: bigint,
): "certain" | "assumed" | undefined {
  if (!listed || direction === "reply") return undefined;
  const age = isYounger(listed.at, now);
  const segment = packet.transport?.kind === "tcp" ? packet.transport : undefined;
  if (!segment) return age === "yes" || age === "maybe" ? "assumed" : undefined;
  if ((segment.flags & (TCP_FLAG.SYN | TCP_FLAG.ACK)) !== TCP_FLAG.SYN || age === "no") return undefined;
  if (age === "yes") return "certain";
  const reopens = tcp?.state === "TIME_WAIT" || tcp?.state === "CLOSE";
  return age === "maybe" || !reopens ? "assumed" : undefined;
}

/** Whether a list that was begun at some time, which is told in seconds, is younger than a packet. */
export function isYounger(takenAt: bigint | undefined, time: bigint): "yes" | "maybe" | "no" | "unknown" {
  if (takenAt === undefined) return "unknown";
  if (time <= takenAt) return "yes";
  return time < takenAt + SECOND ? "maybe" : "no";
}
