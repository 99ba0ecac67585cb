import { type Packet, PROTOCOL } from "../model/packet.ts";
import { isLinkLocal } from "./address6.ts";
import { runsPast } from "./extensions6.ts";

const REDIRECT = 137;
const REDIRECT_OPTIONS = 40;
const REDIRECTED_PACKET = 4;
const LARGEST_HOP_LIMIT = 255;

/** Neighbour discovery and multicast listener messages (nf_conntrack_proto_icmpv6.c, noct_valid_new). */
const UNTRACKED: ReadonlySet<number> = new Set([130, 131, 132, 133, 134, 135, 136, 143]);

/** Whether connection tracking leaves a packet alone. */
export function isLeftUntracked({ family, transport }: Packet): boolean {
  return family === 6 && transport?.kind === "icmp" && UNTRACKED.has(transport.type);
}

/** Whether a packet is a redirect, which belongs to the connection of the packet that it is about. */
export function isRedirect({ family, transport }: Packet): boolean {
  return family === 6 && transport?.kind === "icmp" && transport.type === REDIRECT;
}

/** Why a redirect belongs to no connection (nf_conntrack_icmpv6_redirect); undefined when it may. */
export function redirectError({ transport, ttl, src, payload }: Packet): string | undefined {
  if (transport?.kind !== "icmp" || transport.code !== 0 || ttl !== LARGEST_HOP_LIMIT || !isLinkLocal(src))
    return "it is no valid redirect";
  // The kernel looks for the packet in the first option only, which is mostly that with a link-layer address.
  return payload[REDIRECT_OPTIONS] === REDIRECTED_PACKET
    ? undefined
    : "the first option of the redirect is not the packet that it is about";
}

/** Why nothing can be tracked behind the headers of an IPv6 packet (ipv6_skip_exthdr); undefined when it can, or for IPv4. */
export function headersError(packet: Packet): string | undefined {
  if (packet.family === 4) return undefined;
  if (packet.protocol === PROTOCOL["ipv6-nonxt"]) return "it has no next header";
  return runsPast(packet) ? "its headers run past its end" : undefined;
}
