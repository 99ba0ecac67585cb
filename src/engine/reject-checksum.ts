import { type Packet, PROTOCOL } from "../model/packet.ts";
import type { Hook } from "../model/rule.ts";
import { addressSum, addsUp, pseudoSum } from "../wire/checksum.ts";
import type { Skb } from "./skb.ts";
import { Undecided } from "./undecided.ts";

/** Protocols whose checksum REJECT does not look at, for it is none of 16 bits over everything. */
const OTHERWISE_CHECKED: readonly number[] = [PROTOCOL.ah, PROTOCOL.esp, PROTOCOL.sctp, PROTOCOL.udplite];
const GRE_CHECKSUM = 0x80;

/** Whether REJECT finds a packet whole enough to answer with an ICMP error (nf_reject_ipv4.c, nf_send_unreach; nf_reject.h, nf_reject_verify_csum). */
export function mayBeRejected(skb: Skb): boolean {
  const { packet } = skb;
  if (OTHERWISE_CHECKED.includes(packet.protocol) || (packet.protocol === PROTOCOL.udp && packet.checksum === "absent")) return true;
  if (packet.protocol === PROTOCOL.gre && !((packet.payload[0] ?? 0) & GRE_CHECKSUM)) return true;
  return isValidated(skb) || addsUpWhole(packet);
}

/** The same for a reset (nf_reject_ip_tcphdr_get), which forgets what connection tracking found once the packet is forwarded (skb_forward_csum). */
export function mayBeReset(hook: Hook, skb: Skb): boolean {
  return (hook === "INPUT" && isValidated(skb)) || addsUpWhole(skb.packet);
}

/**
 * Whether connection tracking has found the checksum right on the way in, whatever rules change afterwards (skb->csum_valid), or a socket of the
 * host has left it to the card.
 */
function isValidated({ packet, checksumVerified }: Skb): boolean {
  return packet.checksum === "partial" || checksumVerified === true;
}

/** nf_ip_checksum adds up the IP header as well: what was written into its options without keeping its checksum up spoils the sum. */
function addsUpWhole(packet: Packet): boolean {
  if (packet.headerChecksum === "bad") return false;
  const { protocol, payload, fragment, checksum, src, dst } = packet;
  const size = packet.length - packet.headerLength;
  if (!fragment && checksum !== undefined) return checksum !== "bad";
  if (payload.length < size) throw new Undecided("whether the octets that were not captured add up, without which REJECT does not answer");
  const pseudo = protocol === PROTOCOL.tcp || protocol === PROTOCOL.udp ? pseudoSum(addressSum(src, dst), protocol, size) : 0;
  return addsUp(payload, 0, size, pseudo);
}
