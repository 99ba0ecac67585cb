import type { Packet, TcpOption } from "../model/packet.ts";

const NOP: TcpOption = { kind: 1, data: new Uint8Array(0) };

/** An ICMP error whose quoted packet has other addresses; any other packet as it is. */
export function withQuoted(packet: Packet, change: Partial<Packet>): Packet {
  const { transport } = packet;
  if (transport?.kind !== "icmp" || !transport.quoted) return packet;
  return { ...packet, transport: { ...transport, quoted: { ...transport.quoted, ...change } } };
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
