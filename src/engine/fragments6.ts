import { IPV6_HEADER, type Packet, PROTOCOL, SKIPPED_EXTENSIONS } from "../model/packet.ts";
import { decodeIpv6 } from "../wire/ipv6.ts";
import { u16, u32 } from "../wire/octets.ts";
import { needsStrict } from "./address6.ts";
import { hasDrawnPort, withDrawnPort } from "./drawn-port.ts";
import { type Extension, extensionsOf, FRAGMENT_HEADER, octetsOf } from "./extensions6.ts";
import { askForRoom, bothCosts, type Cost, costOf, hasRoom, leaveRoom, type Room, takeRoom } from "./fragment-memory.ts";
import type { Netns } from "./netns.ts";
import type { Run } from "./run.ts";
import type { Skb } from "./skb.ts";
import { Undecided } from "./undecided.ts";

/** A fragment that waits, with what the kernel reads of it. */
interface Part {
  readonly packet: Packet;
  readonly header: Extension;
  readonly offset: number;
  readonly end: number;
  readonly more: boolean;
}

/** What is kept of a datagram until it is whole (struct frag_queue). */
interface Queue {
  /** In the order in which they came. */
  readonly parts: readonly Part[];
  readonly cost: Cost;
  readonly room: Room;
  /** Nanoseconds since the epoch. */
  readonly expires: bigint;
}

const SECOND = 1_000_000_000n;
/** IPV6_FRAG_TIMEOUT, in seconds. */
const TIMEOUT = 60;
const LONGEST_PAYLOAD = 65_535;
const MIN_MTU = 1280;
/** Where a fragment header's offset ends, and which of its bits are that. */
const FRAGMENT_OFFSET_END = 4;
const OFFSET = 0xfff8;
/** What ipv6_skip_exthdr looks behind. */
const IS_EXTENSION: ReadonlySet<number> = new Set([...SKIPPED_EXTENSIONS.keys(), PROTOCOL["ipv6-nonxt"]]);

/** What became of a fragment: whole, passed on as it is, kept, or dropped for a reason. */
export type Gathered = "whole" | "as-is" | "queued" | { readonly drop: string; readonly parameterProblem?: number };

/**
 * Takes a fragment in (nf_conntrack_reasm.c, nf_ct_frag6_gather, and reassembly.c, ip6_frag_queue); `skb` has the whole datagram when it
 * was the last one that was missing. `user` keeps the queues of conntrack and local delivery apart.
 * `header` is the fragment header that was come to, the first one where nothing else is said.
 */
