import { type Bucket, type Filling, mergeBuckets, takeFrom } from "../extensions/token-bucket.ts";
import { type Address, formatAddress } from "../model/address.ts";
import type { Netns } from "./netns.ts";
import type { Run } from "./run.ts";
import type { State } from "./state.ts";

const SECOND = 1_000_000_000;
const MILLISECOND = 1_000_000;
/** Slowest ticks of a kernel (HZ is 100). */
export const JIFFY = 10_000_000;
/** XRLIM_BURST_FACTOR (net/ipv4/inetpeer.c). */
const BURST = 6;
/** What a host that was never heard of has saved, however much it may (net/ipv4/inetpeer.c, inet_getpeer). */
const AT_FIRST = 60 * SECOND;
/** Milliseconds from one ICMP error to the next, where no setting says otherwise. */
const ICMP_LIMIT = 1000;

const PEER = "limit|host|";
/** When a packet may last have used up what no later one can tell. */
const DOUBT = "limit|doubt";

/** What a host has saved: one of the buckets by one of the ways in which kernels count, if there was no doubt since. */
interface Saved {
  readonly counts: readonly (readonly Bucket[])[];
  readonly doubt: bigint | undefined;
  /** When that is all that may be, whatever was used up before. */
  readonly expires: bigint;
}

/** What a message takes of what is saved, and how much may be saved, in nanoseconds. */
export interface Price {
  readonly cost: number;
  readonly cap: number;
}

/** A message that takes so much, of which six may be sent at once. */
export function sixAtOnce(cost: number): Price {
  return { cost, cap: BURST * cost };
}

/** What an ICMP error takes of what is saved, in nanoseconds. */
export function errorCost(netns: Netns, family: 4 | 6): number {
  return netns.sysctl(family === 4 ? "net.ipv4.icmp_ratelimit" : "net.ipv6.icmp.ratelimit", ICMP_LIMIT) * MILLISECOND;
}

/** A packet may have had any number of messages sent: that is forgotten once the limits are full again. */
export function doubtLimits(state: State, now: bigint): void {
  state.set(DOUBT, now);
}

/** When that was. A bound that holds on every way of a packet, and does not run out. */
export function doubtOf(state: State): bigint | undefined {
  return state.peek<bigint>(DOUBT);
}

/** ndisc_send_redirect: one redirect each second. */
export function mayRedirect(run: Run, netns: Netns, peer: Address): boolean {
  const price = sixAtOnce(SECOND);
  return maySend(run, netns, peer, [price, price], { what: "a redirect" });
}

/**
 * inet_peer_xrlim_allow: so many messages at once, then one each time that what it takes is saved again, for every host that packets come from or go to
 * (struct inet_peer, rate_tokens). `prices` has one for each way in which kernels count, two for IPv6. `what` is sent, in words; `mayBeRefused`: by another
 * limit, and then nothing is paid.
 */
export function maySend(
  run: Run,
  netns: Netns,
  peer: Address,
  prices: readonly Price[],
  { what, mayBeRefused = false }: { readonly what: string; readonly mayBeRefused?: boolean },
): boolean {
  const { state, choices } = run.world;
  const family = typeof peer === "bigint" ? 6 : 4;
  const key = `${PEER}${netns.name}|${family}|${peer}`;
  const fillings = prices.map((price): Filling => ({ ...price, rate: 1, tick: JIFFY }));
  const isMissed = state.isMissed(key);
  const known = isMissed ? undefined : state.get<Saved>(key);
  const before = fillings.map((_, i) => (isMissed ? [anything(run.time)] : bucketsOf(known, i, state, run.time)));
  const taken = fillings.map((filling, i) => (before[i] ?? []).flatMap((bucket) => takeFrom(bucket, run.time, filling)));
  const all = taken.flat();
  const isOpen = all.some((one) => one.enough) && !all.every((one) => one.enough);
  const words = (value: boolean) =>
    `${netns.name} ${value ? "sends" : "does not send"} ${what} (not known: how much of the limit for ${formatAddress(peer)} was used up just before)`;
  const enough = isOpen ? choices.askAnew(key, words) : all[0]?.enough === true;
  const counts = fillings.map((filling, i) => {
    const left = (taken[i] ?? []).flatMap((one) => (one.enough === enough ? [one.left] : []));
    return mergeBuckets(enough && mayBeRefused && left.length > 0 ? [...left, ...(before[i] ?? [])] : left, run.time, filling);
  });
  const expires = run.time + BigInt(BURST * Math.max(SECOND, errorCost(netns, family)) + JIFFY);
  state.set<Saved>(key, { counts, doubt: doubtOf(state), expires });
  return enough;
}

/** What can have been saved by a host: as much as may be where nothing is known of it, or no more than the kernel begins with. */
function bucketsOf(known: Saved | undefined, count: number, state: State, now: bigint): readonly Bucket[] {
  const doubt = doubtOf(state);
  if (doubt !== undefined && doubt !== known?.doubt) return [anything(doubt)];
  return known ? (known.counts[count] ?? []) : [{ low: AT_FIRST, high: Number.MAX_SAFE_INTEGER, at: now }];
}

function anything(at: bigint): Bucket {
  return { low: 0, high: Number.MAX_SAFE_INTEGER, at };
}

/** Whether a cell of state tells what a host has saved. */
export function isSaved(key: string): boolean {
  return key.startsWith(PEER);
}

/** What a host has saved after a packet whose ways leave that different: what any of them leaves. */
export function joinSaved(values: readonly unknown[], state: State, now: bigint): unknown {
  const all = values as readonly (Saved | undefined)[];
  const filling: Filling = { cap: Number.MAX_SAFE_INTEGER, cost: 0, rate: 1, tick: JIFFY };
  const ways = Math.max(...all.map((saved) => saved?.counts.length ?? 1));
  const counts = Array.from({ length: ways }, (_, i) =>
    mergeBuckets(
      all.flatMap((saved) => bucketsOf(saved, i, state, now)),
      now,
      filling,
    ),
  );
  const expires = all.flatMap((saved) => (saved ? [saved.expires] : [])).sort(descending)[0] ?? now;
  return { counts, doubt: doubtOf(state), expires } satisfies Saved;
}

function descending(one: bigint, other: bigint): number {
  return one > other ? -1 : 1;
}
