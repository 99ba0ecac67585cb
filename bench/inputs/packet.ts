/** A TCP segment or UDP datagram in IPv4, as it is written into a capture. */
export interface Packet {
  readonly protocol: "tcp" | "udp";
  readonly src: number;
  readonly dst: number;
  readonly sport: number;
  readonly dport: number;
  readonly ttl: number;
  readonly id: number;
  /** Octets of payload. */
  readonly payload: number;
  readonly seq: number;
  readonly ack: number;
  readonly flags: number;
  /** Milliseconds for the timestamp options. */
  readonly clock: number;
}

/** TCP flags. */
export const FIN = 0x01;
export const SYN = 0x02;
export const PSH = 0x08;
export const ACK = 0x10;

const IPV4 = 20;
const UDP = 8;
const TCP = 32;
const TCP_SYN = 40;
const PROTOCOL = { tcp: 6, udp: 17 };
const DONT_FRAGMENT = 0x4000;
const WINDOW = 64_240;
/** What handshakes offer: MSS 1460, SACK permitted, timestamps, window scale 7. */
const SYN_OPTIONS = [2, 4, 0x05, 0xb4, 4, 2, 8, 10];
const SYN_SCALE = [1, 3, 3, 7];

/** Writes an IPv4 packet with right checksums; gives back its length. The payload is counting octets. */
export function writePacket(to: Buffer, at: number, packet: Packet): number {
  const { protocol, payload } = packet;
  const header = protocol === "udp" ? UDP : packet.flags & SYN ? TCP_SYN : TCP;
  const segment = header + payload;
  const length = IPV4 + segment;
  to[at] = 0x45;
  to[at + 1] = 0;
  to.writeUInt16BE(length, at + 2);
  to.writeUInt16BE(packet.id & 0xffff, at + 4);
  to.writeUInt16BE(DONT_FRAGMENT, at + 6);
  to[at + 8] = packet.ttl;
  to[at + 9] = PROTOCOL[protocol];
  to.writeUInt16BE(0, at + 10);
  to.writeUInt32BE(packet.src, at + 12);
  to.writeUInt32BE(packet.dst, at + 16);
  to.writeUInt16BE(folded(sum(to, at, at + IPV4)), at + 10);
  const transport = at + IPV4;
  to.writeUInt16BE(packet.sport, transport);
  to.writeUInt16BE(packet.dport, transport + 2);
  if (protocol === "udp") {
    to.writeUInt16BE(segment, transport + 4);
    to.writeUInt16BE(0, transport + 6);
  } else {
    writeTcp(to, transport, packet, header);
  }
  const body = transport + header;
  for (let i = 0; i < payload; i++) to[body + i] = (packet.id + i) & 0xff;
  const checksum = folded(PROTOCOL[protocol] + segment + sum(to, at + 12, at + length));
  to.writeUInt16BE(checksum, transport + (protocol === "udp" ? 6 : 16));
  return length;
}

function writeTcp(to: Buffer, at: number, packet: Packet, header: number): void {
  const { flags, clock } = packet;
  to.writeUInt32BE(packet.seq >>> 0, at + 4);
  to.writeUInt32BE(packet.ack >>> 0, at + 8);
  to[at + 12] = (header / 4) << 4;
  to[at + 13] = flags;
  to.writeUInt16BE(WINDOW, at + 14);
  to.writeUInt32BE(0, at + 16);
  const syn = (flags & SYN) !== 0;
  to.set(syn ? SYN_OPTIONS : [1, 1, 8, 10], at + 20);
  const stamps = at + (syn ? 28 : 24);
  to.writeUInt32BE(clock, stamps);
  to.writeUInt32BE(flags & ACK ? clock - 1 : 0, stamps + 4);
  if (syn) to.set(SYN_SCALE, stamps + 8);
}

function sum(bytes: Buffer, from: number, end: number): number {
  let total = 0;
  let at = from;
  for (; at + 1 < end; at += 2) total += ((bytes[at] as number) << 8) | (bytes[at + 1] as number);
  return at < end ? total + ((bytes[at] as number) << 8) : total;
}

function folded(total: number): number {
  let rest = total;
  while (rest > 0xffff) rest = (rest & 0xffff) + Math.floor(rest / 0x10000);
  return ~rest & 0xffff;
}