export function gatherFragments6(
  run: Run,
  netns: Netns,
  skb: Skb,
  user: "conntrack" | "local",
  header = extensionsOf(skb.packet).find(({ name }) => name === "fragment"),
): Gathered {
  const { packet } = skb;
  if (packet.length === IPV6_HEADER) return "as-is";
  if (!header) return endsInHeader(packet) ? { drop: "it ends within its fragment header" } : "as-is";
  // A packet may have more than one such header; what lies behind the first is inside its datagram.
  const { offset, more, id } = fieldsOf(header);
  const end = offset + packet.length - header.at - FRAGMENT_HEADER;
  if (offset === 0 && isTruncated(packet, header)) {
    return user === "conntrack" ? "as-is" : { drop: "it is the first fragment, but does not hold all headers", parameterProblem: -1 };
  }
  const gatherer = user === "local" ? "ipv6" : "conntrack6";
  const setting = user === "local" ? "net.ipv6.ip6frag_time" : "net.netfilter.nf_conntrack_frag6_timeout";
  const timeout = BigInt(netns.sysctl(setting, TIMEOUT)) * SECOND;
  const has = hasRoom(run, netns, gatherer, timeout);
  if (has === "asked" ? !askForRoom(run, netns, gatherer) : !has)
    return { drop: "the memory for fragments is full, and none is taken in before some of it is free again" };
  if (end > LONGEST_PAYLOAD) return { drop: "its datagram would be too long", parameterProblem: header.at + 2 };
  const scope = needsStrict(packet.dst) ? skb.device : "";
  const bridged = skb.bridge?.inPrerouting && user === "conntrack" ? "bridge" : "";
  const key = `frag|${netns.name}|6${user}${bridged}|${scope}|${packet.src}|${packet.dst}|${id}`;
  const { state } = run.world;
  const found = state.get<Queue>(key);
  const known = found && found.expires > run.time ? found : undefined;
  const parts = known?.parts ?? [];
  if (parts.length === 0 && offset > 0 && netns.ip6.sawTraffic && run.world.startedWithin(run.time, timeout)) {
    throw new Undecided("whether other fragments of its datagram came before the capture began", [key]);
  }
  const room: Room = { netns: netns.name, gatherer };
  const forget = (): void => {
    if (known) leaveRoom(state, room, known.cost);
    state.set<unknown>(key, undefined);
  };
  const discard = (why: string): Gathered => {
    forget();
    return { drop: why };
  };
  const last = parts.find((part) => !part.more);
  const length = Math.max(0, ...parts.map((part) => part.end));
  if (!more && (end < length || (last && last.end !== end))) return { drop: "other fragments of its datagram end elsewhere" };
  if (more && end % 8 !== 0) {
    forget();
    const drop = "its length is no multiple of 8, though more fragments follow";
    return user === "conntrack" ? "as-is" : { drop, parameterProblem: 4 };
  }
  if (more && last && end > last.end) return { drop: "it lies behind the last fragment of its datagram" };
  if (end === offset) return user === "conntrack" ? { drop: "it is empty" } : discard("it is empty");
  const overlap = overlapOf(parts, offset, end);
  if (overlap === "duplicate") return user === "conntrack" ? "queued" : { drop: "this fragment was here already" };
  if (overlap === "overlap") return discard("it overlaps another fragment, and all of the datagram is discarded");
  // It may wait for long, and is a small part of what was read with it.
  const all = [...parts, { packet: { ...packet, payload: packet.payload.slice() }, header, offset, end, more }];
  const whole = assemble([...all].sort((a, b) => a.offset - b.offset));
  if (whole === "invalid") return discard("the fragments of its datagram do not fit together");
  if (!whole) {
    const cost = costOf(packet, parts.length === 0);
    takeRoom(state, room, cost);
    state.set<Queue>(key, {
      parts: all,
      cost: known ? bothCosts(known.cost, cost) : cost,
      room,
      expires: known?.expires ?? run.time + timeout,
    });
    return "queued";
  }
  forget();
  skb.packet = whole;
  skb.fragments = all.sort((a, b) => a.offset - b.offset).map((part) => part.packet);
  skb.fragMaxSize = Math.max(...all.map((part) => part.packet.length));
  skb.ignoreDf = true;
  if (user === "conntrack") skb.headersEnd = header.at;
  run.joined(skb);
  run.seen(whole);
  return "whole";
}

/** Whether a fragment header says that all is there (RFC 6946). */
export function isAtomic(header: Extension): boolean {
  const { offset, more } = fieldsOf(header);
  return offset === 0 && !more;
}

/** Offset in octets, whether more follow, and identification, as a fragment header has them. */
function fieldsOf({ octets }: Extension): { readonly offset: number; readonly more: boolean; readonly id: number } {
  const own = Uint8Array.from(octets);
  const field = u16(own, 2);
  return { offset: field & 0xfff8, more: (field & 1) !== 0, id: u32(own, 4) };
}

/** Octets that a first fragment must have of the header behind its extension headers. */
const NEEDED: Readonly<Record<number, number>> = { [PROTOCOL.tcp]: 20, [PROTOCOL.udp]: 8, [PROTOCOL.icmpv6]: 8 };

