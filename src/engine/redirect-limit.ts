import { type Bucket, fullBucket, takeFrom } from "../extensions/token-bucket.ts";
import { type Address, formatAddress } from "../model/address.ts";
import type { Netns } from "./netns.ts";
import type { Run } from "./run.ts";
import type { State } from "./state.ts";

const SECOND = 1_000_000_000;
/** XRLIM_BURST_FACTOR (net/ipv4/inetpeer.c), and the slowest ticks of a kernel (HZ is 100). */
const FILLING = { cost: SECOND, cap: 6 * SECOND, rate: 1, tick: 10_000_000 };

const PEER = "peer|";
/** When a packet may last have used up what no later one can tell. */
const DOUBT = `${PEER}doubt`;

interface Saved {
  readonly bucket: Bucket;
  readonly doubt: bigint | undefined;
}

/** Whether a cell of state tells what a host has saved for redirects. */
export function isAllowance(key: string): boolean {
  return key.startsWith(PEER);
}

/** A packet may have had any number of redirects sent: that is forgotten once the limits are full again. */
export function doubtRedirects(state: State, now: bigint): void {
  state.set(DOUBT, now);
}

/** inet_peer_xrlim_allow: six at once, then one each second, for every host that packets come from or go to (struct inet_peer, rate_tokens). */
export function mayRedirect(run: Run, netns: Netns, peer: Address): boolean {
  const { state, choices } = run.world;
  const key = `${PEER}${netns.name}|${peer}`;
  const doubt = state.get<bigint>(DOUBT);
  const known = state.get<Saved>(key);
  const before = doubt !== known?.doubt && doubt !== undefined ? { low: 0, high: FILLING.cap, at: doubt } : known?.bucket;
  const taken = takeFrom(before ?? fullBucket(FILLING, run.time), run.time, FILLING);
  const limit = `the limit for ${formatAddress(peer)}`;
  const words = (value: boolean) =>
    `${netns.name} ${value ? "sends" : "does not send"} a redirect (not known: how much of ${limit} was used up just before)`;
  const enough = taken.length > 1 ? choices.askAnew(key, words) : taken[0]?.enough === true;
  const left = taken.find((one) => one.enough === enough)?.left;
  if (left) {
    // What was too little stays so until the clock moves on.
    const high = taken.length > 1 && !enough ? FILLING.cost - 1 : left.high;
    state.set<Saved>(key, { bucket: { ...left, high }, doubt });
  }
  return enough;
}
