import { type Packet, PROTOCOL, type Transport } from "../../../src/model/packet.ts";
import type { Appearance } from "../../../src/model/trace.ts";
import { decodeHeader } from "../../../src/wire/transport.ts";
import { onlyCopiedOptions } from "./build-ip.ts";
import { firstDifference } from "./fields.ts";
import { join, read, write } from "./octets.ts";
import { measure, patched } from "./patch.ts";
import { checksum, crc32c, pseudoHeader } from "./sums.ts";

const FRAGMENT_FIELD = 6;
const MORE_FRAGMENTS = 0x2000;
const DONT_FRAGMENT = 0x4000;
const OFFSET = 0x1fff;

/** The datagram that the last of some packets makes whole, when it is a fragment and the others of it are among those before. */
function gathered(sent: readonly Uint8Array[]): Uint8Array | undefined {
  const last = sent.at(-1);
  if (!last || read(last, 0, 1) >> 4 !== 4 || (!hasMore(last) && offsetOf(last) === 0)) return undefined;
  const parts = new Map<number, Uint8Array>();
  for (const packet of sent.toReversed()) {
    if (datagramOf(packet) === datagramOf(last) && !parts.has(offsetOf(packet))) parts.set(offsetOf(packet), packet);
    if (isWhole([...parts.values()])) return reassembled([...parts.values()]);
  }
  return undefined;
}

/** What fragments of one datagram have in common (ip_fragment.c, struct frag_v4_compare_key). */
const datagramOf = (octets: Uint8Array) => `${read(octets, 4, 2)} ${octets[9]} ${octets.subarray(12, 20)}`;

function isWhole(parts: readonly Uint8Array[]): boolean {
  let end = 0;
  for (const part of parts.toSorted((a, b) => offsetOf(a) - offsetOf(b))) {
    if (offsetOf(part) !== end) return false;
    end += measure(part).end - measure(part).header;
    if (!hasMore(part)) return true;
  }
  return false;
}

/** The datagram that IPv4 fragments make up, in any order (net/ipv4/ip_fragment.c, ip_frag_reasm). */
export function reassembled(parts: readonly Uint8Array[]): Uint8Array {
  const ordered = [...parts].sort((a, b) => offsetOf(a) - offsetOf(b));
  const first = ordered[0];
  if (!first) throw new Error("no fragments");
  const header = first.slice(0, measure(first).header);
  const data = join(...ordered.map((part) => part.subarray(measure(part).header, measure(part).end)));
  const longest = (of: readonly Uint8Array[]) => Math.max(0, ...of.map((part) => read(part, 2, 2)));
  const dontFragment = longest(ordered.filter((part) => read(part, FRAGMENT_FIELD, 2) & DONT_FRAGMENT)) === longest(ordered);
  write(header, 2, 2, header.length + data.length);
  write(header, FRAGMENT_FIELD, 2, dontFragment ? DONT_FRAGMENT : 0);
  return join(sealed(header), data);
}

const offsetOf = (octets: Uint8Array) => (read(octets, FRAGMENT_FIELD, 2) & OFFSET) * 8;

/** ip_send_check: a header with the checksum that it should have. */
function sealed(header: Uint8Array): Uint8Array {
  write(header, 10, 2, 0);
  write(header, 10, 2, checksum(header));
  return header;
}

/**
 * The octets that a packet has where the replay says that it is `said`, made of those that it had when it was captured. Of a datagram
 * that is cut on its way out, `original` is the whole and `first` what is said of the first fragment: it has the transport header.
 */
export function expectedOctets(original: Uint8Array, said: Packet, first: Packet = said): Uint8Array {
  const { fragment } = said;
  const transport = transportOf(original, first);
  const whole = patched(original, transport ? { ...said, transport } : said);
  if (said.family === 6 || !fragment) return whole;
  const start = fragment.offset - offsetOf(original);
  if (start === 0 && whole.length === said.length && fragment.more === hasMore(original)) return whole;
  const { header } = measure(original);
  const size = said.length - said.headerLength;
  const head = whole.slice(0, header);
  if (start > 0) onlyCopiedOptions(head);
  write(head, 2, 2, said.length);
  write(head, FRAGMENT_FIELD, 2, (said.dontFragment ? DONT_FRAGMENT : 0) | (fragment.more ? MORE_FRAGMENTS : 0) | (fragment.offset / 8));
  return join(sealed(head), whole.subarray(header + start, header + start + size));
}

/** The transport header of the first fragment; where it ends before the header does, the rest is as it was. */
function transportOf(original: Uint8Array, { transport, fragment, protocol, payload, family }: Packet): Transport | undefined {
  if (transport || fragment?.offset !== 0 || family !== 4 || payload.length < 4) return transport;
  const { header, end } = measure(original);
  const was = decodeHeader(family, protocol, original, header, Math.min(end, original.length), end - header, 0);
  if (typeof was !== "object" || !("sport" in was)) return undefined;
  return { ...was, sport: read(payload, 0, 2), dport: read(payload, 2, 2) };
}

const hasMore = (octets: Uint8Array) => (read(octets, FRAGMENT_FIELD, 2) & MORE_FRAGMENTS) !== 0;

/** A packet whose transport checksum was left to the card, as the card sends it. */
function completed(octets: Uint8Array): Uint8Array {
  const { header, end, protocol, src, dst } = measure(octets);
  const whole = octets.slice(0, end);
  const transport = whole.subarray(header);
  if (protocol === PROTOCOL.sctp) {
    write(whole, header + 8, 4, 0);
    new DataView(whole.buffer).setUint32(header + 8, crc32c(transport), true);
    return whole;
  }
  const at = header + (protocol === PROTOCOL.tcp ? 16 : 6);
  write(whole, at, 2, 0);
  const sum = checksum(pseudoHeader(src, dst, protocol, transport.length), transport);
  write(whole, at, 2, protocol === PROTOCOL.udp ? sum || 0xffff : sum);
  return whole;
}

/**
 * In words, the first thing in which the kernel's packet is not what the replay says that it is; undefined when nothing is. A checksum left
 * to the card may still be so. `first` as in `expectedOctets`.
 */
export function differs(said: Packet, original: Uint8Array, kernel: Uint8Array, first: Packet = said): string | undefined {
  const expected = expectedOctets(original, said, first);
  const difference = firstDifference(expected, kernel);
  if (difference === undefined || said.checksum !== "partial") return difference;
  return firstDifference(completed(expected), kernel) && difference;
}

/**
 * In words, the first thing in which the octets of `out[index]` are not what the replay says. `sent` are the packets so far, the one in
 * question last: when that made a datagram whole, the datagram may have been put together on the way and cut again.
 */
export function differsOut(sent: readonly Uint8Array[], out: readonly Appearance[], index: number, kernel: Uint8Array): string | undefined {
  const one = out[index];
  const original = sent.at(-1);
  if (!one || !original) return "nothing is said of it";
  const before = out.slice(0, index + 1).filter(({ netns, interface: device }) => netns === one.netns && device === one.interface);
  const first = before.findLast(({ packet }) => (packet.fragment?.offset ?? 0) === 0)?.packet ?? one.packet;
  const alone = differs(one.packet, original, kernel, first);
  const whole = alone === undefined ? undefined : gathered(sent);
  return whole ? differs(one.packet, whole, kernel, first) : alone;
}
