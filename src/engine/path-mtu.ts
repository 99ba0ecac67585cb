import { formatAddress } from "../model/address.ts";
import type { Nexthop, Route } from "../model/host.ts";
import { type Packet, PROTOCOL } from "../model/packet.ts";
import type { Netns } from "./netns.ts";
import { lookup } from "./route-input.ts";
import type { Run } from "./run.ts";
import type { Destination, Skb } from "./skb.ts";

/** What a host has learned of the way to an address (struct fib_nh_exception, struct rt6_exception). */
interface PathMtu {
  readonly mtu: number;
  /** It is smaller than the host believes, who goes by the smallest that it takes instead, and for forwarded packets too. */
  readonly locked: boolean;
  /** Nanoseconds since the epoch. */
  readonly expires: bigint;
}

/** The route to an address that something was learned of. */
type Way = Required<Pick<Destination, "route" | "nexthop">>;

const FRAGMENTATION_NEEDED = 4;
const UNREACHABLE = 3;
const SECOND = 1_000_000_000n;

function keyOf(netns: Netns, route: Route, nexthop: Nexthop, packet: Pick<Packet, "dst">): string {
  return `pmtu|${netns.name}|${route.table}|${route.text}|${route.nexthops.indexOf(nexthop)}|${packet.dst}`;
}

/** The MTU that a host has learned of the way to an address, while it holds. */
function learned(run: Run, netns: Netns, packet: Pick<Packet, "dst">, { route, nexthop }: Partial<Destination>): PathMtu | undefined {
  if (!run.world.pathsLearned && !run.world.state.isDoubtful) return undefined;
  const known = route && nexthop && run.world.state.get<PathMtu>(keyOf(netns, route, nexthop, packet));
  if (!known || known.expires <= run.time) return undefined;
  // It tells packets of one connection apart by their length.
  run.lesson.asked("more");
  return known;
}

/** Keeps what an ICMP error has told of the way to an address. */
export function remember(run: Run, netns: Netns, packet: Pick<Packet, "dst">, way: Way, known: Omit<PathMtu, "expires">): void {
  run.world.pathsLearned = true;
  const version = typeof packet.dst === "number" ? "ipv4" : "ipv6";
  const expires = run.time + BigInt(netns.sysctl(`net.${version}.route.mtu_expires`, 600)) * SECOND;
  run.world.state.set<PathMtu>(keyOf(netns, way.route, way.nexthop, packet), { ...known, expires });
}

function ownMtu(netns: Netns, { dst }: Pick<Packet, "dst">, { device = "", route }: Partial<Destination>): number | undefined {
  return typeof dst === "number" ? netns.mtuOf(device, route) : netns.mtu6Of(device, route);
}

/** The MTU of the way to an address, with what an ICMP error has told of it (ipv4_mtu, ip6_mtu); undefined when the device is not known. */
export function pathMtu(run: Run, netns: Netns, packet: Pick<Packet, "dst">, destination: Partial<Destination>): number | undefined {
  return learned(run, netns, packet, destination)?.mtu ?? ownMtu(netns, packet, destination);
}

/** Whether a packet goes by the device's MTU and not the path's (ip_dst_mtu_maybe_forward); in IPv6 none does where it leaves. */
function isUnaware(netns: Netns, { local, duplicate, packet }: Skb, known: PathMtu): boolean {
  const forwarded = packet.family === 4 && !local && !duplicate;
  return forwarded && !known.locked && netns.sysctl("net.ipv4.ip_forward_use_pmtu", 0) === 0;
}

/** The MTU that a packet which is sent must fit (ip_skb_dst_mtu, ip6_skb_dst_mtu). */
export function sendingMtu(run: Run, netns: Netns, skb: Skb, destination: Destination): number | undefined {
  const known = learned(run, netns, skb.packet, destination);
  if (!known || isUnaware(netns, skb, known)) return ownMtu(netns, skb.packet, destination);
  if (skb.packet.length > known.mtu) {
    const { mtu } = known;
    run.world.assumptions.add({
      id: "path-mtu",
      text: `${netns.name} goes by the path MTU of ${mtu} to ${formatAddress(skb.packet.dst)} that an ICMP error told it: a socket had sent what the error quotes`,
    });
  }
  return known.mtu;
}

/** The MTU that an error names, as far as the host listens to it (icmp.c, icmp_unreach). */
function namedMtu(netns: Netns, mtu: number | undefined): number | undefined {
  const mode = netns.sysctl("net.ipv4.ip_no_pmtu_disc", 0);
  return mode === 0 ? (mtu ?? 0) : mode === 1 ? 0 : undefined;
}

/** What a host learns from an ICMP error that is delivered to it, where a socket is concerned (raw_err, __udp4_lib_err, tcp_v4_err; __ip_rt_update_pmtu). */
export function learnPathMtu(run: Run, netns: Netns, { packet, mark }: Skb): void {
  const icmp = packet.transport;
  if (icmp?.kind !== "icmp" || packet.family !== 4 || icmp.type !== UNREACHABLE || icmp.code !== FRAGMENTATION_NEEDED) return;
  const { quoted } = icmp;
  const named = namedMtu(netns, icmp.mtu);
  if (!netns.ip4.routed || packet.checksum === "bad" || named === undefined || !quoted) return;
  if (quoted.payload.length < 8 || netns.addressType(quoted.src) !== "LOCAL") return;
  const { src, dst, protocol } = quoted;
  const reflected = netns.sysctl("net.ipv4.fwmark_reflect", 0) ? mark : 0;
  const tos = protocol === PROTOCOL.icmp ? quoted.tos & 0x1c : 0;
  const found = lookup(run, netns, { src, dst, iif: "lo", mark: reflected, tos, protocol });
  if ("error" in found || found.route.type !== "unicast") return;
  const way = { route: found.route, nexthop: found.nexthop, device: found.nexthop.device ?? "" };
  const old = pathMtu(run, netns, quoted, way);
  if (old === undefined || old < named || learned(run, netns, quoted, way)?.locked) return;
  const smallest = netns.sysctl("net.ipv4.route.min_pmtu", 552);
  const locked = named < smallest;
  remember(run, netns, quoted, way, { mtu: locked ? Math.min(old, smallest) : named, locked });
}
