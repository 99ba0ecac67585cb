import type { RejectWith } from "../extensions/effect.ts";
import { packetOctets } from "../extensions/packet-octets.ts";
import { type Address, isLoopback, isMulticast } from "../model/address.ts";
import type { Nexthop, Route } from "../model/host.ts";
import { type Icmp, IPV6_HEADER, type Packet, PROTOCOL, TCP_FLAG, type Tcp } from "../model/packet.ts";
import type { Hook } from "../model/rule.ts";
import { decodeIpv6 } from "../wire/ipv6.ts";
import { asQuoted } from "../wire/quote.ts";
import { isLinkLocal, isUnicast6 } from "./address6.ts";
import { octetsOf, runsPast } from "./extensions6.ts";
import { mayAnswerWithError6 } from "./icmp-limit.ts";
import type { Netns } from "./netns.ts";
import { sendLocal6, sendRouted6 } from "./output6.ts";
import { mayBeRejected, mayBeReset } from "./reject-checksum.ts";
import { followAnswer, madePayload, replySkb } from "./reply.ts";
import { portOf, resetFor, returnByPort } from "./reset.ts";
import { lookup6 } from "./route6.ts";
import type { FlowKey6 } from "./routing6.ts";
import type { Run } from "./run.ts";
import { selectSource6 } from "./select-source6.ts";
import type { Destination, Skb } from "./skb.ts";

const UNREACHABLE = 1;
const TOO_BIG = 2;
const PARAMETER_PROBLEM = 4;
const UNKNOWN_OPTION = 2;
const FIRST_INFORMATIONAL = 128;
const MIN_MTU = 1280;
const ICMP_HEADER = 8;
const ADDRESS_BITS = 128;

const REJECT_CODES: Readonly<Partial<Record<RejectWith, number>>> = {
  "icmp6-no-route": 0,
  "icmp6-adm-prohibited": 1,
  "icmp6-addr-unreachable": 3,
  "icmp6-port-unreachable": 4,
  "icmp6-policy-fail": 5,
  "icmp6-reject-route": 6,
};

/** REJECT's answer (net/ipv6/netfilter/ip6t_REJECT.c, nf_reject_ipv6.c). */
export function reject6(run: Run, netns: Netns, hook: Hook, skb: Skb, kind: RejectWith): void {
  if (skb.packet.fragment && skb.packet.fragment.offset > 0) return;
  if (kind === "tcp-reset") return sendReset(run, netns, hook, skb);
  const code = REJECT_CODES[kind];
  if (code === undefined || !mayBeRejected(skb)) return;
  sendIcmp6Error(run, netns, skb, UNREACHABLE, code);
}

/** Starts an answer of its own: it is followed to its end and kept with the run. */
function answer(
  run: Run,
  netns: Netns,
  skb: Skb,
  packet: Packet,
  type: "icmp-error" | "tcp-reset",
  oif: string | undefined,
  send: (own: Run, reply: Skb) => boolean = (own, reply) => sendLocal6(own, netns, reply, { oif }),
): void {
  followAnswer(run, netns, skb, replySkb(netns, packet, markFor(netns, skb)), type, send);
}

/**
 * Sends a redirect on the way that its own run has found for it; it belongs to no connection, and the packet itself goes on, as far as the next
 * host, before anybody gets it.
 */
export function sendRedirect(
  run: Run,
  own: Run,
  netns: Netns,
  packet: Packet,
  { device, route }: { readonly device: string; readonly route: Destination },
): void {
  const after = { steps: run.steps.own.length, out: run.out.length };
  sendRouted6(own, netns, replySkb(netns, packet, 0).with({ in: device }), route);
  const position = run.replies.length;
  run.later(() => {
    own.drain();
    // What was answered before it by then is of the packet's way after it, except for redirects that were made meanwhile.
    const next = run.replies.findIndex((one, i) => i >= position && !(one.after && one.after.steps <= after.steps));
    run.replies.splice(next < 0 ? run.replies.length : next, 0, {
      netns: netns.name,
      type: "redirect",
      packet,
      way: own.way(packet, []),
      after,
    });
  });
}

