import { type Packet, PROTOCOL } from "../../../src/model/packet.ts";
import type { Appearance } from "../../../src/model/trace.ts";
import { onlyCopiedOptions } from "./build-ip.ts";
import { firstDifference } from "./fields.ts";
import { join, read, write } from "./octets.ts";
import { measure, patched } from "./patch.ts";
import { checksum, crc32c, pseudoHeader } from "./sums.ts";

const FRAGMENT_FIELD = 6;
const MORE_FRAGMENTS = 0x2000;
const DONT_FRAGMENT = 0x4000;
const OFFSET = 0x1fff;

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
  const whole = patched(original, first.transport ? { ...said, transport: first.transport } : said);
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

const hasMore = (octets: Uint8Array) => (read(octets, FRAGMENT_FIELD, 2) & MORE_FRAGMENTS) !== 0;

/** The octets of each appearance of a packet; fragments find the first one of theirs among the appearances on the same device. */
export function expectedOutputs(original: Uint8Array, out: readonly Appearance[]): Uint8Array[] {
  const firsts = new Map<string, Packet>();
  return out.map(({ netns, interface: device, packet }) => {
    const place = `${netns} ${device}`;
    if ((packet.fragment?.offset ?? 0) === 0) firsts.set(place, packet);
    return expectedOctets(original, packet, firsts.get(place));
  });
}

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