/** Whether a first fragment ends before its transport header is all there (ipv6frag_thdr_truncated); lengths of headers are taken as they are. */
function isTruncated(packet: Packet, header: Extension): boolean {
  const octets = octetsOf(packet);
  let next = header.octets[0] ?? 0;
  let at = header.at + FRAGMENT_HEADER;
  for (;;) {
    const name = SKIPPED_EXTENSIONS.get(next);
    if (name === undefined) break;
    if (at + 2 > octets.length) return false;
    const field = octets[at + 1] ?? 0;
    next = octets[at] ?? 0;
    at += name === "fragment" ? FRAGMENT_HEADER : name === "ah" ? (field + 2) * 4 : (field + 1) * 8;
  }
  return next !== PROTOCOL["ipv6-nonxt"] && at + (NEEDED[next] ?? 1) > octets.length;
}

/** inet_frag_queue_insert: fragments that were put behind the last one make up one run with it. */
function overlapOf(parts: readonly Part[], offset: number, end: number): "duplicate" | "overlap" | undefined {
  const runs: { start: number; end: number }[] = [];
  for (const part of parts) {
    const last = runs.reduce<(typeof runs)[number] | undefined>((a, b) => (a && a.end > b.end ? a : b), undefined);
    if (last && last.end === part.offset) last.end = part.end;
    else runs.push({ start: part.offset, end: part.end });
  }
  const hit = runs.find((run) => run.start < end && offset < run.end);
  if (!hit) return undefined;
  return offset >= hit.start && end <= hit.end && end <= Math.max(...runs.map((run) => run.end)) ? "duplicate" : "overlap";
}

const CE = 3;

/** The datagram that fragments make up (nf_ct_frag6_reasm); undefined while one is missing. */
function assemble(ordered: readonly Part[]): Packet | "invalid" | undefined {
  let end = 0;
  for (const part of ordered) {
    if (part.offset !== end) return undefined;
    end = part.end;
  }
  const first = ordered[0];
  if (!first || ordered.at(-1)?.more !== false) return undefined;
  const { header } = first;
  if (header.at - IPV6_HEADER + end > LONGEST_PAYLOAD) return "invalid";
  const marks = new Set(ordered.map(({ packet }) => packet.tos & 3));
  if (marks.size > 1 && marks.has(0)) return "invalid";
  const octets = new Uint8Array(header.at + end);
  octets.set(octetsOf(first.packet).subarray(0, header.at));
  for (const { packet, header: own, offset } of ordered) {
    octets.set(octetsOf(packet).subarray(own.at + FRAGMENT_HEADER), header.at + offset);
  }
  octets[header.announcedAt] = header.octets[0] ?? 0;
  octets[4] = (octets.length - IPV6_HEADER) >> 8;
  octets[5] = (octets.length - IPV6_HEADER) & 255;
  const whole = decodeIpv6(octets, 0, octets.length, octets.length, 0);
  if (typeof whole === "string") return "invalid";
  const seen = ordered.every(({ packet }) => packet.payload.length >= packet.length - packet.headerLength);
  return {
    ...withDrawnPort(whole, first.packet),
    ...(hasDrawnPort(first.packet) && { checksum: first.packet.checksum ?? ("unseen" as const) }),
    ...(marks.size > 1 && marks.has(CE) && { tos: whole.tos | CE }),
    ...(!seen && { checksum: "unseen" as const }),
  };
}

/** Where the part of a packet ends that every fragment repeats (ip6_find_1stfragopt). */
function unfragmentable(packet: Packet): number {
  let routed = false;
  for (const { name, at } of extensionsOf(packet)) {
    if (name === "routing") routed = true;
    else if (name !== "hop-by-hop" && (name !== "destination" || routed)) return at;
  }
  return packet.headerLength;
}

/**
 * Whether a packet ends within its fragment header, which connection tracking drops it for; not where that says, as far as it is there, that
 * it is the first fragment and what its upper layer is (nf_ct_frag6_gather, ipv6frag_thdr_truncated).
 */