/** IP6_REPLY_MARK */
function markFor(netns: Netns, skb: Skb): number {
  return netns.sysctl("net.ipv6.fwmark_reflect", 0) ? skb.mark : 0;
}

/** nf_send_reset6: from the packet's destination back to its source; a RST is never answered. */
function sendReset(run: Run, netns: Netns, hook: Hook, skb: Skb): void {
  const { packet } = skb;
  const tcp = packet.transport;
  if (tcp?.kind !== "tcp" || tcp.flags & TCP_FLAG.RST || !isUnicast6(packet.src) || !isUnicast6(packet.dst)) return;
  if (!mayBeReset(hook, skb)) return;
  const reset = resetFor(tcp, packet.length - packet.headerLength - tcp.headerLength);
  const flow = { src: packet.dst, dst: packet.src, protocol: PROTOCOL.tcp, mark: markFor(netns, skb) };
  const { hopLimit, unreachable } = routed(run, netns, flow, undefined);
  const own = made(packet.dst, packet.src, PROTOCOL.tcp, 60, reset, hopLimit);
  answer(run, netns, skb, own, "tcp-reset", undefined, (way, reply) => {
    const port = portOf(netns, skb);
    if (port ? unreachable : !sendLocal6(way, netns, reply, { oif: undefined })) return false;
    if (port) returnByPort(way, netns, port, skb, reply);
    if (skb.connection) netns.conntrack?.close(skb.connection, run.time);
    return true;
  });
}

/** icmp6_send: an error about a packet, unless it is one that must not be answered (RFC 4443 section 2.4). */
export function sendIcmp6Error(
  run: Run,
  netns: Netns,
  skb: Skb,
  type: number,
  code: number,
  more: { readonly mtu?: number; readonly pointer?: number } = {},
): void {
  const { packet } = skb;
  if (packet.family !== 6 || packet.src === 0n || isMulticast(packet.src) || isError(packet)) return;
  const toMany = isMulticast(packet.dst) || (!skb.local && skb.type !== "host");
  if (toMany && type !== TOO_BIG && !(type === PARAMETER_PROBLEM && code === UNKNOWN_OPTION && asksAnyway(packet, more.pointer))) return;
  const own = !toMany && isOwn(netns, packet.dst, skb.device) ? packet.dst : undefined;
  const towards = packet.src;
  // A redirect is made on the device that the packet came in on, whichever it leaves by (ndisc_alloc_skb).
  const seen = skb.local && skb.in !== "" ? skb.in : skb.device;
  // What goes round through lo counts for the device of its local route (icmp6_dev).
  const at = seen === "lo" ? (skb.destination?.nexthop?.device ?? seen) : seen;
  const scoped = isLinkLocal(towards) ? at || skb.destination?.device : undefined;
  const flow = { src: own ?? 0n, dst: towards, protocol: PROTOCOL.icmpv6, mark: markFor(netns, skb) };
  const route = routed(run, netns, flow, scoped);
  if (route.anycast) return;
  const arrived = skb.iif ?? (skb.in === "" ? undefined : skb.in);
  const source = own ?? route.source ?? (arrived === undefined ? route.selected : selectSource6(netns.devices, arrived, towards));
  if (source === undefined) return;
  if (route.prefix !== undefined && !mayAnswerWithError6(run, netns, towards, type, route.prefix)) return;
  // A source from the device that it came in on is chosen first, and then the route; one that was an error is asked for again (ip6_dst_lookup_tail).
  const isFromDevice = own === undefined && route.source === undefined && arrived !== undefined;
  const { hopLimit } = isFromDevice || route.unreachable ? routed(run, netns, { ...flow, src: source }, scoped) : route;
  const quotable = Math.min(packet.length, MIN_MTU - IPV6_HEADER - ICMP_HEADER);
  const error: Icmp = { kind: "icmp", type, code, ...more, quoted: quoteOf(packet, quotable) };
  const length = IPV6_HEADER + ICMP_HEADER + quotable;
  answer(run, netns, skb, made(source, towards, PROTOCOL.icmpv6, length, error, hopLimit), "icmp-error", scoped);
}

