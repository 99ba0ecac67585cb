import { type Bucket, type Filling, fullBucket, takeFrom } from "../extensions/token-bucket.ts";
import { type Address, formatAddress } from "../model/address.ts";
import type { Netns } from "./netns.ts";
import type { Run } from "./run.ts";
import type { State } from "./state.ts";

const SECOND = 1_000_000_000;
const MILLISECOND = 1_000_000;
/** XRLIM_BURST_FACTOR (net/ipv4/inetpeer.c), and the slowest ticks of a kernel (HZ is 100). */
const BURST = 6;
const TICK = 10_000_000;
/** What a host that was never heard of has saved, however much it may (net/ipv4/inetpeer.c, inet_getpeer). */
const AT_FIRST = 60 * SECOND;

/** Milliseconds from one ICMP error to the next, where no setting says otherwise. */
const ICMP_LIMIT = 1000;

const PEER = "peer|";
/** When a packet may last have used up what no later one can tell. */
const DOUBT = `${PEER}doubt`;

interface Saved {
  readonly bucket: Bucket;
  readonly doubt: bigint | undefined;
  readonly expires: bigint;
}

/** Whether a cell of state tells what a host has saved for redirects. */
export function isAllowance(key: string): boolean {
  return key.startsWith(PEER);
}

/** A packet may have had any number of redirects sent: that is forgotten once the limits are full again. */
export function doubtRedirects(state: State, now: bigint): void {
  state.set(DOUBT, now);
}

/** ndisc_send_redirect: one redirect each second. */
export function mayRedirect(run: Run, netns: Netns, peer: Address): boolean {
  return maySend(run, netns, peer, SECOND, "a redirect");
}

/**
 * inet_peer_xrlim_allow: six messages at once, then one each time that so many nanoseconds are over, for every host that packets come from or go
 * to (struct inet_peer, rate_tokens). `what` is sent, in words; `mayBeRefused`: by another limit,
 * and then nothing is paid.
 */
export function maySend(run: Run, netns: Netns, peer: Address, cost: number, what: string, mayBeRefused = false): boolean {
  const { state, choices } = run.world;
  const key = `${PEER}${netns.name}|${peer}`;
  const filling = { cost, cap: BURST * cost, rate: 1, tick: TICK };
  // A bound that holds on every way of a packet, and does not run out.
  const doubt = state.peek<bigint>(DOUBT);
  const isMissed = state.isMissed(key);
  const known = isMissed ? undefined : state.get<Saved>(key);
  const anything = isMissed || (doubt !== known?.doubt && doubt !== undefined);
  const before = anything ? { low: 0, high: filling.cap, at: doubt ?? run.time } : known?.bucket;
  const taken = takeFrom(before ?? savedAtFirst(filling, run.time), run.time, filling);
  const limit = `the limit for ${formatAddress(peer)}`;
  const words = (value: boolean) =>
    `${netns.name} ${value ? "sends" : "does not send"} ${what} (not known: how much of ${limit} was used up just before)`;
  const enough = taken.length > 1 ? choices.askAnew(key, words) : taken[0]?.enough === true;
  const left = taken.find((one) => one.enough === enough)?.left;
  if (left) {
    // What was too little stays so until the clock moves on.
    const paid = enough && mayBeRefused ? cost : 0;
    const high = taken.length > 1 && !enough ? filling.cost - 1 : left.high + paid;
    const expires = run.time + fullAfter(BURST * Math.max(SECOND, icmpCost6(netns)));
    state.set<Saved>(key, { bucket: { ...left, high }, doubt, expires });
  }
  return enough;
}

/** What a host has saved of which nothing is known: as much as may be, or no more than the kernel begins with. */
export function savedAtFirst(filling: Filling, now: bigint): Bucket {
  const { low, high, at } = fullBucket(filling, now);
  return { low: Math.min(low, AT_FIRST), high, at };
}

/** How long it takes at most until as much is saved as may be, by the greatest of the caps that share what is saved. Nanoseconds. */
export function fullAfter(cap: number): bigint {
  return BigInt(cap + TICK);
}

/** What an ICMPv6 error takes of what is saved, in nanoseconds (net.ipv6.icmp.ratelimit). */
export function icmpCost6(netns: Netns): number {
  return netns.sysctl("net.ipv6.icmp.ratelimit", ICMP_LIMIT) * MILLISECOND;
}
