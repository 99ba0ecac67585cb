import { transportOctets } from "../extensions/transport-octets.ts";
import { formatAddress } from "../model/address.ts";
import { type Packet, PROTOCOL } from "../model/packet.ts";
import type { Hook } from "../model/rule.ts";
import { decodeHeader, decodeTransport } from "../wire/transport.ts";
import { hasDrawnPort, withDrawnPort } from "./drawn-port.ts";
import { askForRoom, hasRoom, leaveRoom, type Room, takeRoom } from "./fragment-memory.ts";
import { emptyQueue, type FragmentQueue, joinedEcn, takeFragment } from "./fragment-queue.ts";
import { copiedOptions, FIXED_HEADER, optionsOf, withOptions } from "./ip-options.ts";
import type { Netns } from "./netns.ts";
import type { Run } from "./run.ts";
import type { Skb } from "./skb.ts";
import { BOUNDS } from "./state.ts";
import { Undecided } from "./undecided.ts";

const SECOND = 1_000_000_000n;
const MAX_LENGTH = 65_535;
/** Fragments from one source that may come between two of a datagram (ipv4_frags_init_net), and how often one packet is counted at most. */
const MAX_DISTANCE = 64;
const COUNTED = 4;

/**
 * Takes a fragment in (net/ipv4/ip_fragment.c, ip_defrag). Returns true with the whole datagram in `skb` when it was the last one
 * that was missing; otherwise it is queued and the run's end is set. `user` keeps the queues of connection tracking's two hooks and
 * of local delivery apart (enum ip_defrag_users).
 */
export function gatherFragments(run: Run, netns: Netns, skb: Skb, user: Hook | "local"): boolean {
  const packet = skb.packet;
  const where = skb.bridge?.inPrerouting && user === "PREROUTING" ? "bridge" : user;
  const key = `frag|${netns.name}|${where}|${packet.src}|${packet.dst}|${packet.protocol}|${packet.id ?? 0}`;
  const timeout = BigInt(netns.sysctl("net.ipv4.ipfrag_time", 30)) * SECOND;
  const distance = netns.sysctl("net.ipv4.ipfrag_max_dist", MAX_DISTANCE);
  const { state } = run.world;
  const has = hasRoom(run, netns, "ipv4", timeout);
  const counted = has === false || distance === 0 ? NONE : countOf(run, netns, packet, timeout, has === true);
  if (has === "asked" ? !askForRoom(run, netns, "ipv4") : !has) {
    run.drop(skb, "defrag", "the memory for fragments is full, and none is taken in before some of it is free again");
    return false;
  }
  const known = state.get<FragmentQueue>(key);
  const room: Room = { netns: netns.name, gatherer: "ipv4" };
  const found = known && known.expires > run.time ? known : emptyQueue(run.time + timeout, room);
  if (
    found.parts.length === 0 &&
    (packet.fragment?.offset ?? 0) > 0 &&
    netns.stack(packet.family).sawTraffic &&
    run.world.startedWithin(run.time, timeout)
  ) {
    throw new Undecided("whether other fragments of its datagram came before the capture began", [key]);
  }
  const { queue, givenUp } = nextOf(run, packet, found, counted, { distance, timeout });
  const taken = takeFragment(queue, packet);
  const left = taken.kind === "queued" || taken.kind === "duplicate" ? taken.queue : undefined;
  if (found.parts.length > 0) leaveRoom(state, room, found.cost);
  if (left) takeRoom(state, room, left.cost);
  state.set<unknown>(key, left);
  if (taken.kind === "queued") {
    run.end("queued", {
      netns: netns.name,
      reason: "defrag-queue",
      text: `it waits for the other fragments of its datagram${givenUp === undefined ? "" : `; those that were there are given up, as more than ${givenUp} others came from the same source since (net.ipv4.ipfrag_max_dist)`}`,
    });
    return false;
  }
  const discarded = (why: string) => run.drop(skb, "defrag", `${why}, and all of the datagram is discarded`);
  if (taken.kind === "duplicate") run.drop(skb, "defrag", "what it carries was here already");
  if (taken.kind === "discard") discarded(taken.why);
  if (taken.kind !== "whole") return false;
  const { parts, ecn } = taken.queue;
  const ordered = [...parts].sort((a, b) => a.start - b.start).map((part) => part.packet);
  const bits = joinedEcn(ecn);
  const whole = bits === undefined ? undefined : assemble(ordered, bits);
  if (!whole || whole.length > MAX_LENGTH) {
    discarded(whole ? `it would be longer than ${MAX_LENGTH} octets` : "its fragments contradict each other about congestion (ECN)");
    return false;
  }
  skb.packet = whole;
  skb.fragments = ordered;
  skb.fragMaxSize = Math.max(...ordered.map((part) => part.length));
  skb.fragDf = whole.dontFragment === true;
  skb.ignoreDf = true;
  run.joined(skb);
  run.seen(whole);
  return true;
}

