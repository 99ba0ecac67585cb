import type { Packet } from "../model/packet.ts";
import { ANY_PORT, tupleOf } from "./connection.ts";
import { openSide } from "./open-port.ts";
import { rewrite } from "./skb.ts";

/** Whether NAT drew a port or an id of a packet: its octets say neither that nor its checksum. */
export function hasDrawnPort(packet: Packet): boolean {
  const tuple = tupleOf(packet);
  return tuple !== undefined && openSide(tuple) !== undefined;
}

/** A datagram with the ports or the id of its first fragment, where NAT drew one of them. */
export function withDrawnPort(whole: Packet, first: Packet): Packet {
  const { transport } = first;
  if (!transport || !hasDrawnPort(first)) return whole;
  if (transport.kind === "icmp") return rewrite(whole, { icmpId: ANY_PORT });
  return "sport" in transport ? rewrite(whole, { sport: transport.sport, dport: transport.dport }) : whole;
}
