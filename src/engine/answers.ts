import type { RejectWith } from "../extensions/effect.ts";
import { type Address, isMulticast } from "../model/address.ts";
import { type Icmp, type Packet, PROTOCOL, type Tcp } from "../model/packet.ts";
import type { Hook } from "../model/rule.ts";
import { asQuoted } from "../wire/quote.ts";
import { mayAnswerWithError } from "./icmp-limit.ts";
import { FIXED_HEADER, withOptions } from "./ip-options.ts";
import { buildOptions, type EchoedOptions, echoOptions } from "./ip-options-answer.ts";
import { isUnicast } from "./ip-options-input.ts";
import type { Netns } from "./netns.ts";
import { sendLocal } from "./output.ts";
import { mayBeRejected } from "./reject-checksum.ts";
import { followAnswer, madePayload, replySkb } from "./reply.ts";
import { sendReset } from "./reset.ts";
import { lookup } from "./route-input.ts";
import { selectAddress } from "./routing.ts";
import type { Run } from "./run.ts";
import type { Skb } from "./skb.ts";

const REJECT_CODES: Readonly<Partial<Record<RejectWith, number>>> = {
  "icmp-net-unreachable": 0,
  "icmp-host-unreachable": 1,
  "icmp-proto-unreachable": 2,
  "icmp-port-unreachable": 3,
  "icmp-net-prohibited": 9,
  "icmp-host-prohibited": 10,
  "icmp-admin-prohibited": 13,
};

const ICMP_ERRORS = new Set([3, 4, 5, 11, 12]);

/** REJECT's answer (net/ipv4/netfilter/ipt_REJECT.c, nf_reject_ipv4.c). */
export function reject(run: Run, netns: Netns, hook: Hook, skb: Skb, devices: { in: string; out: string }, kind: RejectWith): void {
  if (skb.packet.fragment && skb.packet.fragment.offset > 0) return;
  if (kind === "tcp-reset") return sendReset(run, netns, hook, skb);
  const code = REJECT_CODES[kind];
  if (code === undefined || !mayBeRejected(skb)) return;
  sendIcmpError(run, netns, skb, hook === "OUTPUT" ? "" : devices.in, 3, code);
}

/** Starts an answer of its own: it is followed to its end and kept with the run. `send` says whether there was a way to send it. */
export function answer(
  run: Run,
  netns: Netns,
  skb: Skb,
  packet: Packet,
  type: "icmp-error" | "tcp-reset",
  more: Partial<Pick<Skb, "routeSource" | "options">> = { routeSource: packet.src },
  send: (own: Run, reply: Skb) => boolean = (own, reply) => sendLocal(own, netns, reply),
): void {
  const mark = netns.sysctl("net.ipv4.fwmark_reflect", 0) ? skb.mark : 0;
  followAnswer(run, netns, skb, replySkb(netns, packet, mark).with(more), type, send);
}

