const POLYNOMIAL = 0x82f63b78;

const TABLE = Uint32Array.from({ length: 256 }, (_, octet) => {
  let value = octet;
  for (let bit = 0; bit < 8; bit++) value = value & 1 ? (value >>> 1) ^ POLYNOMIAL : value >>> 1;
  return value >>> 0;
});

/** CRC32c of an SCTP packet with its checksum field taken as zero (RFC 9260 appendix A). */
export function sctpCrc(bytes: Uint8Array, end: number, field: number): number {
  let crc = 0xffffffff;
  for (let i = 0; i < end; i++) {
    const octet = i >= field && i < field + 4 ? 0 : (bytes[i] ?? 0);
    crc = (crc >>> 8) ^ (TABLE[(crc ^ octet) & 0xff] ?? 0);
  }
  return ~crc >>> 0;
}
