import { type Packet, PROTOCOL } from "../model/packet.ts";
import { decodeHeader } from "./transport.ts";

/** A packet as it is read where an ICMP error quotes it: nobody asks there for a whole header, or whether the length that it says can be. A cut authentication header stays unread. */
export function asQuoted(packet: Packet): Packet {
  const { defect, ...rest } = packet;
  const isCut = defect === "malformed" || defect === "short";
  if (packet.transport || packet.protocol === PROTOCOL.ah || !isCut || (packet.fragment?.offset ?? 0) > 0) return packet;
  const transport = decodeHeader(packet.family, packet.protocol, packet.payload, 0, packet.payload.length, packet.payload.length, 1);
  return typeof transport === "object" ? { ...rest, transport } : packet;
}