/** How many fragments came from a source (struct inet_peer, rid): for certain, and at most. */
interface Count {
  readonly least: number;
  readonly most: number;
  readonly expires: bigint;
}

const NONE: Count = { least: 0, most: 0, expires: 0n };

/** Counts a fragment of a source, which may not have been let in where that is not certain (ip_frag_too_far). */
function countOf(run: Run, netns: Netns, { src }: Packet, timeout: bigint, isCertain: boolean): Count {
  const { state } = run.world;
  const key = `${BOUNDS}${netns.name}|count|${src}`;
  const { least, most } = state.get<Count>(key) ?? NONE;
  // It is kept for as long as a queue is there whose last one it may be compared with.
  const count: Count = { least: isCertain ? least + 1 : least, most: most + 1, expires: run.time + 2n * timeout };
  state.set<Count>(key, count);
  return count;
}

/**
 * The queue that a fragment comes to. It is a new one where too many others came from the same source since its last one, which is then taken for one of
 * an earlier datagram with the same id: `givenUp` is how many may (ip_frag_too_far, ip_frag_reinit).
 */
function nextOf(
  run: Run,
  { src }: Packet,
  found: FragmentQueue,
  count: Count,
  { distance: limit, timeout }: { readonly distance: number; readonly timeout: bigint },
): { readonly queue: FragmentQueue; readonly givenUp?: number } {
  const { position, state, choices } = run.world;
  const queue = { ...found, count, position };
  if (limit === 0 || found.parts.length === 0) return { queue };
  if (position - found.position > limit / COUNTED) state.watch?.shared("fragments of one source may be far apart");
  const [least, most] = [count.least - found.count.least, count.most - found.count.most];
  const words = (value: boolean) =>
    `${value ? "more than" : "no more than"} ${limit} fragments of ${formatAddress(src)} came in between (net.ipv4.ipfrag_max_dist; not known: for which of them there was memory)`;
  const isFar = least > limit || (most > limit && choices.askAnew(`${BOUNDS}far`, words));
  return isFar ? { queue: { ...emptyQueue(run.time + timeout, found.room), count, position }, givenUp: limit } : { queue };
}

/** The datagram that fragments make up (ip_frag_reasm). */
function assemble(ordered: readonly Packet[], ecn: number): Packet | undefined {
  const first = ordered[0];
  if (!first) return undefined;
  const end = ordered.reduce((octets, part) => octets + part.length - part.headerLength, 0);
  const payload = new Uint8Array(end);
  for (const part of ordered) payload.set(part.payload.subarray(0, part.length - part.headerLength), part.fragment?.offset ?? 0);
  const seen = ordered.every((part) => part.payload.length >= part.length - part.headerLength);
  const decoded = decodeTransport(first.family, first.protocol, payload, end, { src: first.src, dst: first.dst });
  const { fragment, transport, defect, checksum, ...rest } = first;
  const largest = Math.max(...ordered.map((part) => part.length));
  const largestDf = Math.max(0, ...ordered.filter((part) => part.dontFragment).map((part) => part.length));
  const whole: Packet = {
    ...rest,
    length: first.headerLength + end,
    tos: first.tos | ecn,
    headerChecksum: "good",
    payload,
    dontFragment: largestDf === largest,
    ...(decoded.transport ? { transport: decoded.transport } : {}),
    ...(decoded.defect ? { defect: decoded.defect } : {}),
    checksum: !seen ? "unseen" : hasDrawnPort(first) ? (checksum ?? "unseen") : (decoded.checksum ?? "absent"),
  };
  return withDrawnPort(whole, first);
}

