import { type Icmp, type Packet, PROTOCOL, type Tcp, type TcpOption, type Transport } from "../../../src/model/packet.ts";
import { decodeHeader } from "../../../src/wire/transport.ts";
import { join, number, read, write } from "./octets.ts";
import type { Ends } from "./patch.ts";
import { checksum, crc32c, pseudoHeader, updated } from "./sums.ts";

const TCP_HEADER = 20;
const TCP_CHECKSUM = 16;
const UDP_CHECKSUM = 6;
const UDPLITE_COVERAGE = 4;
const ICMP_CHECKSUM = 2;
const ICMP_HEADER = 8;
const IPV6_HEADER = 40;
const SCTP_HEADER = 12;
const SCTP_CHECKSUM = 8;

/** A transport header before and after a change, with the addresses around it. */
interface Change extends Task {
  readonly after: Uint8Array;
}

/** What is to become of the transport header and data of a packet. */
interface Task {
  readonly said: Packet;
  readonly quoted: boolean;
  readonly ends: Ends;
  readonly before: Uint8Array;
}

/** Makes the octets of a packet, here of a quoted one. */
type Patch = (octets: Uint8Array, said: Packet, quoted: boolean) => Uint8Array;

/** Whether two runs of octets are the same. */
export function same(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((octet, i) => octet === b[i]);
}

/** A transport header and its data after a change. */
export function changedTransport(task: Task, transport: Transport, patch: Patch): Uint8Array {
  const { said, before } = task;
  const after = before.slice();
  const change = { ...task, after };
  if ("sport" in transport) {
    write(after, 0, 2, transport.sport);
    write(after, 2, 2, transport.dport);
  }
  switch (transport.kind) {
    case "tcp":
      // nf_nat_proto.c, tcp_manip_pkt: of a header that is quoted in part only the ports are changed.
      if (before.length < TCP_HEADER) return after;
      return isTcpHeader(before) ? tcpOctets(change, transport) : keepChecksum(change, TCP_CHECKSUM);
    case "udp":
      return datagram(change);
    case "ports":
      // nf_nat_proto.c, nf_nat_l4proto_manip_pkt: DCCP is one of the protocols that it does not know any more.
      return said.protocol === PROTOCOL.dccp ? before : datagram(change, read(before, UDPLITE_COVERAGE, 2) || undefined);
    case "sctp":
      return sctpOctets(change);
    case "icmp":
      return icmpOctets(change, transport, patch);
    case "spi":
      return after;
  }
}

/** Keeps a checksum up with what it covers (net/core/utils.c, inet_proto_csum_replace4): a wrong one stays as wrong. */
function keepChecksum({ said, ends, before, after }: Change, at: number, covered?: number): Uint8Array {
  const first = pseudoHeader(ends.src, ends.dst, said.protocol, before.length);
  const then = pseudoHeader(said.src, said.dst, said.protocol, after.length);
  const field = read(before, at, 2);
  if (said.checksum === "partial") {
    // Left to the card is the sum of the pseudo-header alone, not inverted.
    write(after, at, 2, updated(field ^ 0xffff, first, then) ^ 0xffff);
    return after;
  }
  if (isSpoilt(said, first, before)) return after;
  const old = join(first, before.subarray(0, covered));
  const now = join(then, after.subarray(0, covered));
  if (!same(old, now)) write(after, at, 2, updated(field, old, now));
  return after;
}

/** Whether a good checksum has become wrong: prefix translation does not keep it up where the address has another prefix (ip6t_NPT.c). */
function isSpoilt({ family, checksum: state }: Packet, first: Uint8Array, before: Uint8Array): boolean {
  return family === 6 && state === "bad" && checksum(first, before) === 0;
}

/** udp_manip_pkt: no checksum stays none, and one that comes out as 0 is sent as CSUM_MANGLED_0. */
function datagram(change: Change, covered?: number): Uint8Array {
  const { said, before, after } = change;
  if (read(before, UDP_CHECKSUM, 2) === 0 && said.checksum !== "partial") return after;
  keepChecksum(change, UDP_CHECKSUM, covered);
  if (read(after, UDP_CHECKSUM, 2) === 0) write(after, UDP_CHECKSUM, 2, 0xffff);
  return after;
}

/** Of ICMPv6. */
const REDIRECT = 137;

/** sctp_manip_pkt computes the checksum anew over what is there, also over a packet that is quoted in part. */
function sctpOctets({ said, ends, before, after }: Change): Uint8Array {
  const moved = said.src !== ends.src || said.dst !== ends.dst || !same(before, after);
  if (!moved || before.length < SCTP_HEADER || said.checksum === "partial") return after;
  write(after, SCTP_CHECKSUM, 4, 0);
  new DataView(after.buffer).setUint32(SCTP_CHECKSUM, crc32c(after), true);
  return after;
}

