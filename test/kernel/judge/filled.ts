import type { Packet } from "../../../src/model/packet.ts";
import { decodePacket } from "../../../src/wire/ip.ts";

/** The packet with the octets that the replay leaves open, timestamps in options mostly, taken from the kernel's own. */
export function filledIn(said: Packet, kernel: Uint8Array | undefined): Packet {
  const decoded = kernel && decodePacket(kernel).packet;
  return decoded ? filled(said, decoded) : said;
}

function filled(said: Packet, kernel: Packet): Packet {
  const { unknownOptions, drawnId, ...rest } = said;
  const octets = rest.ipOptions && Uint8Array.from(rest.ipOptions);
  for (const at of unknownOptions ?? []) octets?.fill(kernel.ipOptions?.[at] ?? 0, at, at + 1);
  const { transport } = rest;
  const quoted = kernel.transport?.kind === "icmp" ? kernel.transport.quoted : undefined;
  const withQuote =
    transport?.kind === "icmp" && transport.quoted && quoted ? { ...transport, quoted: filled(transport.quoted, quoted) } : transport;
  return {
    ...rest,
    ...(drawnId && kernel.id !== undefined && { id: kernel.id }),
    ...(octets && { ipOptions: octets }),
    ...(withQuote && { transport: withQuote }),
  };
}
