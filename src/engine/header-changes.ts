import { sameSum } from "../extensions/prefix-translation.ts";
import type { Address } from "../model/address.ts";
import { type Packet, PROTOCOL, type TcpOption } from "../model/packet.ts";

const NOP: TcpOption = { kind: 1, data: new Uint8Array(0) };

/** Protocols whose checksum covers the addresses (RFC 8200 section 8.1). */
const COVERING: ReadonlySet<number> = new Set([PROTOCOL.tcp, PROTOCOL.udp, PROTOCOL.udplite, PROTOCOL.dccp, PROTOCOL.icmpv6]);

/** A packet with another address and the checksum that it had, which may be wrong from then on. */
export function withAddress(packet: Packet, which: "src" | "dst", value: Address): Packet {
  const old = packet[which];
  const spoilt = packet.checksum === "good" && COVERING.has(packet.protocol) && !sameSum(BigInt(old), BigInt(value));
  return { ...packet, [which]: value, ...(spoilt && { checksum: "bad" as const }) };
}

/** An ICMPv6 error whose quoted packet has another address, with the checksums that both had; any other packet as it is. */
export function withQuotedAddress(packet: Packet, which: "src" | "dst", value: Address): Packet {
  const { transport } = packet;
  if (transport?.kind !== "icmp" || !transport.quoted) return packet;
  const { quoted } = transport;
  const spoilt = packet.checksum === "good" && !sameSum(BigInt(quoted[which]), BigInt(value));
  return {
    ...packet,
    transport: { ...transport, quoted: withAddress(quoted, which, value) },
    ...(spoilt && { checksum: "bad" as const }),
  };
}

/** Options of these kinds replaced by as many no-operations as they had octets (xt_TCPOPTSTRIP.c, tcpoptstrip_mangle_packet). */
export function stripOptions(packet: Packet, kinds: readonly number[]): Packet {
  const { transport } = packet;
  if (transport?.kind !== "tcp") return packet;
  const options = transport.options.flatMap((option) =>
    kinds.includes(option.kind) ? Array.from({ length: option.data.length + 2 }, () => NOP) : [option],
  );
  return { ...packet, transport: { ...transport, options } };
}