function endsInHeader({ protocol, length, headerLength, payload }: Packet): boolean {
  const left = length - headerLength;
  if (protocol !== PROTOCOL["ipv6-frag"] || left < 0 || left >= FRAGMENT_HEADER) return false;
  if (left < FRAGMENT_OFFSET_END) return true;
  if (payload.length < FRAGMENT_OFFSET_END) throw new Undecided("what its fragment header says, which was not captured");
  return (u16(payload, FRAGMENT_OFFSET_END - 2) & OFFSET) !== 0 || IS_EXTENSION.has(payload[0] ?? 0);
}

/**
 * A packet cut into fragments for an MTU (ip6_output.c, ip6_fragment), along its old borders where these fit; undefined when it must not be.
 */
export function cut6(skb: Skb, mtu: number): Packet[] | undefined {
  const { packet, fragMaxSize } = skb;
  if (fragMaxSize !== undefined && fragMaxSize > mtu) return undefined;
  const limit = fragMaxSize === undefined ? mtu : Math.max(fragMaxSize, MIN_MTU);
  const start = unfragmentable(packet);
  const room = limit - start - FRAGMENT_HEADER;
  if (room < 8) return undefined;
  const octets = octetsOf(packet);
  const total = octets.length - start;
  const old = skb.fragments?.map((part) => part.length - (extensionsOf(part).find(({ name }) => name === "fragment")?.at ?? 0) - 8);
  const kept =
    old !== undefined &&
    old.length > 1 &&
    old.reduce((sum, size) => sum + size, 0) === total &&
    old.every((size, i) => size <= room && (i === old.length - 1 || size % 8 === 0));
  const sizes = kept ? old : sizesFor(total, room);
  const pieces: Packet[] = [];
  let offset = 0;
  for (const [i, size] of sizes.entries()) {
    pieces.push(piece(packet, octets, start, { offset, size, more: i < sizes.length - 1, id: skb.fragments?.[0]?.id ?? 0 }));
    offset += size;
  }
  return pieces;
}

function sizesFor(total: number, room: number): number[] {
  const sizes: number[] = [];
  for (let left = total; left > 0; left -= sizes.at(-1) ?? left) sizes.push(left > room ? room & ~7 : left);
  return sizes;
}

/** One fragment; the kernel draws its identification, for which that of its old fragments stands in (ipv6_select_ident). */
function piece(
  packet: Packet,
  octets: Uint8Array,
  start: number,
  { offset, size, more, id }: { readonly offset: number; readonly size: number; readonly more: boolean; readonly id: number },
): Packet {
  const made = new Uint8Array(start + FRAGMENT_HEADER + size);
  made.set(octets.subarray(0, start));
  const before = extensionsOf(packet).filter(({ at }) => at < start);
  const announcedAt = before.at(-1)?.at ?? 6;
  made.set(
    [octets[announcedAt] ?? 0, 0, offset >> 8, (offset & 0xf8) | (more ? 1 : 0), id >>> 24, (id >> 16) & 255, (id >> 8) & 255, id & 255],
    start,
  );
  made[announcedAt] = PROTOCOL["ipv6-frag"];
  made.set(octets.subarray(start + offset, start + offset + size), start + FRAGMENT_HEADER);
  made[4] = (made.length - IPV6_HEADER) >> 8;
  made[5] = (made.length - IPV6_HEADER) & 255;
  const decoded = decodeIpv6(made, 0, made.length, made.length, 0);
  if (typeof decoded === "string") throw new Undecided("how it is cut into fragments");
  return {
    ...{ ...decoded, drawnId: true },
    ...(offset === 0 && packet.transport && { transport: packet.transport }),
    // No octets say whether it is right.
    ...(offset === 0 && packet.checksum && hasDrawnPort(packet) && { checksum: packet.checksum }),
  };
}
