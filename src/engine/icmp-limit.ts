import { type Bucket, mergeBuckets, takeFrom } from "../extensions/token-bucket.ts";
import { type Address, formatAddress } from "../model/address.ts";
import type { Netns } from "./netns.ts";
import { fullAfter, icmpCost6, maySend, savedAtFirst } from "./peer-limit.ts";
import type { Run } from "./run.ts";

const SECOND = 1_000_000_000;
/** Slowest ticks of a kernel (HZ is 100). */
const JIFFY = 10_000_000;

/** ip_rt_error_cost and ip_rt_error_burst in seconds (net/ipv4/route.c). */
const ROUTE_ERRORS = { cost: SECOND, cap: 5 * SECOND };
/** XRLIM_BURST_FACTOR (net/ipv4/inetpeer.c). */
const BURST = 6;

/** Destination unreachable, source quench, time exceeded, parameter problem. */
const DEFAULT_MASK = 6168;
/** Milliseconds. */
const DEFAULT_LIMIT = 1000;

const UNREACHABLE = 3;
const FRAGMENTATION_NEEDED = 4;

/** All ICMPv6 errors but "packet too big" (net/ipv6/af_inet6.c, inet6_net_init). */
const DEFAULT_MASK_6 = "0-1,3-127";
const LAST_ERROR_6 = 127;

/** Messages a second to all hosts together, and at once (net/ipv4/icmp.c, icmp_sk_init). */
const MESSAGES = 1000;
const AT_ONCE = 50;
/** What was used up is filled up again after so many seconds at the earliest, and this is how long that can take in nanoseconds of the capture's clock. */
const REFILL = 0.02;
const WINDOW = BigInt(REFILL * SECOND + JIFFY);
/** A message takes up to so many credits (icmp_global_consume). */
const DEAREST = 2;

/** When the last errors were sent, as many as there are credits for at least. */
interface Sent {
  readonly times: readonly bigint[];
  readonly expires: bigint;
}

/** What is saved for a host, and when that is all that may be, whatever was used up before. */
interface Saved {
  readonly buckets: readonly Bucket[];
  readonly expires: bigint;
}

/** ip_error: of what there is no route for, no more than five packets of one source are answered at once, and one a second. */
export function mayAnswerRouteError(run: Run, netns: Netns, source: Address): boolean {
  return take(run, netns, source, ROUTE_ERRORS);
}

/** icmpv4_mask_allow and icmpv4_xrlim_allow: so do all errors to another host, by default six at once and one a second. */
export function mayAnswerWithError(run: Run, netns: Netns, towards: Address, type: number, code: number): boolean {
  if (type === UNREACHABLE && code === FRAGMENTATION_NEEDED) return true;
  if (!(netns.sysctl("net.ipv4.icmp_ratemask", DEFAULT_MASK) & (1 << type))) return true;
  const cost = costOf(netns);
  const others = crowd(run, netns);
  return take(run, netns, towards, { cost, cap: BURST * cost }, others.isCrowded) && isOneOfAll(run, netns, others);
}

/**
 * icmpv6_mask_allow and icmpv6_xrlim_allow: so do those of IPv6, the more at once the shorter the prefix of the route is by which they go. `prefix`
 * is its length.
 */
export function mayAnswerWithError6(run: Run, netns: Netns, towards: Address, type: number, prefix: number): boolean {
  if (type > LAST_ERROR_6 || !isListed(netns.namespace.sysctls?.get("net.ipv6.icmp.ratemask") ?? DEFAULT_MASK_6, type)) return true;
  const limit = icmpCost6(netns);
  const cost = prefix < ADDRESS_BITS ? Math.floor(limit / 2 ** ((ADDRESS_BITS - prefix) >> 5)) : limit;
  const others = crowd(run, netns);
  if (cost === 0 || maySend(run, netns, towards, cost, "an ICMPv6 error", others.isCrowded)) return isOneOfAll(run, netns, others);
  noteLimit(run, netns, towards);
  return false;
}

const ADDRESS_BITS = 128;

