import type { Address } from "../model/address.ts";
import { familyOf, type Mac } from "../model/address.ts";
import { type Frame, type Packet, PROTOCOL, TCP_FLAG, type Transport } from "../model/packet.ts";

/** What a packet that nobody captured is to look like. */
export interface PacketDescription {
  readonly protocol: number;
  readonly src: Address;
  readonly dst: Address;
  readonly sport?: number;
  readonly dport?: number;
  readonly ttl?: number;
  readonly tos?: number;
  /** Of the whole IP packet; by default only the headers. */
  readonly length?: number;
  /** TCP flag bits; SYN by default. */
  readonly flags?: number;
  /** An echo request by default. */
  readonly icmp?: { readonly type: number; readonly code: number; readonly id?: number };
}

const HEADER = { 4: 20, 6: 40 } as const;
const TCP_HEADER = 20;
const PORTS_HEADER = 8;
const DEFAULT_TTL = 64;
const ECHO_REQUEST = { 4: 8, 6: 128 } as const;
const ECHO_ID = 1;
const WINDOW = 64240;
const LEAST_MTU = 1280;
/** Octets of an ICMP error at most (RFC 1812 section 4.3.2.3, RFC 4443 section 3.2). */
const MOST_QUOTED = { 4: 576, 6: 1280 } as const;

/** Octets that the headers of a described packet take: the least that its length can be. */
export function leastLength(description: PacketDescription): number {
  const transport = transportOf(description, PORTS_HEADER);
  const size = transport === undefined ? 0 : transport.kind === "tcp" ? TCP_HEADER : PORTS_HEADER;
  return HEADER[familyOf(description.src)] + size;
}

/** A packet as described, with good checksums and no octets of data. */
export function makePacket(description: PacketDescription): Packet {
  const family = familyOf(description.src);
  const length = description.length ?? leastLength(description);
  const transport = transportOf(description, length - HEADER[family]);
  return {
    family,
    src: description.src,
    dst: description.dst,
    protocol: description.protocol,
    ttl: description.ttl ?? DEFAULT_TTL,
    tos: description.tos ?? 0,
    length,
    headerLength: HEADER[family],
    ...(family === 4 && { id: 1, dontFragment: true, headerChecksum: "good" as const }),
    checksum: "good",
    ...(transport && { transport }),
    payload: new Uint8Array(length - HEADER[family]),
  };
}

function transportOf(description: PacketDescription, length: number): Transport | undefined {
  const { protocol, sport = 0, dport = 0, icmp = { type: ECHO_REQUEST[familyOf(description.src)], code: 0 } } = description;
  switch (protocol) {
    case PROTOCOL.tcp: {
      const flags = description.flags ?? TCP_FLAG.SYN;
      const ack = flags & TCP_FLAG.ACK ? 1 : 0;
      return { kind: "tcp", sport, dport, seq: 0, ack, flags, window: WINDOW, headerLength: TCP_HEADER, options: [] };
    }
    case PROTOCOL.udp:
      return { kind: "udp", sport, dport, length };
    case PROTOCOL.sctp:
      return { kind: "sctp", sport, dport, tag: 0, chunks: [1] };
    case PROTOCOL.dccp:
    case PROTOCOL.udplite:
      return { kind: "ports", sport, dport };
    case PROTOCOL.icmp:
    case PROTOCOL.icmpv6:
      return { kind: "icmp", type: icmp.type, code: icmp.code, id: icmp.id ?? ECHO_ID, sequence: 1 };
    default:
      return undefined;
  }
}

/** The frame around a made packet. Without a destination it is one that a local socket sends. */
export function makeFrame(packet: Packet, number: number, time: bigint, dstMac: Mac | undefined, interfaceName: string | undefined): Frame {
  const arriving = interfaceName !== undefined;
  return {
    number,
    time,
    captured: packet.length,
    length: packet.length,
    linkType: "RAW",
    type: arriving ? "host" : "outgoing",
    ...(arriving ? { interfaceName } : { interfaceIndex: 0 }),
    ...(dstMac !== undefined && { dstMac }),
    packet,
  };
}

/** The packet that answers another one: addresses and ports the other way round, the next thing that its protocol would say. */
export function makeAnswer(packet: Packet): Packet | undefined {
  const transport = answerOf(packet.transport);
  if (packet.transport && !transport) return undefined;
  const { src, dst } = packet;
  return { ...packet, src: dst, dst: src, ttl: DEFAULT_TTL, ...(transport && { transport }) };
}

/** What a router says of a packet that is too big for its next link, which takes no more than IPv6 asks for at least: fragmentation needed, or packet too big. */
export function makeTooBig(quoted: Packet, router: Address): Packet {
  const { family, src: dst } = quoted;
  const protocol = family === 4 ? PROTOCOL.icmp : PROTOCOL.icmpv6;
  const [type, code] = family === 4 ? [3, 4] : [2, 0];
  const length = Math.min(HEADER[family] + PORTS_HEADER + quoted.length, MOST_QUOTED[family]);
  const error = makePacket({ protocol, src: router, dst, length, icmp: { type, code } });
  return { ...error, transport: { kind: "icmp", type, code, mtu: LEAST_MTU, quoted } };
}

function answerOf(transport: Transport | undefined): Transport | undefined {
  if (!transport) return undefined;
  switch (transport.kind) {
    case "tcp": {
      const { flags } = transport;
      const turned = { ...transport, sport: transport.dport, dport: transport.sport, seq: transport.ack, ack: transport.seq + 1 };
      return { ...turned, flags: flags & TCP_FLAG.SYN && !(flags & TCP_FLAG.ACK) ? TCP_FLAG.SYN | TCP_FLAG.ACK : TCP_FLAG.ACK };
    }
    case "icmp": {
      const answers: Readonly<Record<number, number>> = { 8: 0, 13: 14, 17: 18, 128: 129 };
      const type = answers[transport.type];
      return type === undefined ? undefined : { ...transport, type, code: 0 };
    }
    case "sctp":
      return { ...transport, sport: transport.dport, dport: transport.sport, chunks: [2] };
    case "spi":
      return transport;
    default:
      return { ...transport, sport: transport.dport, dport: transport.sport };
  }
}
