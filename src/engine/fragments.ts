import { transportOctets } from "../extensions/transport-octets.ts";
import { type Packet, PROTOCOL } from "../model/packet.ts";
import { decodeTransport } from "../wire/transport.ts";
import { copiedOptions, FIXED_HEADER, optionsOf, withOptions } from "./ip-options.ts";
import type { Netns } from "./netns.ts";
import type { Run } from "./run.ts";
import type { Skb } from "./skb.ts";
import { Undecided } from "./undecided.ts";

/** What is kept of a datagram until it is whole. */
interface Queue {
  readonly parts: readonly Packet[];
  /** Nanoseconds since the epoch. */
  readonly expires: bigint;
}

const TIMEOUT = 30_000_000_000n;

/**
 * Takes a fragment in (net/ipv4/ip_fragment.c, ip_defrag). Returns true with the whole datagram in `skb` when it was the last one
 * that was missing; otherwise it is queued and the run's end is set. `user` keeps the queues of conntrack and local delivery apart.
 */
export function gatherFragments(run: Run, netns: Netns, skb: Skb, user: "conntrack" | "local"): boolean {
  const packet = skb.packet;
  const key = `frag|${netns.name}|${user}|${skb.bridge && user === "conntrack" ? "bridge" : ""}|${packet.src}|${packet.dst}|${packet.protocol}|${packet.id ?? 0}`;
  const known = run.world.state.get<Queue>(key);
  const parts = known && known.expires > run.time ? known.parts : [];
  const offset = packet.fragment?.offset ?? 0;
  const size = packet.length - packet.headerLength;
  if (parts.length === 0 && offset > 0 && netns.stack(packet.family).sawTraffic && run.world.startedWithin(run.time, TIMEOUT)) {
    throw new Undecided("whether other fragments of its datagram came before the capture began", [key]);
  }
  const overlap = parts.find(
    (part) => (part.fragment?.offset ?? 0) < offset + size && offset < (part.fragment?.offset ?? 0) + part.length - part.headerLength,
  );
  if (overlap) {
    const same = overlap.fragment?.offset === offset && overlap.length - overlap.headerLength >= size;
    if (!same) run.world.state.set<unknown>(key, undefined);
    run.drop(skb, "defrag", same ? "this fragment was here already" : "it overlaps another fragment, and all of the datagram is discarded");
    return false;
  }
  const all = [...parts, packet];
  const ordered = [...all].sort((a, b) => (a.fragment?.offset ?? 0) - (b.fragment?.offset ?? 0));
  const whole = assemble(ordered);
  if (!whole) {
    run.world.state.set<Queue>(key, { parts: all, expires: known && known.expires > run.time ? known.expires : run.time + TIMEOUT });
    run.end("queued", { netns: netns.name, reason: "defrag-queue", text: "it waits for the other fragments of its datagram" });
    return false;
  }
  run.world.state.set<unknown>(key, undefined);
  skb.packet = whole;
  skb.fragments = ordered;
  skb.fragMaxSize = Math.max(...ordered.map((part) => part.length));
  skb.ignoreDf = true;
  run.joined(skb);
  run.seen(whole);
  return true;
}

/** The datagram that fragments make up (ip_frag_reasm); undefined while one is missing. */
function assemble(ordered: readonly Packet[]): Packet | undefined {
  let end = 0;
  for (const part of ordered) {
    if ((part.fragment?.offset ?? 0) !== end) return undefined;
    end += part.length - part.headerLength;
  }
  const first = ordered[0];
  const last = ordered.at(-1);
  if (!first || !last || last.fragment?.more !== false) return undefined;
  const payload = new Uint8Array(end);
  for (const part of ordered) payload.set(part.payload.subarray(0, part.length - part.headerLength), part.fragment?.offset ?? 0);
  const seen = ordered.every((part) => part.payload.length >= part.length - part.headerLength);
  const decoded = decodeTransport(first.family, first.protocol, payload, end, { src: first.src, dst: first.dst });
  const { fragment, transport, defect, checksum, ...rest } = first;
  const largest = Math.max(...ordered.map((part) => part.length));
  const largestDf = Math.max(0, ...ordered.filter((part) => part.dontFragment).map((part) => part.length));
  return {
    ...rest,
    length: first.headerLength + end,
    headerChecksum: "good",
    payload,
    dontFragment: largestDf === largest,
    ...(decoded.transport ? { transport: decoded.transport } : {}),
    ...(decoded.defect ? { defect: decoded.defect } : {}),
    checksum: seen ? (decoded.checksum ?? "absent") : "unseen",
  };
}

/** Octets of a transport header that address translation must have in one piece (nf_nat_proto.c, tcp_manip_pkt and sctp_manip_pkt). */
const TRANSLATED: Readonly<Record<number, number>> = { [PROTOCOL.tcp]: 20, [PROTOCOL.sctp]: 12 };

/** A packet cut into fragments for an MTU (ip_do_fragment): along its old borders where these fit, and then without DF, else anew, with DF if these had it (IPSKB_FRAG_PMTU). */
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
      (part, i) => part.length - part.headerLength <= room && (i === old.length - 1 || (part.length - part.headerLength) % 8 === 0),
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
  // ip_options_fragment goes by what the IP layer has read: a bridge and a socket that writes whole packets have read nothing.
  const later = skb.options && packet.headerLength > FIXED_HEADER ? copiedOptions(optionsOf(packet)) : undefined;
  // Put together again further on it is judged by its octets, so these have to be those that it was translated to.
  const octets = Uint8Array.from(transportOctets(packet), (octet) => octet ?? 0);
  return borders.map((size, i) => {
    const { transport, defect, ...rest } = packet;
    const piece: Packet = {
      ...rest,
      ...((kept || skb.fragMaxSize === undefined) && { dontFragment: false }),
      length: packet.headerLength + size,
      ...(borders.length > 1 && { fragment: { offset, more: i < borders.length - 1 } }),
      payload: octets.subarray(offset, offset + size),
      ...(i === 0 && transport ? { transport } : {}),
      ...(i === 0 && defect ? { defect } : {}),
    };
    offset += size;
    return later && piece.fragment && piece.fragment.offset > 0 ? withOptions(piece, later, "anew") : piece;
  });
}