/** What an error takes of what is saved for a host, in nanoseconds. */
function costOf(netns: Netns): number {
  return netns.sysctl("net.ipv4.icmp_ratelimit", DEFAULT_LIMIT) * 1_000_000;
}

/** Whether a number is in a list like "0-1,3-127". */
function isListed(list: string, number: number): boolean {
  return list.split(",").some((part) => {
    const [first = "", last = first] = part.trim().split("-");
    return first !== "" && number >= Number(first) && number <= Number(last);
  });
}

/** The errors that were sent just before, how many are certain to be, and whether there may not be credits for another one. */
interface Crowd {
  readonly times: readonly bigint[];
  readonly most: number;
  readonly isCrowded: boolean;
}

function crowd(run: Run, netns: Netns): Crowd {
  const perSecond = netns.sysctl("net.ipv4.icmp_msgs_per_sec", MESSAGES);
  const filled = Math.min(Math.floor(perSecond * REFILL), netns.sysctl("net.ipv4.icmp_msgs_burst", AT_ONCE));
  // One credit may be owed from before.
  const most = Math.max(0, Math.floor((filled - 1) / DEAREST));
  const sent = run.world.state.get<Sent>(keyOfAll(netns))?.times ?? [];
  const times = sent.filter((time) => run.time - time < WINDOW);
  return { times, most, isCrowded: times.length >= most };
}

function keyOfAll(netns: Netns): string {
  return `icmp|all|${netns.name}`;
}

/**
 * icmp_global_allow: how many errors go to all hosts together. A message takes up to two credits, as chance has it, so that only of a few in a row is it
 * certain that there are enough.
 */
function isOneOfAll(run: Run, netns: Netns, { times, most, isCrowded }: Crowd): boolean {
  const { state, choices } = run.world;
  const key = keyOfAll(netns);
  // Those that may not have been sent are counted, too.
  state.set<Sent>(key, { times: [...times, run.time].slice(-Math.max(1, most)), expires: run.time + WINDOW });
  if (!isCrowded) return true;
  return choices.askAnew(
    key,
    (value) =>
      `the kernel ${value ? "answers" : "does not answer"} with an ICMP error (not known: which of the many at once were too many, net.ipv4.icmp_msgs_per_sec and icmp_msgs_burst)`,
  );
}

/** What every host that packets come from or go to has saved (struct inet_peer, rate_tokens); both limits take from it. `mayBeRefused`: by another limit. */
function take(
  run: Run,
  netns: Netns,
  peer: Address,
  { cost, cap }: { readonly cost: number; readonly cap: number },
  mayBeRefused = false,
): boolean {
  const { state, choices } = run.world;
  const key = `icmp|${netns.name}|${peer}`;
  const filling = { cost, cap, rate: 1, tick: JIFFY };
  const full = savedAtFirst(filling, run.time);
  const before = state.isMissed(key) ? [full, { ...full, low: 0, high: 0 }] : (state.get<Saved>(key)?.buckets ?? [full]);
  const taken = before.flatMap((bucket) => takeFrom(bucket, run.time, filling));
  const both = taken.some(({ enough }) => enough) && !taken.every(({ enough }) => enough);
  const words = (value: boolean) =>
    `the kernel ${value ? "answers" : "does not answer"} with an ICMP error (not known: how its clock ticked, as the limit for ${formatAddress(peer)} was just about to let another one through)`;
  const enough = both ? choices.askAnew(key, words) : taken[0]?.enough === true;
  // Where it is refused for another reason, nothing is paid.
  const unpaid = enough && mayBeRefused ? before : [];
  const left = [...taken.flatMap((one) => (one.enough === enough ? [one.left] : [])), ...unpaid];
  const expires = run.time + fullAfter(Math.max(ROUTE_ERRORS.cap, BURST * costOf(netns)));
  state.set<Saved>(key, { buckets: mergeBuckets(left, run.time, filling), expires });
  if (!enough) noteLimit(run, netns, peer);
  return enough;
}

function noteLimit(run: Run, netns: Netns, peer: Address): void {
  run.steps.push({
    kind: "stack",
    netns: netns.name,
    note: `there is no ICMP error: too many went to ${formatAddress(peer)} just before`,
  });
}
