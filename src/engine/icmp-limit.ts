import { type Bucket, fullBucket, mergeBuckets, takeFrom } from "../extensions/token-bucket.ts";
import { type Address, formatAddress } from "../model/address.ts";
import type { Netns } from "./netns.ts";
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

/** ip_error: of what there is no route for, no more than five packets of one source are answered at once, and one a second. */
export function mayAnswerRouteError(run: Run, netns: Netns, source: Address): boolean {
  return take(run, netns, source, ROUTE_ERRORS);
}

/** icmpv4_mask_allow and icmpv4_xrlim_allow: so do all errors to another host, by default six at once and one a second. */
export function mayAnswerWithError(run: Run, netns: Netns, towards: Address, type: number, code: number): boolean {
  if (type === UNREACHABLE && code === FRAGMENTATION_NEEDED) return true;
  if (!(netns.sysctl("net.ipv4.icmp_ratemask", DEFAULT_MASK) & (1 << type))) return true;
  const cost = netns.sysctl("net.ipv4.icmp_ratelimit", DEFAULT_LIMIT) * 1_000_000;
  return take(run, netns, towards, { cost, cap: BURST * cost });
}

/** What every host that packets come from or go to has saved (struct inet_peer, rate_tokens); both limits take from it. */
function take(run: Run, netns: Netns, peer: Address, { cost, cap }: { readonly cost: number; readonly cap: number }): boolean {
  const { state, choices } = run.world;
  const key = `icmp|${netns.name}|${peer}`;
  const filling = { cost, cap, rate: 1, tick: JIFFY };
  const before = state.get<readonly Bucket[]>(key) ?? [fullBucket(filling, run.time)];
  const taken = before.flatMap((bucket) => takeFrom(bucket, run.time, filling));
  const both = taken.some(({ enough }) => enough) && !taken.every(({ enough }) => enough);
  const words = (value: boolean) =>
    `the kernel ${value ? "answers" : "does not answer"} with an ICMP error (not known: how its clock ticked, as the limit for ${formatAddress(peer)} was just about to let another one through)`;
  const enough = both ? choices.askAnew(key, words) : taken[0]?.enough === true;
  const left = taken.flatMap((one) => (one.enough === enough ? [one.left] : []));
  state.set(key, mergeBuckets(left, run.time, filling));
  if (!enough) {
    run.steps.push({
      kind: "stack",
      netns: netns.name,
      note: `there is no ICMP error: too many went to ${formatAddress(peer)} just before`,
    });
  }
  return enough;
}
