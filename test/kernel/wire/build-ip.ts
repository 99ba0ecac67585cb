import type { Mac } from "../../../src/model/address.ts";
import { type At, addressOctets, join, macOctets, number, read, write } from "./octets.ts";
import { checksum } from "./sums.ts";

/** EtherTypes that tests use. */
export const ETHER = { ipv4: 0x0800, arp: 0x0806, ipv6: 0x86dd, vlan: 0x8100 } as const;

interface Vlan {
  readonly id: number;
  readonly priority?: number;
  readonly protocol?: number;
}

/** An Ethernet II frame, with a VLAN tag where one is given; not padded. */
export function ethernet(dstMac: string | Mac, srcMac: string | Mac, etherType: number, payload: Uint8Array, vlan?: Vlan): Uint8Array {
  const tag = vlan ? join(number(vlan.protocol ?? ETHER.vlan, 2), number(((vlan.priority ?? 0) << 13) | vlan.id, 2)) : new Uint8Array(0);
  return join(macOctets(dstMac), macOctets(srcMac), tag, number(etherType, 2), payload);
}

/** An IPv4 packet's fields; absent ones are 0, false, or what is right. */
export interface Ipv4Fields {
  readonly src: At;
  readonly dst: At;
  readonly protocol: number;
  readonly payload: Uint8Array;
  /** 64 by default. */
  readonly ttl?: number;
  readonly tos?: number;
  readonly id?: number;
  readonly dontFragment?: boolean;
  readonly moreFragments?: boolean;
  /** The reserved bit of the flags (RFC 3514). */
  readonly reserved?: boolean;
  /** Of a fragment's data, in octets. */
  readonly offset?: number;
  /** Filled up with end-of-options to whole words. */
  readonly options?: Uint8Array;
  readonly badChecksum?: boolean;
  /** Instead of the true length. */
  readonly totalLength?: number;
  /** Instead of the header's true length in words of four octets. */
  readonly headerWords?: number;
  readonly version?: number;
}

/** An IPv4 packet (RFC 791). */
export function ipv4(fields: Ipv4Fields): Uint8Array {
  const options = new Uint8Array(((fields.options?.length ?? 0) + 3) & ~3);
  options.set(fields.options ?? []);
  const words = 5 + options.length / 4;
  const flags = (fields.reserved ? 0x8000 : 0) | (fields.dontFragment ? 0x4000 : 0) | (fields.moreFragments ? 0x2000 : 0);
  const header = join(
    Uint8Array.of(((fields.version ?? 4) << 4) | (fields.headerWords ?? words), fields.tos ?? 0),
    number(fields.totalLength ?? words * 4 + fields.payload.length, 2),
    number(fields.id ?? 0, 2),
    number(flags | ((fields.offset ?? 0) >> 3), 2),
    Uint8Array.of(fields.ttl ?? 64, fields.protocol, 0, 0),
    addressOctets(fields.src),
    addressOctets(fields.dst),
    options,
  );
  const covered = header.subarray(0, (fields.headerWords ?? words) * 4);
  write(header, 10, 2, checksum(covered) ^ (fields.badChecksum ? 0x0100 : 0));
  return join(header, fields.payload);
}

/** An IPv6 extension header; `data` is what follows its length octet and is filled up with zeros. */
export type Extension =
  | {
      readonly header: "hop-by-hop" | "routing" | "destination" | "mobility";
      readonly data?: Uint8Array;
      /** Instead of the true length. */
      readonly lengthOctet?: number;
    }
  | { readonly header: "fragment"; readonly offset?: number; readonly more?: boolean; readonly id?: number }
  | { readonly header: "ah"; readonly spi?: number; readonly sequence?: number; readonly icv?: Uint8Array };

const EXTENSION_NUMBER = { "hop-by-hop": 0, routing: 43, fragment: 44, ah: 51, destination: 60, mobility: 135 } as const;
const PADN_4 = Uint8Array.of(1, 4, 0, 0, 0, 0);

