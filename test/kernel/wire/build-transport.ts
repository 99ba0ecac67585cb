import type { TcpOption } from "../../../src/model/packet.ts";
import { type At, addressOctets, join, number, read, write } from "./octets.ts";
import { checksum, crc32c, pseudoHeader } from "./sums.ts";

const NOTHING = new Uint8Array(0);
const WRONG = 0x0100;

/** A wrong checksum, or what it differs by from the right one. */
type Bad = boolean | number;

const differenceOf = (bad: Bad) => (typeof bad === "number" ? bad : WRONG);

/** Puts the checksum at `at`, right or wrong; 0 is written as 0xffff where 0 means that there is none. */
function seal(octets: Uint8Array, at: number, before: Uint8Array, bad: Bad | undefined, neverZero = false): Uint8Array {
  const right = checksum(before, octets) || (neverZero ? 0xffff : 0);
  write(octets, at, 2, bad ? right ^ differenceOf(bad) || WRONG << 1 : right);
  return octets;
}

interface TcpFields {
  readonly sport: number;
  readonly dport: number;
  readonly seq?: number;
  readonly ack?: number;
  /** Bits of TCP_FLAG. */
  readonly flags?: number;
  readonly window?: number;
  readonly urgent?: number;
  /** As octets, or as the model has them; filled up with end-of-options to whole words. */
  readonly options?: Uint8Array | readonly TcpOption[];
  readonly payload?: Uint8Array;
  readonly badChecksum?: Bad;
  /** Instead of the header's true length in words of four octets. */
  readonly dataOffset?: number;
  /** The four bits behind the data offset. */
  readonly reserved?: number;
}

/** A TCP segment (RFC 9293) with its checksum. */
export function tcp(fields: TcpFields, src: At, dst: At): Uint8Array {
  const given = fields.options instanceof Uint8Array ? fields.options : join(...(fields.options ?? []).map(optionOctets));
  const options = join(given, new Uint8Array(-given.length & 3));
  const segment = join(
    number(fields.sport, 2),
    number(fields.dport, 2),
    number(fields.seq ?? 0, 4),
    number(fields.ack ?? 0, 4),
    Uint8Array.of(((fields.dataOffset ?? 5 + options.length / 4) << 4) | (fields.reserved ?? 0), fields.flags ?? 0),
    number(fields.window ?? 64240, 2),
    number(0, 2),
    number(fields.urgent ?? 0, 2),
    options,
    fields.payload ?? NOTHING,
  );
  return seal(segment, 16, pseudoHeader(src, dst, 6, segment.length), fields.badChecksum);
}

function optionOctets({ kind, data }: TcpOption): Uint8Array {
  return kind < 2 ? Uint8Array.of(kind) : join(Uint8Array.of(kind, data.length + 2), data);
}

interface UdpFields {
  readonly sport: number;
  readonly dport: number;
  readonly payload?: Uint8Array;
  /** Instead of the true length. */
  readonly length?: number;
  readonly zeroChecksum?: boolean;
  readonly badChecksum?: Bad;
}

/** A UDP datagram (RFC 768) with its checksum. */
export function udp(fields: UdpFields, src: At, dst: At): Uint8Array {
  const payload = fields.payload ?? NOTHING;
  const length = fields.length ?? 8 + payload.length;
  const datagram = join(number(fields.sport, 2), number(fields.dport, 2), number(length, 2), number(0, 2), payload);
  return fields.zeroChecksum ? datagram : seal(datagram, 6, pseudoHeader(src, dst, 17, length), fields.badChecksum, true);
}

interface UdpLiteFields {
  readonly sport: number;
  readonly dport: number;
  readonly payload?: Uint8Array;
  /** Octets that the checksum covers; 0, the default, is all. */
  readonly coverage?: number;
  readonly badChecksum?: Bad;
}

/** A UDP-Lite datagram (RFC 3828). */
export function udplite(fields: UdpLiteFields, src: At, dst: At): Uint8Array {
  const coverage = fields.coverage ?? 0;
  const datagram = join(number(fields.sport, 2), number(fields.dport, 2), number(coverage, 2), number(0, 2), fields.payload ?? NOTHING);
  const covered = datagram.slice(0, coverage || datagram.length);
  const right = checksum(pseudoHeader(src, dst, 136, datagram.length), covered) || 0xffff;
  write(datagram, 6, 2, fields.badChecksum ? right ^ differenceOf(fields.badChecksum) || WRONG << 1 : right);
  return datagram;
}

interface DccpFields {
  readonly sport: number;
  readonly dport: number;
  /** 0 is a request. */
  readonly type?: number;
  readonly sequence?: number;
  readonly payload?: Uint8Array;
  readonly badChecksum?: Bad;
}

const DCCP_OFFSET: Readonly<Record<number, number>> = { 0: 5, 1: 7, 2: 4 };

/** A DCCP packet (RFC 4340) with long sequence numbers: a header of 16 octets, then what its type needs. */
export function dccp(fields: DccpFields, src: At, dst: At): Uint8Array {
  const type = fields.type ?? 0;
  const words = DCCP_OFFSET[type] ?? 6;
  const packet = join(
    number(fields.sport, 2),
    number(fields.dport, 2),
    Uint8Array.of(words, 0, 0, 0, (type << 1) | 1, 0),
    number(fields.sequence ?? 1, 6),
    new Uint8Array(words * 4 - 16),
    fields.payload ?? NOTHING,
  );
  return seal(packet, 6, pseudoHeader(src, dst, 33, packet.length), fields.badChecksum);
}

