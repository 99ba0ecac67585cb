import { type At, addressOctets, join, number } from "./octets.ts";

function fold(sum: number): number {
  let folded = sum;
  while (folded > 0xffff) folded = (folded & 0xffff) + Math.floor(folded / 0x10000);
  return folded;
}

/** The Internet checksum of octets (RFC 1071). */
export function checksum(...parts: readonly Uint8Array[]): number {
  const octets = join(...parts);
  let sum = 0;
  for (let i = 0; i < octets.length; i += 2) sum += (octets[i] ?? 0) * 256 + (octets[i + 1] ?? 0);
  return fold(sum) ^ 0xffff;
}

/** A checksum after octets that it covers have changed (RFC 1624 equation 3; net/core/utils.c, inet_proto_csum_replace4); both must begin at an even offset. */
export function updated(field: number, before: Uint8Array, after: Uint8Array): number {
  // The kernel's sums are never 0 (csum_fold of something with 0xffff0000 added), so the result is never 0xffff.
  return fold(0xffff + (field ^ 0xffff) + checksum(before) + (checksum(after) ^ 0xffff)) ^ 0xffff;
}

/** The pseudo-header that transport checksums include (RFC 9293 section 3.1, RFC 8200 section 8.1). */
export function pseudoHeader(src: At, dst: At, protocol: number, length: number): Uint8Array {
  const [from, to] = [addressOctets(src), addressOctets(dst)];
  return from.length === 4
    ? join(from, to, Uint8Array.of(0, protocol), number(length, 2))
    : join(from, to, number(length, 4), number(protocol, 4));
}

/** CRC32c (RFC 9260 appendix A), bit by bit. */
export function crc32c(octets: Uint8Array): number {
  let crc = 0xffffffff;
  for (const octet of octets) {
    crc ^= octet;
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0x82f63b78 : crc >>> 1;
  }
  return ~crc >>> 0;
}
