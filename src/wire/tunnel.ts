import type { Frame, Packet } from "../model/packet.ts";
import { PROTOCOL } from "../model/packet.ts";
import { decodeByEtherType, decodeEthernet } from "./ethernet.ts";
import type { FrameDraft } from "./frame-draft.ts";
import { decodeMpls, ETH_IPV4, ETH_IPV6 } from "./network.ts";
import { u8, u16, u32 } from "./octets.ts";
import { decodePpp } from "./ppp.ts";
import { wireGuardMessage } from "./wireguard.ts";

/** What a packet carries in a tunnel, as far as a capture shows it. */
export interface Tunnel {
  readonly kind: "ipip" | "6in4" | "ip6ip6" | "ip4ip6" | "mpls" | "gre" | "pptp" | "erspan" | "vxlan" | "geneve" | "wireguard";
  /** Network identifier of VXLAN and Geneve, key of GRE, call of PPTP. */
  readonly id?: number;
  /** What WireGuard says; it shows nothing of what it carries. */
  readonly message?: string;
  readonly inner?: Frame;
}

const MPLS_IN_IP = 137;

const UDP_HEADER = 8;
/** IANA's port for VXLAN, and that of Linux before there was one (drivers/net/vxlan, udp_port). */
const VXLAN_PORTS: ReadonlySet<number> = new Set([4789, 8472]);
const VXLAN_HEADER = 8;
const VXLAN_HAS_ID = 0x08;
const GENEVE_PORT = 6081;
const GENEVE_HEADER = 8;
const GENEVE_VERSION_SHIFT = 6;
const GENEVE_OPTIONS = 0x3f;
const GENEVE_PROTOCOL = 2;
const NETWORK_ID = 4;

// RFC 2784, RFC 2890, RFC 2637
const GRE_PROTOCOL = 2;
const GRE_HEADER = 4;
const GRE_CHECKSUM = 0x8000;
const GRE_ROUTING = 0x4000;
const GRE_KEY = 0x2000;
const GRE_SEQUENCE = 0x1000;
const GRE_ACKNOWLEDGEMENT = 0x0080;
const GRE_VERSION = 7;
const GRE_PPTP = 1;
const CALL = 6;
const ETH_BRIDGED = 0x6558;
const ETH_ERSPAN = 0x88be;
const ERSPAN_HEADER = 8;

type Decode = (frame: FrameDraft, bytes: Uint8Array, start: number, end: number, wireEnd: number) => void;

/** The tunnel whose packet this is, told by its protocol or its UDP port; fragments tell nothing. */
export function tunnelOf(packet: Packet): Tunnel | undefined {
  if (packet.fragment) return undefined;
  switch (packet.protocol) {
    case PROTOCOL.ipip:
      return { kind: packet.family === 4 ? "ipip" : "ip4ip6", inner: within(packet, 0, byType(ETH_IPV4)) };
    case PROTOCOL.ipv6:
      return { kind: packet.family === 4 ? "6in4" : "ip6ip6", inner: within(packet, 0, byType(ETH_IPV6)) };
    case MPLS_IN_IP:
      return { kind: "mpls", inner: within(packet, 0, decodeMpls) };
    case PROTOCOL.gre:
      return ofGre(packet);
    case PROTOCOL.udp:
      return ofUdp(packet);
    default:
      return undefined;
  }
}

function ofUdp(packet: Packet): Tunnel | undefined {
  const { transport, payload } = packet;
  if (transport?.kind !== "udp") return undefined;
  const id = u32(payload, UDP_HEADER + NETWORK_ID) >>> 8;
  if (VXLAN_PORTS.has(transport.dport) && payload.length >= UDP_HEADER + VXLAN_HEADER && u8(payload, UDP_HEADER) & VXLAN_HAS_ID) {
    return { kind: "vxlan", id, inner: within(packet, UDP_HEADER + VXLAN_HEADER, decodeEthernet) };
  }
  const first = u8(payload, UDP_HEADER);
  if (transport.dport === GENEVE_PORT && payload.length >= UDP_HEADER + GENEVE_HEADER && first >> GENEVE_VERSION_SHIFT === 0) {
    const protocol = u16(payload, UDP_HEADER + GENEVE_PROTOCOL);
    const start = UDP_HEADER + GENEVE_HEADER + 4 * (first & GENEVE_OPTIONS);
    return { kind: "geneve", id, inner: within(packet, start, byType(protocol)) };
  }
  const message = wireGuardMessage(payload, UDP_HEADER, packet.length - packet.headerLength, transport);
  return message === undefined ? undefined : { kind: "wireguard", message };
}

function ofGre(packet: Packet): Tunnel | undefined {
  const { payload } = packet;
  if (payload.length < GRE_HEADER) return undefined;
  const flags = u16(payload, 0);
  const protocol = u16(payload, GRE_PROTOCOL);
  const sequence = flags & GRE_SEQUENCE ? 4 : 0;
  if ((flags & GRE_VERSION) === GRE_PPTP) {
    const start = GRE_HEADER + 4 + sequence + (flags & GRE_ACKNOWLEDGEMENT ? 4 : 0);
    const tunnel = { kind: "pptp", id: u16(payload, CALL) } as const;
    return flags & GRE_SEQUENCE ? { ...tunnel, inner: within(packet, start, decodePpp) } : tunnel;
  }
  if ((flags & GRE_VERSION) !== 0 || flags & GRE_ROUTING) return { kind: "gre" };
  const key = GRE_HEADER + (flags & GRE_CHECKSUM ? 4 : 0);
  const start = key + (flags & GRE_KEY ? 4 : 0) + sequence;
  if (protocol === ETH_ERSPAN) {
    // Its first version has neither a sequence number nor a header.
    return { kind: "erspan", inner: within(packet, start + (sequence ? ERSPAN_HEADER : 0), decodeEthernet) };
  }
  const inner = within(packet, start, byType(protocol));
  return flags & GRE_KEY ? { kind: "gre", id: u32(payload, key), inner } : { kind: "gre", inner };
}

function byType(etherType: number): Decode {
  if (etherType === ETH_BRIDGED) return decodeEthernet;
  return (frame, bytes, start, end, wireEnd) => decodeByEtherType(frame, etherType, bytes, start, end, wireEnd);
}

function within(packet: Packet, start: number, decode: Decode): Frame {
  const { payload } = packet;
  const wireEnd = Math.max(packet.length - packet.headerLength, payload.length);
  const length = Math.max(0, wireEnd - start);
  const inner: FrameDraft = { number: 0, time: 0n, captured: Math.max(0, payload.length - start), length, linkType: "" };
  decode(inner, payload, Math.min(start, payload.length), payload.length, wireEnd);
  return inner;
}
