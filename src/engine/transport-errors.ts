import { type Packet, PROTOCOL } from "../model/packet.ts";
import { tcpError } from "./conntrack-tcp.ts";

/** Why a transport header cannot be one of a connection (tcp_error, udp_error, sctp_error); undefined when it can. */
export function protocolError(packet: Packet, checkChecksum: boolean): string | undefined {
  if (packet.protocol === PROTOCOL.tcp) return tcpError(packet, checkChecksum);
  if (packet.protocol === PROTOCOL.udp || packet.protocol === PROTOCOL.udplite) {
    if (!packet.transport) return "the UDP header is too short";
    if (packet.transport.kind === "udp") {
      const room = packet.length - packet.headerLength;
      if (packet.transport.length > room || packet.transport.length < 8) return "the UDP length does not fit the packet";
    }
    const fault = packet.protocol === PROTOCOL.udplite ? coverageError(packet) : undefined;
    if (fault) return fault;
    if (checkChecksum && packet.checksum === "bad") return "the UDP checksum is wrong";
    // udplite_error has the checksum computed with the number of UDP, which no sender of UDP-Lite does.
    if (checkChecksum && packet.protocol === PROTOCOL.udplite) return "the kernel verifies the checksum of UDP-Lite as if it were UDP";
  }
  if (packet.protocol === PROTOCOL.sctp && !packet.transport) return "the SCTP header is too short";
  if (packet.protocol === PROTOCOL.sctp && checkChecksum && packet.checksum === "bad") return "the SCTP checksum is wrong";
  return undefined;
}

/** udplite_error */
function coverageError({ payload, length, headerLength }: Packet): string | undefined {
  const [, , , , high = 0, low = 0, first = 0, second = 0] = payload;
  const size = length - headerLength;
  const coverage = (high << 8) | low || size;
  if (coverage < 8 || coverage > size) return "the UDP-Lite checksum covers more than the packet or less than the header";
  return first === 0 && second === 0 ? "it has no UDP-Lite checksum" : undefined;
}
