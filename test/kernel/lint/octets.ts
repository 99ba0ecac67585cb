import { type Packet, PROTOCOL, type Transport } from "../../../src/model/packet.ts";
import { icmp, icmp6, ipv4, ipv6, sctp, tcp, udp } from "../wire/build.ts";

/** Octets of a protocol that has none of its own here. */
const NOTHING_KNOWN = 20;

/** The octets of a made packet that is whole. */
export function octetsOf(packet: Packet): Uint8Array {
  const { family, src, dst, protocol, ttl, tos, transport } = packet;
  const payload = payloadOf(packet, transport);
  return family === 4
    ? ipv4({ src, dst, protocol, ttl, tos, id: 1, dontFragment: true, payload })
    : ipv6({ src, dst, protocol, hopLimit: ttl, trafficClass: tos, payload });
}

function payloadOf({ src, dst, protocol }: Packet, transport: Transport | undefined): Uint8Array {
  switch (transport?.kind) {
    case "tcp":
      return tcp({ ...transport, options: [] }, src, dst);
    case "udp":
      return udp({ sport: transport.sport, dport: transport.dport }, src, dst);
    case "icmp": {
      const { type, code, id, sequence } = transport;
      const fields = { type, code, ...(id !== undefined && { id }), ...(sequence !== undefined && { sequence }) };
      return protocol === PROTOCOL.icmp ? icmp(fields) : icmp6(fields, src, dst);
    }
    case "sctp":
      return sctp(transport);
    default:
      return new Uint8Array(NOTHING_KNOWN);
  }
}