function icmpOctets(change: Change, transport: Icmp, patch: Patch): Uint8Array {
  const { said, before, after } = change;
  if (transport.id !== undefined) write(after, 4, 2, transport.id);
  // NAT leaves what a redirect quotes, and it stands elsewhere.
  if (transport.quoted && !(said.family === 6 && transport.type === REDIRECT)) {
    const quote = before.slice(ICMP_HEADER);
    const now = patch(quote, transport.quoted, true);
    const first = pseudoHeader(change.ends.src, change.ends.dst, PROTOCOL.icmpv6, before.length);
    if (isSpoilt(said, first, before)) {
      // ip6t_npt_map_pfx changes an address and no checksum, in a quote like elsewhere.
      after.set(now.subarray(0, IPV6_HEADER), ICMP_HEADER);
      return after;
    }
    if (!same(quote, now)) {
      // nf_nat_icmp_reply_translation: the message's checksum is computed anew.
      after.set(now, ICMP_HEADER);
      write(after, ICMP_CHECKSUM, 2, 0);
      const pseudo = said.family === 4 ? [] : [pseudoHeader(said.src, said.dst, PROTOCOL.icmpv6, after.length)];
      write(after, ICMP_CHECKSUM, 2, checksum(...pseudo, after));
      return after;
    }
  }
  if (said.family === 6) return keepChecksum(change, ICMP_CHECKSUM);
  if (!same(before, after)) write(after, ICMP_CHECKSUM, 2, updated(read(before, ICMP_CHECKSUM, 2), before, after));
  return after;
}

/** Whether a TCP header says a length that it can have; in a quoted one nobody looks. */
function isTcpHeader(octets: Uint8Array): boolean {
  return (read(octets, 12, 1) >> 4) * 4 >= TCP_HEADER;
}

/** A TCP header as said, with what the model does not know of it, and the data as they were. */
function tcpOctets(change: Change, said: Tcp): Uint8Array {
  const { before } = change;
  const was = decodeHeader(4, PROTOCOL.tcp, before, 0, before.length, before.length, 1);
  // Nobody changes the options in a quote, which may end within them.
  const old = !change.quoted && was !== undefined && typeof was !== "string" && was.kind === "tcp" ? was.options : said.options;
  const header = change.after.slice(0, TCP_HEADER);
  write(header, 4, 4, said.seq);
  write(header, 8, 4, said.ack);
  // A header of no possible length, in a quote, stays as it is.
  const words = read(before, 12, 1) >> 4;
  if (words * 4 >= TCP_HEADER) write(header, 12, 1, (read(header, 12, 1) & 15) | ((said.headerLength / 4) << 4));
  write(header, 13, 1, said.flags);
  write(header, 14, 2, said.window);
  // Padding, and options that cannot be read, follow those that the model has.
  const start = Math.max(TCP_HEADER, words * 4);
  const unread = before.subarray(TCP_HEADER + optionOctets(old).length, start);
  const data = changedData(change, start);
  if (data) return sealedTcp(change, join(header, optionOctets(said.options), unread, data));
  const rest = join(unread, before.subarray(start));
  const odd = oddChanges(old, said.options);
  const asIfEven = said.options.map((option, i) => odd.get(i) ?? option);
  const after = keepChecksum({ ...change, after: join(header, optionOctets(asIfEven), rest) }, TCP_CHECKSUM);
  for (const [i, { data }] of odd)
    write(after, TCP_CHECKSUM, 2, updated(read(after, TCP_CHECKSUM, 2), data, said.options[i]?.data ?? data));
  after.set(optionOctets(said.options), TCP_HEADER);
  return after;
}

/** The data of a segment that a helper has rewritten; undefined when they are as they were. */
function changedData({ said, quoted, before }: Change, start: number): Uint8Array | undefined {
  const data = said.payload.subarray(start);
  return quoted || said.fragment || same(data, before.subarray(start)) ? undefined : data;
}

/** nf_nat_core.c, nf_nat_csum_recalc: the checksum of rewritten data is made anew, right whatever it was. */
function sealedTcp({ said }: Change, octets: Uint8Array): Uint8Array {
  write(octets, TCP_CHECKSUM, 2, 0);
  write(octets, TCP_CHECKSUM, 2, checksum(pseudoHeader(said.src, said.dst, PROTOCOL.tcp, octets.length), octets));
  return octets;
}

/** Options with another value at an odd offset, as they were: xt_TCPMSS.c, tcpmss_mangle_packet changes the checksum as if they stood at an even one. */
function oddChanges(old: readonly TcpOption[], said: readonly TcpOption[]): Map<number, TcpOption> {
  const found = new Map<number, TcpOption>();
  let at = TCP_HEADER;
  for (const [i, option] of old.entries()) {
    const now = said[i];
    const sized = now?.kind === option.kind && now.data.length === option.data.length;
    if (at % 2 === 1 && sized && !same(option.data, now.data)) found.set(i, option);
    at += optionOctets([option]).length;
  }
  return found;
}

function optionOctets(options: readonly TcpOption[]): Uint8Array {
  return join(...options.map(({ kind, data }) => (kind < 2 ? number(kind, 1) : join(Uint8Array.of(kind, data.length + 2), data))));
}