interface IcmpFields {
  readonly type: number;
  readonly code?: number;
  readonly id?: number;
  readonly sequence?: number;
  readonly mtu?: number;
  /** The four octets behind the checksum, where id, sequence and mtu do not say them: gateway, pointer, length of the quote. */
  readonly rest?: number;
  /** An IP packet in front of the payload. */
  readonly quoted?: Uint8Array;
  readonly payload?: Uint8Array;
  readonly badChecksum?: Bad;
}

function icmpMessage(fields: IcmpFields, ...body: readonly Uint8Array[]): Uint8Array {
  const rest = fields.rest ?? fields.mtu ?? (fields.id ?? 0) * 0x10000 + (fields.sequence ?? 0);
  return join(
    Uint8Array.of(fields.type, fields.code ?? 0, 0, 0),
    number(rest, 4),
    ...body,
    fields.quoted ?? NOTHING,
    fields.payload ?? NOTHING,
  );
}

/** An ICMP message (RFC 792). */
export function icmp(fields: IcmpFields): Uint8Array {
  return seal(icmpMessage(fields), 2, NOTHING, fields.badChecksum);
}

/** An ICMPv6 message (RFC 4443), with the target of neighbour discovery where one is given (RFC 4861). */
export function icmp6(fields: IcmpFields & { readonly target?: At }, src: At, dst: At): Uint8Array {
  const message = icmpMessage(fields, fields.target === undefined ? NOTHING : addressOctets(fields.target));
  return seal(message, 2, pseudoHeader(src, dst, 58, message.length), fields.badChecksum);
}

/** An SCTP chunk; a bare number is its type, with the least body that the type has. */
export type Chunk = number | { readonly type: number; readonly flags?: number; readonly data?: Uint8Array };

interface SctpFields {
  readonly sport: number;
  readonly dport: number;
  readonly tag?: number;
  readonly chunks: readonly Chunk[];
  readonly badChecksum?: Bad;
}

/** DATA; INIT and INIT ACK: tag, window, streams, first sequence number; SACK; SHUTDOWN. */
const CHUNK_BODY: Readonly<Record<number, Uint8Array>> = {
  0: Uint8Array.of(0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0x61, 0x62, 0x63, 0x64),
  1: Uint8Array.of(0, 0, 0, 1, 0, 0, 0xff, 0xff, 0, 1, 0, 1, 0, 0, 0, 1),
  2: Uint8Array.of(0, 0, 0, 2, 0, 0, 0xff, 0xff, 0, 1, 0, 1, 0, 0, 0, 1),
  3: Uint8Array.of(0, 0, 0, 1, 0, 0, 0xff, 0xff, 0, 0, 0, 0),
  7: Uint8Array.of(0, 0, 0, 1),
};

/** An SCTP packet (RFC 9260) with its CRC32c. */
export function sctp(fields: SctpFields): Uint8Array {
  const chunks = fields.chunks.map((chunk) => {
    const { type, flags = 0, data } = typeof chunk === "number" ? { type: chunk } : chunk;
    const body = data ?? CHUNK_BODY[type] ?? NOTHING;
    return join(Uint8Array.of(type, flags), number(4 + body.length, 2), body, new Uint8Array(-body.length & 3));
  });
  const packet = join(number(fields.sport, 2), number(fields.dport, 2), number(fields.tag ?? 0, 4), number(0, 4), ...chunks);
  const crc = crc32c(packet);
  new DataView(packet.buffer).setUint32(8, fields.badChecksum ? crc ^ differenceOf(fields.badChecksum) : crc, true);
  return packet;
}

/** An ESP packet (RFC 4303); what is encrypted is the payload. */
export function esp(fields: { readonly spi: number; readonly sequence?: number; readonly payload?: Uint8Array }): Uint8Array {
  return join(number(fields.spi, 4), number(fields.sequence ?? 1, 4), fields.payload ?? new Uint8Array(16));
}

interface AhFields {
  /** Protocol of the payload. */
  readonly next: number;
  readonly spi: number;
  readonly sequence?: number;
  readonly icv?: Uint8Array;
  readonly payload: Uint8Array;
}

/** An authentication header (RFC 4302) in front of a payload. */
export function ah(fields: AhFields): Uint8Array {
  const icv = fields.icv ?? new Uint8Array(12);
  const words = (12 + icv.length) / 4 - 2;
  return join(Uint8Array.of(fields.next, words, 0, 0), number(fields.spi, 4), number(fields.sequence ?? 1, 4), icv, fields.payload);
}

interface GreFields {
  /** EtherType of the payload. */
  readonly protocol?: number;
  readonly payload?: Uint8Array;
  readonly key?: number;
  readonly sequence?: number;
  readonly checksum?: boolean;
  /** PPTP's enhanced GRE (RFC 2637): version 1, its key the payload's length and this. */
  readonly callId?: number;
}

/** A GRE packet (RFC 2784, RFC 2890), or PPTP's version of it. */
export function gre(fields: GreFields): Uint8Array {
  const payload = fields.payload ?? new Uint8Array(20);
  const enhanced = fields.callId !== undefined;
  const key = fields.callId === undefined ? fields.key : payload.length * 0x10000 + fields.callId;
  const flags = (fields.checksum ? 0x8000 : 0) | (key === undefined ? 0 : 0x2000) | (fields.sequence === undefined ? 0 : 0x1000);
  const packet = join(
    number(flags | (enhanced ? 1 : 0), 2),
    number(fields.protocol ?? (enhanced ? 0x880b : 0x0800), 2),
    fields.checksum ? number(0, 4) : NOTHING,
    key === undefined ? NOTHING : number(key, 4),
    fields.sequence === undefined ? NOTHING : number(fields.sequence, 4),
    payload,
  );
  return fields.checksum && read(packet, 4, 2) === 0 ? seal(packet, 4, NOTHING, false) : packet;
}
