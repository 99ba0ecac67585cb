import { type Packet, type Ports, PROTOCOL, type Spi } from "../model/packet.ts";
import { u16, u32 } from "./octets.ts";
import { type Defect, lacking, QUOTED_OCTETS } from "./transport.ts";

const DCCP_HEADER = 12;
const UDPLITE_HEADER = 8;
const ESP_HEADER = 8;
const AH_HEADER = 12;
const AH_SPI = 4;

function decodePorts(bytes: Uint8Array, total: number, header: number): Ports | Defect {
  return lacking(bytes.length, total, header) ?? { kind: "ports", sport: u16(bytes, 0), dport: u16(bytes, 2) };
}

/** The ports of a DCCP header (RFC 4340 section 5.1). */
export function decodeDccp(bytes: Uint8Array, total: number, quoted: boolean): Ports | Defect {
  return decodePorts(bytes, total, quoted ? QUOTED_OCTETS : DCCP_HEADER);
}

/** The ports of a UDP-Lite header (RFC 3828 section 3.1). */
export function decodeUdpLite(bytes: Uint8Array, total: number): Ports | Defect {
  return decodePorts(bytes, total, UDPLITE_HEADER);
}

/** The security parameters index of an ESP header (RFC 4303 section 2). */
export function decodeEsp(bytes: Uint8Array, total: number): Spi | Defect {
  return lacking(bytes.length, total, ESP_HEADER) ?? { kind: "spi", spi: u32(bytes, 0) };
}

/** The security parameters index of an authentication header (RFC 4302 section 2). */
export function decodeAh(bytes: Uint8Array, total: number, quoted: boolean): Spi | Defect {
  return lacking(bytes.length, total, quoted ? QUOTED_OCTETS : AH_HEADER) ?? { kind: "spi", spi: u32(bytes, AH_SPI) };
}

const WITH_PORTS: ReadonlySet<number> = new Set([PROTOCOL.tcp, PROTOCOL.udp, PROTOCOL.dccp, PROTOCOL.sctp, PROTOCOL.udplite]);

/** The ports of a packet whose transport header was not captured whole or is malformed, as far as they are there. */
export function portsOfBroken(packet: Packet): { readonly sport: number; readonly dport: number } | undefined {
  const { payload, fragment, protocol } = packet;
  if (packet.transport || !WITH_PORTS.has(protocol) || (fragment?.offset ?? 0) > 0 || payload.length < 4) return undefined;
  return { sport: u16(payload, 0), dport: u16(payload, 2) };
}