/** What can be read of a packet that is quoted; of one whose headers are longer than what is quoted that is less. */
function quoteOf(packet: Packet, quotable: number): Packet {
  if (packet.headerLength <= quotable) return asQuoted(packet);
  const decoded = decodeIpv6(octetsOf(packet), 0, quotable, Number.POSITIVE_INFINITY, 1);
  return typeof decoded === "string" ? asQuoted(packet) : decoded;
}

/** opt_unrec: whether an option asks to be answered for even where it came to many. */
function asksAnyway(packet: Packet, pointer = 0): boolean {
  return ((packetOctets(packet)[pointer] ?? 0) & 0xc0) === 0x80;
}

/** is_ineligible: an ICMPv6 error is never answered, nor what can be one behind extension headers that run past the packet's end. */
function isError(packet: Packet): boolean {
  const { transport, protocol, fragment, payload } = packet;
  if (runsPast(packet) && payload.length > 1) return payload[0] === PROTOCOL.icmpv6 && fragment === undefined;
  if (protocol !== PROTOCOL.icmpv6 || (fragment?.offset ?? 0) > 0) return false;
  return transport?.kind === "icmp" ? transport.type < FIRST_INFORMATIONAL : fragment === undefined;
}

/** ipv6_chk_addr and ipv6_chk_acast_addr_src: an address of the host, or of the device where it means something on one link or within one host only. */
function isOwn(netns: Netns, address: Address, device: string): boolean {
  if (isLoopback(address) && device !== "" && device !== "lo") return false;
  const route = netns.ip6.routed ? netns.routing6.localRoute(address, isLinkLocal(address) ? device : undefined) : undefined;
  if (route?.type === "anycast") return true;
  // A local route can be one for addresses that no device has, which are not chosen (AnyIP).
  if (route && !netns.namespace.addressesKnown) return route.destination.length === ADDRESS_BITS;
  return isLinkLocal(address) ? netns.hasAddress(address, device) : netns.deviceOf(address) !== undefined;
}

/** What the route of an answer says of its source and hop limit. */
function routed(
  run: Run,
  netns: Netns,
  flow: Pick<FlowKey6, "src" | "dst" | "protocol" | "mark">,
  oif: string | undefined,
): {
  readonly source?: Address;
  readonly selected?: Address;
  readonly hopLimit: number;
  readonly anycast?: boolean;
  readonly unreachable?: boolean;
  /** The length of its destination, where it leaves the host. */
  readonly prefix?: number;
} {
  const hopLimit = (device: string) => netns.deviceSysctl6(device, "hop_limit", 64);
  if (!netns.ip6.routed) return { hopLimit: 64 };
  const key: FlowKey6 = { ...flow, iif: "lo", tos: 0, ...(oif !== undefined && { oif, strict: flow.src === 0n }) };
  const found = lookup6(run, netns, key);
  if ("error" in found) return { hopLimit: hopLimit("all"), unreachable: true };
  const { route, nexthop } = found;
  const device = route.type === "local" ? "lo" : (nexthop.device ?? "");
  const selected = selectSource6(netns.devices, nexthop.device, flow.dst);
  return {
    ...(route.source !== undefined && { source: route.source }),
    ...(selected !== undefined && { selected }),
    hopLimit: hopLimit(device),
    ...(device !== "lo" && { prefix: route.destination.length }),
    anycast: route.type === "anycast" || isSubnetRouter(route, nexthop, flow.dst),
  };
}

/** The address of a subnet itself, which stands for all routers there (ipv6_anycast_destination). */
function isSubnetRouter({ destination }: Route, { via }: Nexthop, address: Address): boolean {
  return via === undefined && destination.length < 127 && destination.address === address;
}

function made(src: Address, dst: Address, protocol: number, length: number, transport: Icmp | Tcp, ttl: number): Packet {
  return {
    family: 6,
    src,
    dst,
    protocol,
    ttl,
    tos: 0,
    length,
    headerLength: IPV6_HEADER,
    checksum: "good",
    transport,
    payload: madePayload(transport, length - IPV6_HEADER, transport.kind === "icmp" ? (transport.pointer ?? transport.mtu ?? 0) : 0),
  };
}
