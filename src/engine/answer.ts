import { type Packet, TCP_FLAG, type Tcp } from "../model/packet.ts";
import { sameContent, sameData } from "./same-packet.ts";

/**
 * Whether a packet's own content shows that it answers another one, whatever ports it came to: a segment acknowledges the end of it,
 * an ICMP reply repeats its number and data.
 */
export function showsAnswer(asked: Packet, answer: Packet): boolean {
  const said = answer.transport;
  if (said?.kind === "tcp") return (said.flags & TCP_FLAG.ACK) !== 0 && said.ack === endOf(asked);
  const question = asked.transport;
  if (question?.kind !== "icmp" || said?.kind !== "icmp") return false;
  return question.sequence !== undefined && question.sequence === said.sequence && sameData(asked, answer);
}

/** Whether what an ICMP error quotes is a packet that was sent, by all that translation leaves as it is. */
export function showsQuote(sent: Packet, quoted: Packet): boolean {
  return sameContent(sent, quoted);
}

/** The sequence number behind a segment; undefined for other packets. */
export function endOf(packet: Packet): number | undefined {
  const tcp = packet.transport;
  if (tcp?.kind !== "tcp") return undefined;
  return (tcp.seq + lengthOf(packet, tcp)) >>> 0;
}

function lengthOf(packet: Packet, { flags, headerLength }: Tcp): number {
  const data = packet.length - packet.headerLength - headerLength;
  return data + (flags & TCP_FLAG.SYN ? 1 : 0) + (flags & TCP_FLAG.FIN ? 1 : 0);
}