const TCP_HEADER = 20;

/** tcp_v4_early_demux: a TCP header in several fragments is pulled into one, and their borders are gone. */
export function pullHeader(netns: Netns, skb: Skb): void {
  const first = skb.fragments?.[0];
  if (first?.protocol !== PROTOCOL.tcp || first.length - first.headerLength >= TCP_HEADER) return;
  if (netns.sysctl("net.ipv4.ip_early_demux", 1) !== 0 && netns.sysctl("net.ipv4.tcp_early_demux", 1) !== 0) skb.fragments = undefined;
}

/** Octets of a transport header that address translation must have in one piece (nf_nat_proto.c, tcp_manip_pkt and sctp_manip_pkt). */
const TRANSLATED: Readonly<Record<number, number>> = { [PROTOCOL.tcp]: TCP_HEADER, [PROTOCOL.sctp]: 12 };

/** A packet cut into fragments for an MTU (ip_do_fragment): along its old borders where these fit, else anew, with DF if these had it (IPSKB_FRAG_PMTU). */
export function cut(skb: Skb, mtu: number): Packet[] {
  const packet = skb.packet;
  const limit = skb.fragMaxSize !== undefined && skb.fragMaxSize < mtu ? skb.fragMaxSize : mtu;
  const room = limit - packet.headerLength;
  const total = packet.length - packet.headerLength;
  const borders: number[] = [];
  const old = skb.fragments;
  const translated = skb.connection?.srcNat || skb.connection?.dstNat ? (TRANSLATED[packet.protocol] ?? 0) : 0;
  const intact = old?.[0] !== undefined && old[0].length - old[0].headerLength >= translated;
  const sameLength = old !== undefined && old.reduce((sum, part) => sum + part.length - part.headerLength, 0) === total;
  const kept =
    old !== undefined &&
    intact &&
    sameLength &&
    old.every(
      (part, i) =>
        part.length - part.headerLength <= room &&
        // Before what it carries it has to have room for the first one's header.
        part.headerLength >= packet.headerLength &&
        (i === old.length - 1 || (part.length - part.headerLength) % 8 === 0),
    );
  if (kept) {
    for (const part of old) borders.push(part.length - part.headerLength);
  } else {
    const step = room & ~7;
    if (step < 8) throw new Undecided(`how it is cut for an MTU of ${limit}, which holds no more than its header`);
    let left = total;
    while (left > 0) {
      const size = left <= room ? left : step;
      borders.push(size);
      left -= size;
    }
  }
  let offset = 0;
  const own = packet.fragment;
  // ip_options_fragment goes by what the IP layer has read: a bridge and a socket that writes whole packets have read nothing.
  const later = skb.options && !own?.offset && packet.headerLength > FIXED_HEADER ? copiedOptions(optionsOf(packet)) : undefined;
  // Put together again further on it is judged by its octets, so these have to be those that it was translated to.
  const octets = Uint8Array.from(transportOctets(packet), (octet) => octet ?? 0);
  return borders.map((size, i) => {
    const { transport: _transport, defect: _defect, ...rest } = packet;
    const piece: Packet = {
      ...rest,
      dontFragment: !kept && skb.fragDf === true,
      length: packet.headerLength + size,
      ...((own || borders.length > 1) && {
        fragment: { offset: (own?.offset ?? 0) + offset, more: own?.more === true || i < borders.length - 1 },
      }),
      payload: octets.subarray(offset, offset + size),
      ...(i === 0 && !own?.offset && headerOf(packet, octets.subarray(0, size))),
    };
    offset += size;
    return later && piece.fragment && piece.fragment.offset > 0 ? withOptions(piece, later, "anew") : piece;
  });
}

/** The transport header as far as the first fragment has it whole. */
function headerOf({ family, protocol, transport, defect }: Packet, payload: Uint8Array): Pick<Packet, "transport" | "defect"> {
  const found = decodeHeader(family, protocol, payload, 0, payload.length, payload.length, 0);
  if (transport) return typeof found === "string" ? { defect: found } : { transport };
  return defect ? { defect } : {};
}
