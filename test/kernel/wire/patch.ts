import type { Address } from "../../../src/model/address.ts";
import { EXTENSION_NUMBERS, type ExtensionHeader, type Packet, PROTOCOL } from "../../../src/model/packet.ts";
import { decodePacket } from "../../../src/wire/ip.ts";
import { addressOctets, join, read, write } from "./octets.ts";
import { updated } from "./sums.ts";
import { changedTransport, same } from "./transport-octets.ts";

/** The addresses in a packet's header. */
export interface Ends {
  readonly src: Address;
  readonly dst: Address;
}

interface Measure extends Ends {
  /** Octets of IP header, extension headers included. */
  readonly header: number;
  /** Where the packet ends. */
  readonly end: number;
  readonly protocol: number;
}

const OPTIONS = 20;
const NOP = 1;
const SOURCE_ROUTES: readonly number[] = [131, 137];
const FIXED = 40;
const FRAGMENT_HEADER = 8;
const PAYLOAD_LENGTH = 4;
const NEXT_HEADER = 6;
const EXTENSIONS: readonly number[] = [PROTOCOL.hopopt, PROTOCOL["ipv6-route"], PROTOCOL["ipv6-frag"], PROTOCOL.ah, PROTOCOL["ipv6-opts"]];

/** The parts of an IP packet. */
export function measure(octets: Uint8Array): Measure {
  if (read(octets, 0, 1) >> 4 === 4) {
    const header = (read(octets, 0, 1) & 15) * 4;
    const end = Math.min(octets.length, read(octets, 2, 2));
    return { header, end, protocol: read(octets, 9, 1), src: read(octets, 12, 4), dst: read(octets, 16, 4) };
  }
  let header = FIXED;
  let protocol = read(octets, 6, 1);
  while (EXTENSIONS.includes(protocol) && header < octets.length) {
    const words = read(octets, header + 1, 1);
    const size = protocol === PROTOCOL["ipv6-frag"] ? 8 : protocol === PROTOCOL.ah ? (words + 2) * 4 : (words + 1) * 8;
    protocol = read(octets, header, 1);
    header += size;
  }
  return {
    header,
    end: Math.min(octets.length, FIXED + read(octets, PAYLOAD_LENGTH, 2)),
    protocol,
    src: address6(octets, 8),
    dst: address6(octets, 24),
  };
}

function address6(octets: Uint8Array, at: number): bigint {
  return octets.subarray(at, at + 16).reduce((sum, octet) => (sum << 8n) | BigInt(octet), 0n);
}

/**
 * The octets of a packet, up to its end, after everything in which `said` differs has been written into it and checksums were kept up.
 * One that is `quoted` may have been cut short.
 */
export function patched(original: Uint8Array, said: Packet, quoted = false): Uint8Array {
  const { header: chain, end, src, dst } = measure(original);
  const lost = said.family === 6 ? defragmented(original, said) : 0;
  // Of headers that run past the end only those count that can be read.
  const header = chain > end ? said.headerLength + lost * FRAGMENT_HEADER : chain;
  // sctp_manip_pkt looks as far as the buffer goes, beyond the end of a packet that is quoted.
  const before = original.slice(header, quoted ? original.length : end);
  // A router that goes by a source route leaves the transport's checksum as it is.
  const ends = { src, dst: isSentOn(original, header, said) ? said.dst : dst };
  const after = said.transport ? changedTransport({ said, quoted, ends, before }, said.transport, patched) : before;
  const head = lost > 0 ? withExtensions(original, said, lost) : original.slice(0, header);
  (said.family === 4 ? patchHeader4 : patchHeader6)(head, said, after.length - before.length);
  return join(head, after);
}

/** Whether the pointer of a source route has moved on. */
function isSentOn(original: Uint8Array, header: number, { ipOptions }: Packet): boolean {
  for (let at = OPTIONS; ipOptions && at < header; ) {
    const kind = read(original, at, 1);
    if (kind === 0) return false;
    if (SOURCE_ROUTES.includes(kind)) return read(original, at + 2, 1) !== ipOptions[at - OPTIONS + 2];
    at += kind === NOP ? 1 : Math.max(2, read(original, at + 1, 1));
  }
  return false;
}

/** ip_decrease_ttl, ipv4_change_dsfield and nf_nat_ipv4_manip_pkt all keep the header's checksum up with their change. */
function patchHeader4(head: Uint8Array, said: Packet, grown: number): void {
  const before = head.slice();
  write(head, 1, 1, said.tos);
  if (grown !== 0) write(head, 2, 2, read(head, 2, 2) + grown);
  // Copies that TEE makes must not be fragmented (nf_dup_ipv4).
  if (said.dontFragment && !said.fragment) write(head, 6, 2, read(head, 6, 2) | 0x4000);
  write(head, 8, 1, said.ttl);
  head.set(addressOctets(said.src), 12);
  head.set(addressOctets(said.dst), 16);
  if (said.ipOptions?.length === head.length - OPTIONS) head.set(said.ipOptions, OPTIONS);
  if (!same(before, head)) write(head, 10, 2, updated(read(before, 10, 2), before, head));
}

/** How many headers of fragments an IPv6 packet has lost. */
function defragmented(original: Uint8Array, { fragment, extensionHeaders = [] }: Packet): number {
  const isFragment = (header: ExtensionHeader) => header === "fragment";
  const was = decodePacket(original).packet?.extensionHeaders ?? [];
  return fragment === undefined ? was.filter(isFragment).length - extensionHeaders.filter(isFragment).length : 0;
}

/** The headers of such a packet. */
function withExtensions(original: Uint8Array, { extensionHeaders = [], extensionOctets, protocol }: Packet, lost: number): Uint8Array {
  const head = join(original.subarray(0, FIXED), extensionOctets ?? new Uint8Array(0));
  const first = extensionHeaders[0];
  write(head, NEXT_HEADER, 1, first === undefined ? protocol : EXTENSION_NUMBERS[first]);
  write(head, PAYLOAD_LENGTH, 2, read(original, PAYLOAD_LENGTH, 2) - lost * FRAGMENT_HEADER);
  return head;
}

function patchHeader6(head: Uint8Array, said: Packet, grown: number): void {
  write(head, 0, 2, (read(head, 0, 2) & 0xf00f) | (said.tos << 4));
  if (grown !== 0) write(head, PAYLOAD_LENGTH, 2, read(head, PAYLOAD_LENGTH, 2) + grown);
  write(head, 7, 1, said.ttl);
  head.set(addressOctets(said.src), 8);
  head.set(addressOctets(said.dst), 24);
}