/** An IPv6 packet's fields; absent ones are 0 or what is right. */
export interface Ipv6Fields {
  readonly src: At;
  readonly dst: At;
  readonly protocol: number;
  readonly payload: Uint8Array;
  /** 64 by default. */
  readonly hopLimit?: number;
  readonly trafficClass?: number;
  readonly flowLabel?: number;
  readonly extensions?: readonly Extension[];
  /** Instead of the true length. */
  readonly payloadLength?: number;
}

/** An IPv6 packet with its extension headers in the order given (RFC 8200). */
export function ipv6(fields: Ipv6Fields): Uint8Array {
  const extensions = fields.extensions ?? [];
  const following = [...extensions.map(({ header }) => EXTENSION_NUMBER[header]), fields.protocol];
  const body = join(...extensions.map((extension, i) => extensionHeader(extension, following[i + 1] ?? 59)), fields.payload);
  const first = 0x60000000 + (fields.trafficClass ?? 0) * 0x100000 + (fields.flowLabel ?? 0);
  return join(
    number(first, 4),
    number(fields.payloadLength ?? body.length, 2),
    Uint8Array.of(following[0] ?? 59, fields.hopLimit ?? 64),
    addressOctets(fields.src),
    addressOctets(fields.dst),
    body,
  );
}

function extensionHeader(extension: Extension, next: number): Uint8Array {
  switch (extension.header) {
    case "fragment":
      return join(Uint8Array.of(next, 0), number((extension.offset ?? 0) | (extension.more ? 1 : 0), 2), number(extension.id ?? 0, 4));
    case "ah": {
      const icv = extension.icv ?? new Uint8Array(12);
      return join(
        Uint8Array.of(next, (12 + icv.length) / 4 - 2, 0, 0),
        number(extension.spi ?? 0, 4),
        number(extension.sequence ?? 0, 4),
        icv,
      );
    }
    default: {
      const data = extension.data ?? PADN_4;
      const header = new Uint8Array((2 + data.length + 7) & ~7);
      header.set([next, extension.lengthOctet ?? header.length / 8 - 1]);
      header.set(data, 2);
      return header;
    }
  }
}

const NOP = 1;
const COPIED = 0x80;

/** An IPv4 packet in fragments as a router makes them for an MTU, or with data of the sizes given (net/ipv4/ip_output.c, ip_do_fragment). */
export function fragments(packet: Uint8Array, mtu: number | readonly number[]): Uint8Array[] {
  const header = packet.slice(0, (read(packet, 0, 1) & 15) * 4);
  const data = packet.subarray(header.length, read(packet, 2, 2));
  const field = read(packet, 6, 2);
  const room = typeof mtu === "number" ? (mtu - header.length) & ~7 : 0;
  const fits = typeof mtu === "number" && packet.length <= mtu;
  const pieces: Uint8Array[] = [];
  for (let at = 0; at < data.length; ) {
    const last = typeof mtu === "number" && data.length - at <= mtu - header.length;
    const size = typeof mtu === "number" ? (last || fits ? data.length : room) : (mtu[pieces.length] ?? data.length);
    const piece = data.subarray(at, at + size);
    const more = at + piece.length < data.length ? 0x2000 : field & 0x2000;
    write(header, 2, 2, header.length + piece.length);
    write(header, 6, 2, (field & 0xc000) | more | ((field & 0x1fff) + at / 8));
    write(header, 10, 2, 0);
    write(header, 10, 2, checksum(header));
    pieces.push(join(header, piece));
    if (at === 0) onlyCopiedOptions(header);
    at += piece.length;
  }
  return pieces;
}

/** Overwrites the options without the copied flag, as for all fragments but the first (net/ipv4/ip_options.c, ip_options_fragment). */
export function onlyCopiedOptions(header: Uint8Array): void {
  for (let at = 20; at < header.length && header[at] !== 0; ) {
    const kind = header[at] ?? 0;
    const length = kind === NOP ? 1 : Math.max(2, header[at + 1] ?? 0);
    if (kind !== NOP && (kind & COPIED) === 0) header.fill(NOP, at, at + length);
    at += length;
  }
}
