import { packetOctets } from "../extensions/packet-octets.ts";
import type { Packet, Transport } from "../model/packet.ts";
import type { Netns } from "./netns.ts";
import { Run } from "./run.ts";
import { Skb } from "./skb.ts";

const ICMP_HEADER = 8;

/** A packet that the stack made up, as it sets out. */
export function replySkb(netns: Netns, packet: Packet, mark: number): Skb {
  return new Skb({
    packet,
    mark,
    priority: 0,
    type: "host",
    netns: netns.name,
    device: "",
    in: "",
    ctState: "INVALID",
    ctDirection: "original",
    local: true,
    looped: false,
    generated: true,
  });
}

/**
 * Follows an answer to a packet to its end and keeps it with the run; it belongs to the packet's connection (nf_ct_attach). `send` says
 * whether there was a way to send it.
 */
export function followAnswer(
  run: Run,
  netns: Netns,
  about: Skb,
  reply: Skb,
  type: "icmp-error" | "tcp-reset",
  send: (own: Run, reply: Skb) => boolean,
): void {
  // A reset may be answered with an ICMP error and nothing answers that: this ends.
  const own = new Run(run.world, run.time);
  const { packet } = reply;
  if (about.duplicate) reply.duplicate = true;
  if (about.ctState === "UNTRACKED") reply.answersUntracked = true;
  if (about.connection) {
    reply.connection = about.connection;
    reply.ctState = "RELATED";
    reply.ctDirection = about.ctDirection === "original" ? "reply" : "original";
  }
  if (!send(own, reply)) return;
  run.inTurn(() => {
    own.drain();
    run.replies.push({ netns: netns.name, type, packet, way: own.way(packet, []) });
  });
}

/**
 * The octets that a made packet would carry, as far as a content match may look at them: a quoted packet's own data in its place. `rest` is
 * the second word of an ICMP header.
 */
export function madePayload(transport: Transport, size: number, rest: number): Uint8Array {
  const payload = new Uint8Array(size);
  if (transport.kind !== "icmp") return payload;
  payload.set([transport.type, transport.code, 0, 0, rest >>> 24, (rest >> 16) & 255, (rest >> 8) & 255, rest & 255].slice(0, size));
  const quote = transport.quoted ? packetOctets(transport.quoted).slice(0, size - ICMP_HEADER) : [];
  for (const [i, octet] of quote.entries()) payload[ICMP_HEADER + i] = octet ?? 0;
  return payload;
}
