import type { Packet, TcpOption } from "../model/packet.ts";
import type { Netns } from "./netns.ts";
import { pathMtu } from "./path-mtu.ts";
import { lookup } from "./route-input.ts";
import { lookup6 } from "./route6.ts";
import type { Run } from "./run.ts";
import type { Skb } from "./skb.ts";

const MSS = 2;
const TCP_HEADER = 20;
const USUAL_MTU = 1500;
const LOOPBACK_MTU = 65_536;
/** Octets of IP and TCP headers without options. */
const HEADERS = { 4: 40, 6: 60 } as const;

/** The largest segment that fits the packet's route and the one back to its source (xt_TCPMSS.c, tcpmss_reverse_mtu). */
export function largestSegment(run: Run, netns: Netns, skb: Skb): number {
  const { family } = skb.packet;
  const there = pathMtu(run, netns, skb.packet, skb.destination ?? {}) ?? USUAL_MTU;
  return Math.min(there, mtuBack(run, netns, skb.packet) ?? there) - HEADERS[family];
}

function mtuBack(run: Run, netns: Netns, { src, family }: Packet): number | undefined {
  if (!netns.stack(family).routed) return undefined;
  const flow = { dst: src, iif: "lo", mark: 0, tos: 0, protocol: 0 };
  const found = family === 4 ? lookup(run, netns, { ...flow, src: 0 }) : lookup6(run, netns, { ...flow, src: 0n });
  if ("error" in found) return undefined;
  if (found.route.type === "local") return LOOPBACK_MTU;
  return pathMtu(run, netns, { dst: src }, { ...found, device: found.nexthop.device ?? "" });
}

/** xt_TCPMSS.c, tcpmss_mangle_packet: writes a segment size over that of a SYN, or adds it. */
export function withSegmentSize(packet: Packet, mss: number): Packet {
  const tcp = packet.transport;
  if (tcp?.kind !== "tcp") return packet;
  const option = { kind: MSS, data: Uint8Array.of(mss >> 8, mss & 255) };
  const at = tcp.options.findIndex(({ kind, data }) => kind === MSS && data.length === 2);
  const old = tcp.options[at];
  if (!old) {
    const added = { ...tcp, headerLength: tcp.headerLength + 4, options: [option, ...tcp.options] };
    return { ...packet, length: packet.length + 4, transport: added };
  }
  const broken = packet.checksum === "good" && isOdd(tcp.options.slice(0, at)) && swapsDiffer(old.data, option.data);
  const options = tcp.options.with(at, option);
  return { ...packet, ...(broken && { checksum: "bad" as const }), transport: { ...tcp, options } };
}

/** Whether what follows some options begins at an odd octet of the header. */
function isOdd(before: readonly TcpOption[]): boolean {
  return before.reduce((sum, { kind, data }) => sum + (kind < 2 ? 1 : data.length + 2), TCP_HEADER) % 2 === 1;
}

/** Whether a checksum notices that a change of two octets was counted the wrong way round, as the kernel counts it at an odd octet. */
function swapsDiffer([oldHigh = 0, oldLow = 0]: Uint8Array, [high = 0, low = 0]: Uint8Array): boolean {
  const change = (high - oldHigh) * 256 + (low - oldLow);
  const counted = (low - oldLow) * 256 + (high - oldHigh);
  return (change - counted) % 0xffff !== 0;
}
