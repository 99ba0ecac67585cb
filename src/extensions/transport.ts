import type { Packet, Tcp, Transport } from "../model/packet.ts";
import { endsInExtensions } from "./ipv6-headers.ts";
import type { MatchResult, PacketContext } from "./spec.ts";

/** What is missing where a capture was cut off before the transport header. */
export const UNCAPTURED: MatchResult = { unknown: "the transport header, which was not captured" };

/** Ports of a transport header. */
export interface PortPair {
  readonly kind: "found";
  readonly sport: number;
  readonly dport: number;
}

interface Header<T> {
  readonly kind: "found";
  readonly header: T;
}

/** Result of a match for which a header that should be there is not. */
export interface Missing {
  readonly kind: "missing";
  readonly result: MatchResult;
}

function missing(result: MatchResult): Missing {
  return { kind: "missing", result };
}

/** Whether the packet is a fragment other than the first. */
export function isLaterFragment(packet: Packet): boolean {
  return (packet.fragment?.offset ?? 0) > 0;
}

/** The transport header of one kind; later fragments have none, and a packet too short for it is a hotdrop (skb_header_pointer == NULL). */
export function headerOf<K extends Transport["kind"]>(context: PacketContext, kind: K): Header<Extract<Transport, { kind: K }>> | Missing {
  const { packet } = context;
  if (isLaterFragment(packet)) return missing(false);
  const { transport } = packet;
  if (transport?.kind === kind) return { kind: "found", header: transport as Extract<Transport, { kind: K }> };
  if (packet.defect === "uncaptured") return missing(UNCAPTURED);
  return missing(packet.defect === undefined ? false : "hotdrop");
}

/** Ports of any protocol that has them; `octets` is how much of its header must be there for the kernel. */
export function portsOf({ packet }: PacketContext, octets: number): PortPair | Missing {
  return isLaterFragment(packet) ? missing(false) : portsIn(packet, octets);
}

function portsIn(packet: Packet, octets: number): PortPair | Missing {
  const { transport } = packet;
  if (endsInExtensions(packet)) return missing("hotdrop");
  if (transport && "sport" in transport) return { kind: "found", sport: transport.sport, dport: transport.dport };
  if (packet.length - packet.headerLength < octets) return missing("hotdrop");
  const [a, b, c, d] = packet.payload;
  if (a === undefined || b === undefined || c === undefined || d === undefined) return missing(UNCAPTURED);
  return { kind: "found", sport: a * 256 + b, dport: c * 256 + d };
}

/**
 * nft reads just the octets that it compares, so that a header cut short still has ports, and a later fragment seems to have some
 * (nf_tables_core.c, nft_payload_fast_eval).
 */
export function nftPortsOf({ packet }: PacketContext): PortPair | Missing {
  const found = portsIn(packet, 4);
  return found.kind === "missing" && found.result === "hotdrop" ? missing(false) : found;
}

/** Octets of TCP options in the header; undefined where they were not all captured. */
export function tcpOptionsComplete(packet: Packet, tcp: Tcp): boolean {
  return packet.payload.length >= Math.min(tcp.headerLength, packet.length - packet.headerLength);
}
