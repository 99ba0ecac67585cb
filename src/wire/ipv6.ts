import type { Mutable } from "../model/mutable.ts";
import { type ExtensionHeader, type Packet, PROTOCOL, SKIPPED_EXTENSIONS } from "../model/packet.ts";
import { sum16 } from "./checksum.ts";
import { headerMissing } from "./ip.ts";
import { address6, u8, u16, u32, view } from "./octets.ts";
import { checksumOf, type Defect, decodeHeader } from "./transport.ts";

const FLOW_LABEL = 0xfffff;
const PAYLOAD_LENGTH = 4;
const NEXT_HEADER = 6;
const HOP_LIMIT = 7;
const SOURCE = 8;
const DESTINATION = 24;
const HEADER = 40;

const EXTENSION_MINIMUM = 8;
const FRAGMENT_FIELD = 2;
const FRAGMENT_ID = 4;
const FRAGMENT_OFFSET = 0xfff8;

interface Chain {
  protocol: number;
  /** Where the extension headers end. */
  end: number;
  readonly headers: ExtensionHeader[];
  fragment?: { readonly offset: number; readonly more: boolean; readonly id: number };
  defect?: Defect;
}

/** Decodes an IPv6 packet (RFC 8200), or says in words which check of net/ipv6/ip6_input.c, ip6_rcv_core it fails. */
export function decodeIpv6(bytes: Uint8Array, start: number, end: number, wireEnd: number, depth: number): Packet | string {
  const onWire = wireEnd - start;
  if (end - start < HEADER) return headerMissing("IPv6", HEADER, end - start, onWire);
  const version = u8(bytes, start) >> 4;
  if (version !== 6) return `IP version ${version} where IPv6 was announced`;
  const payloadLength = u16(bytes, start + PAYLOAD_LENGTH);
  const next = u8(bytes, start + NEXT_HEADER);
  // RFC 2675: a jumbo payload has length 0 here and its length in a hop-by-hop option.
  const jumbo = payloadLength === 0 && next === PROTOCOL.hopopt;
  const length = jumbo ? Math.min(onWire, depth > 0 ? end - start : onWire) : HEADER + payloadLength;
  if (length > onWire) return `IPv6 payload length ${payloadLength}, but the frame has only ${onWire - HEADER} octets left`;

  const captured = Math.min(start + length, end);
  const chain = walkExtensions(bytes, start + HEADER, captured, start + length, next);
  const payload = view(bytes, chain.end, captured);
  const packet: Mutable<Packet> = {
    family: 6,
    src: address6(bytes, start + SOURCE),
    dst: address6(bytes, start + DESTINATION),
    protocol: chain.protocol,
    ttl: u8(bytes, start + HOP_LIMIT),
    tos: (u16(bytes, start) >> 4) & 0xff,
    length,
    headerLength: chain.end - start,
    payload,
  };
  if (chain.headers.length > 0) {
    packet.extensionHeaders = chain.headers;
    packet.extensionOctets = view(bytes, start + HEADER, chain.end);
  }
  const flowLabel = u32(bytes, start) & FLOW_LABEL;
  if (flowLabel !== 0) packet.flowLabel = flowLabel;
  if (chain.fragment) packet.id = chain.fragment.id;
  const { offset, more } = chain.fragment ?? { offset: 0, more: false };
  // An atomic fragment (RFC 6946) is whole: only its header, listed above, tells of it.
  if (offset > 0 || more) packet.fragment = { offset, more };
  if (chain.defect) packet.defect = chain.defect;
  if (chain.defect || offset > 0) return packet;

  const total = start + length - chain.end;
  const transport = decodeHeader(6, chain.protocol, bytes, chain.end, captured, total, depth);
  if (transport === undefined) return packet;
  if (typeof transport === "string") {
    packet.defect = transport;
    return packet;
  }
  packet.transport = transport;
  const addresses = more ? 0 : sum16(bytes, start + SOURCE, start + HEADER);
  const checksum = more ? "unseen" : checksumOf(6, chain.protocol, bytes, chain.end, captured, total, addresses);
  if (checksum) packet.checksum = checksum;
  return packet;
}

function walkExtensions(bytes: Uint8Array, start: number, end: number, wireEnd: number, first: number): Chain {
  const chain: Chain = { protocol: first, end: start, headers: [] };
  for (let name = SKIPPED_EXTENSIONS.get(first); name !== undefined; name = SKIPPED_EXTENSIONS.get(chain.protocol)) {
    const at = chain.end;
    if (at + EXTENSION_MINIMUM > end) {
      chain.defect = at + EXTENSION_MINIMUM > wireEnd ? "short" : "uncaptured";
      break;
    }
    const size = extensionLength(name, u8(bytes, at + 1));
    if (at + size > end) {
      chain.defect = at + size > wireEnd ? "malformed" : "uncaptured";
      break;
    }
    chain.headers.push(name);
    chain.protocol = u8(bytes, at);
    chain.end = at + size;
    // Of several the first that cuts the packet: what follows is inside the datagram.
    if (name !== "fragment" || chain.fragment?.more) continue;
    const field = u16(bytes, at + FRAGMENT_FIELD);
    chain.fragment = { offset: field & FRAGMENT_OFFSET, more: (field & 1) !== 0, id: u32(bytes, at + FRAGMENT_ID) };
    if (chain.fragment.offset > 0) break;
  }
  return chain;
}

function extensionLength(name: ExtensionHeader, field: number): number {
  if (name === "fragment") return EXTENSION_MINIMUM;
  return name === "ah" ? (field + 2) * 4 : (field + 1) * 8;
}