/** icmp_send: an error about a packet, unless it is one that must not be answered (RFC 1122 section 3.2.2). */
export function sendIcmpError(
  run: Run,
  netns: Netns,
  skb: Skb,
  device: string,
  type: number,
  code: number,
  more: { readonly mtu?: number; readonly pointer?: number } = {},
): void {
  const { packet } = skb;
  if (packet.family !== 4 || !mayAnswer(skb)) return;
  const kind = skb.destination?.kind;
  if (kind === "broadcast" || kind === "multicast") return;
  const options = echoed(run, netns, skb);
  if (options === "impossible") return;
  const towards = options?.firstHop ?? packet.src;
  let source = packet.dst || undefined;
  // Where the error has no source yet it is routed without one. All that leaves through lo is local (__mkroute_output).
  if (kind !== "local" && skb.destination?.device !== "lo")
    source =
      device !== "" && netns.sysctl("net.ipv4.icmp_errors_use_inbound_ifaddr", 0)
        ? selectAddress(netns.devices, device, packet.src, "link")
        : undefined;
  const routeSource = source ?? 0;
  const tos = (packet.tos & 0x1e) | 0xc0;
  const mark = netns.sysctl("net.ipv4.fwmark_reflect", 0) ? skb.mark : 0;
  if (netns.ip4.routed) {
    // A copy that TEE sent to the host itself may be addressed to another: then there is no route from there.
    if (routeSource !== 0 && netns.addressType(routeSource) !== "LOCAL") return;
    const found = lookup(run, netns, { src: routeSource, dst: towards, iif: "lo", mark, tos: tos & 0x1c, protocol: PROTOCOL.icmp });
    if ("error" in found) return;
    source ??= preferredSource(
      netns,
      found.route.source,
      found.nexthop.device ?? "",
      found.nexthop.via ?? towards,
      found.route.type,
      towards,
    );
    if (found.route.type !== "local" && !mayAnswerWithError(run, netns, towards, type, code)) return;
  } else source ??= selectAddress(netns.devices, device, packet.src, "link");
  if (source === undefined) return;
  const header = FIXED_HEADER + (options?.octets.length ?? 0);
  const quotable = Math.min(packet.length, 576 - header - 8);
  const error: Icmp = { kind: "icmp", type, code, ...more, quoted: asQuoted(packet) };
  const plain = made(
    source,
    towards,
    PROTOCOL.icmp,
    tos,
    FIXED_HEADER + 8 + quotable,
    error,
    isMulticast(towards) ? 1 : defaultTtl(netns),
    false,
  );
  if (!options) return answer(run, netns, skb, plain, "icmp-error", { routeSource });
  const built = buildOptions(options, Number(source), Number(packet.src));
  const longer = { ...plain, headerLength: header, length: header + 8 + quotable };
  answer(run, netns, skb, withOptions(longer, built, "anew"), "icmp-error", { routeSource, options: options.options });
}

/** The options that the error repeats: those that the IP layer has read (icmp.c, __icmp_send). */
function echoed(run: Run, netns: Netns, skb: Skb): EchoedOptions | "impossible" | undefined {
  const { packet, options } = skb;
  if (packet.headerLength <= FIXED_HEADER) return undefined;
  if (!options) {
    if (skb.local && !skb.generated) assumeWholePacket(run);
    return undefined;
  }
  const found = echoOptions(packet, options, (address) => isUnicast(netns, address));
  return found === "none" ? undefined : found;
}

function assumeWholePacket(run: Run): void {
  run.world.assumptions.add({
    id: "socket-options",
    text: "the sending program wrote the IP options into the packet itself; an ICMP error would repeat those of the socket option IP_OPTIONS",
  });
}

function mayAnswer(skb: Skb): boolean {
  const { packet } = skb;
  if (!skb.local && skb.type !== "host") return false;
  if (packet.fragment && packet.fragment.offset > 0) return false;
  if (packet.protocol !== PROTOCOL.icmp) return true;
  const icmp = packet.transport;
  return icmp?.kind === "icmp" && !ICMP_ERRORS.has(icmp.type) && icmp.type <= 18;
}

/** The source that routing gives a local packet: the route's own, else an address of the device (fib_result_prefsrc). */
function preferredSource(
  netns: Netns,
  own: Address | undefined,
  device: string,
  towards: Address,
  type: string,
  dst: Address,
): Address | undefined {
  if (own !== undefined) return own;
  if (type === "local") return dst;
  return selectAddress(netns.devices, device, towards, "link");
}

/** net.ipv4.ip_default_ttl */
export function defaultTtl(netns: Netns): number {
  return netns.sysctl("net.ipv4.ip_default_ttl", 64);
}

/** A packet that the stack makes up. */
export function made(
  src: Address,
  dst: Address,
  protocol: number,
  tos: number,
  length: number,
  transport: Icmp | Tcp,
  ttl: number,
  dontFragment: boolean,
): Packet {
  return {
    family: 4,
    src,
    dst,
    protocol,
    ttl,
    tos,
    length,
    headerLength: 20,
    dontFragment,
    checksum: "good",
    headerChecksum: "good",
    transport,
    payload: madePayload(transport, length - 20, transport.kind === "icmp" ? secondWord(transport) : 0),
  };
}

/** A parameter problem's pointer is in its first octet, the MTU in the last two. */
function secondWord({ pointer = 0, mtu = 0 }: Icmp): number {
  return (pointer << 24) | (mtu & 0xffff);
}
