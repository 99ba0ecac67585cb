import { type Address, formatAddress, formatMac } from "../../model/address.ts";
import type { IpSet } from "../../model/host.ts";
import { isIcmp, PROTOCOL } from "../../model/packet.ts";
import { parseNumber } from "../codecs.ts";
import { endsInExtensions, protocolPastEnd } from "../ipv6-headers.ts";
import type { PacketContext } from "../spec.ts";
import { isLaterFragment, portsOf } from "../transport.ts";
import { portKey, underMask } from "./element.ts";
import { maskedBits } from "./members.ts";
import type { Dimension } from "./types.ts";

/** Which end of the packet each part of the element is taken from. */
export type Directions = readonly ("src" | "dst")[];

/** A part of the key of a packet; a network part is still an address. */
export type PacketPart = string | { readonly address: Address };

/** "none": the packet has no such part, and so is in no such set (-EINVAL in the kernel). */
export type PacketKey = readonly PacketPart[] | "none" | { readonly unknown: string };

type OnePart = PacketPart | "none" | { readonly unknown: string };

/** Sets in which the address that is all zeros is never looked for (hash_ip4_kadt, hash_ipport4_kadt). */
const WITHOUT_ZERO: ReadonlySet<string> = new Set(["hash:ip", "hash:ip,port"]);

const HEADERS: Readonly<Record<number, number>> = { [PROTOCOL.tcp]: 20, [PROTOCOL.udp]: 8, [PROTOCOL.udplite]: 8, [PROTOCOL.sctp]: 12 };

/** What a packet looks for in a set. */
export function packetKey(set: IpSet, dimensions: readonly Dimension[], directions: Directions, context: PacketContext): PacketKey {
  const parts: PacketPart[] = [];
  for (const [i, dimension] of dimensions.entries()) {
    const part = onePart(set, dimension, directions[i] ?? "dst", context);
    if (part === "none" || (typeof part === "object" && "unknown" in part)) return part;
    parts.push(part);
  }
  return parts;
}

function onePart(set: IpSet, dimension: Dimension, direction: "src" | "dst", context: PacketContext): OnePart {
  const address = direction === "src" ? context.packet.src : context.packet.dst;
  const bits = maskedBits(set);
  switch (dimension) {
    case "net":
      return { address: bits === undefined ? address : underMask(address, bits) };
    case "ip": {
      const found = bits === undefined ? address : underMask(address, bits);
      return BigInt(found) === 0n && WITHOUT_ZERO.has(set.type) ? "none" : formatAddress(found);
    }
    case "port":
      return port(set, direction, context);
    case "iface": {
      const device = direction === "src" ? context.in : context.out;
      return device === "" ? "none" : device;
    }
    case "mark":
      return String((context.mark & (parseNumber(set.options.get("markmask") ?? "") ?? 0xffffffff)) >>> 0);
    case "mac": {
      if (context.srcMac === undefined) return "none";
      const mac = direction === "src" ? context.srcMac : context.dstMac;
      if (mac === undefined) return { unknown: "the packet's Ethernet destination" };
      return mac === 0 ? "none" : formatMac(mac);
    }
    case "set":
      return "none";
  }
}

/** ip_set_getport.c, get_port: ICMP has type and code in place of a port, other protocols 0. */
function port(set: IpSet, direction: "src" | "dst", context: PacketContext): OnePart {
  const { packet } = context;
  const { protocol, transport } = packet;
  const bitmap = set.type === "bitmap:port";
  if (bitmap && protocol !== PROTOCOL.tcp && protocol !== PROTOCOL.udp) return "none";
  if (endsInExtensions(packet)) return portPastEnd(protocolPastEnd(packet));
  const header = HEADERS[protocol];
  if (header !== undefined) {
    const found = portsOf(context, header);
    if (found.kind === "missing") return typeof found.result === "object" ? found.result : "none";
    const number = direction === "src" ? found.sport : found.dport;
    return bitmap ? String(number) : portKey(protocol, number);
  }
  if (isIcmp(protocol)) {
    if (transport?.kind === "icmp") return portKey(protocol, transport.type * 256 + transport.code);
    return packet.defect === "uncaptured" && !isLaterFragment(packet) ? { unknown: "the ICMP header, which was not captured" } : "none";
  }
  const nothing = protocol === 0 || (packet.family === 6 && isLaterFragment(packet));
  return nothing ? "none" : portKey(protocol, 0);
}

/** The same of a packet whose extension headers run past its end: a header that has ports cannot be read there. */
function portPastEnd(protocol: number | undefined): OnePart {
  const unreadable = protocol === undefined || protocol in HEADERS || isIcmp(protocol);
  return unreadable ? "none" : portKey(protocol, 0);
}
