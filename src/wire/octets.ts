import type { Mac } from "../model/address.ts";

export const NO_OCTETS = new Uint8Array(0);

/** The octets between two offsets, not copied; several times faster than `subarray`, above all on a Buffer. */
export function view(bytes: Uint8Array, start: number, end: number): Uint8Array {
  return new Uint8Array(bytes.buffer, bytes.byteOffset + start, end - start);
}

/** The octet at an offset; 0 behind the end. */
export function u8(bytes: Uint8Array, offset: number): number {
  return bytes[offset] ?? 0;
}

/** 16 bits in network order. */
export function u16(bytes: Uint8Array, offset: number): number {
  return ((bytes[offset] ?? 0) << 8) | (bytes[offset + 1] ?? 0);
}

/** 32 bits in network order, unsigned. */
export function u32(bytes: Uint8Array, offset: number): number {
  return (
    (((bytes[offset] ?? 0) << 24) | ((bytes[offset + 1] ?? 0) << 16) | ((bytes[offset + 2] ?? 0) << 8) | (bytes[offset + 3] ?? 0)) >>> 0
  );
}

/** 16 bits, low octet first. */
export function u16le(bytes: Uint8Array, offset: number): number {
  return ((bytes[offset + 1] ?? 0) << 8) | (bytes[offset] ?? 0);
}

/** 32 bits, low octet first, unsigned. */
export function u32le(bytes: Uint8Array, offset: number): number {
  return (
    (((bytes[offset + 3] ?? 0) << 24) | ((bytes[offset + 2] ?? 0) << 16) | ((bytes[offset + 1] ?? 0) << 8) | (bytes[offset] ?? 0)) >>> 0
  );
}

/** An Ethernet address: 48 bits in network order. */
export function mac(bytes: Uint8Array, offset: number): Mac {
  return u16(bytes, offset) * 0x1_0000_0000 + u32(bytes, offset + 2);
}

// Two loads of 64 bits are several times faster than putting a bigint together from smaller ones.
const quad = new DataView(new ArrayBuffer(16));

/** An IPv6 address: 128 bits in network order. */
export function address6(bytes: Uint8Array, offset: number): bigint {
  quad.setUint32(0, u32(bytes, offset));
  quad.setUint32(4, u32(bytes, offset + 4));
  quad.setUint32(8, u32(bytes, offset + 8));
  quad.setUint32(12, u32(bytes, offset + 12));
  return (quad.getBigUint64(0) << 64n) | quad.getBigUint64(8);
}
