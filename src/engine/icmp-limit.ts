import { type Address, formatAddress } from "../model/address.ts";
import type { Netns } from "./netns.ts";
import { doubtOf, errorCost, JIFFY, maySend, type Price, sixAtOnce } from "./peer-limit.ts";
import type { Run } from "./run.ts";

const SECOND = 1_000_000_000;

/** ip_rt_error_cost and ip_rt_error_burst in seconds (net/ipv4/route.c). */
const ROUTE_ERRORS: Price = { cost: SECOND, cap: 5 * SECOND };

/** Destination unreachable, source quench, time exceeded, parameter problem. */
const DEFAULT_MASK = 6168;

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
type Sent = readonly bigint[];

/** ip_error: of what there is no route for, no more than five packets of one source are answered at once, and one a second. */
export function mayAnswerRouteError(run: Run, netns: Netns, source: Address): boolean {
  return mayAnswer(run, netns, source, [ROUTE_ERRORS]);
}

/** icmpv4_mask_allow and icmpv4_xrlim_allow: so do all errors to another host, by default six at once and one a second. */
export function mayAnswerWithError(run: Run, netns: Netns, towards: Address, type: number, code: number): boolean {
  if (type === UNREACHABLE && code === FRAGMENTATION_NEEDED) return true;
  if (!(netns.sysctl("net.ipv4.icmp_ratemask", DEFAULT_MASK) & (1 << type))) return true;
  const others = crowd(run, netns);
  return mayAnswer(run, netns, towards, [sixAtOnce(errorCost(netns, 4))], others.isCrowded) && isOneOfAll(run, netns, others);
}

/**
 * icmpv6_mask_allow and icmpv6_xrlim_allow: so do those of IPv6. Some kernels (6.18.44 is none of them) send the more the shorter the prefix of the route
 * is by which they go. `prefix` is its length.
 */
export function mayAnswerWithError6(run: Run, netns: Netns, towards: Address, type: number, prefix: number): boolean {
  if (type > LAST_ERROR_6 || !isListed(netns.namespace.sysctls?.get("net.ipv6.icmp.ratemask") ?? DEFAULT_MASK_6, type)) return true;
  const cost = errorCost(netns, 6);
  const wider = prefix < ADDRESS_BITS ? Math.floor(cost / 2 ** ((ADDRESS_BITS - prefix) >> 5)) : cost;
  const others = crowd(run, netns);
  return (
    (cost === 0 || mayAnswer(run, netns, towards, [sixAtOnce(cost), sixAtOnce(wider)], others.isCrowded)) && isOneOfAll(run, netns, others)
  );
}

const ADDRESS_BITS = 128;

/** Whether a number is in a list like "0-1,3-127". */
function isListed(list: string, number: number): boolean {
  return list.split(",").some((part) => {
    const [first = "", last = first] = part.trim().split("-");
    return first !== "" && number >= Number(first) && number <= Number(last);
  });
}

/** The errors that were sent just before, how many are certain to be, and whether there may not be credits for another one. */
interface Crowd {
  readonly times: Sent;
  readonly most: number;
  readonly isCrowded: boolean;
}

function crowd(run: Run, netns: Netns): Crowd {
  const perSecond = netns.sysctl("net.ipv4.icmp_msgs_per_sec", MESSAGES);
  const filled = Math.min(Math.floor(perSecond * REFILL), netns.sysctl("net.ipv4.icmp_msgs_burst", AT_ONCE));
  // One credit may be owed from before.
  const most = Math.max(0, Math.floor((filled - 1) / DEAREST));
  const { state } = run.world;
  const isNear = (time: bigint) => run.time - time < WINDOW;
  const times = (state.get<Sent>(keyOf(netns)) ?? []).filter(isNear);
  const doubt = doubtOf(state);
  return { times, most, isCrowded: times.length >= most || (doubt !== undefined && isNear(doubt)) };
}

const ERRORS = "limit|all|";

function keyOf(netns: Netns): string {
  return `${ERRORS}${netns.name}`;
}

/** Whether a cell of state tells of the errors that were sent. */
export function isSent(key: string): boolean {
  return key.startsWith(ERRORS);
}

/** The errors that were sent after a packet whose ways leave that different: those that any of them sends. */
export function joinSent(values: readonly unknown[], now: bigint): unknown {
  const sentNow = (sent: Sent) => sent.filter((time) => time === now).length;
  return values.map((sent) => (sent ?? []) as Sent).reduce((most, sent) => (sentNow(sent) > sentNow(most) ? sent : most));
}

/**
 * icmp_global_allow: how many errors go to all hosts together. A message takes up to two credits, as chance has it, so that only of a few in a row is it
 * certain that there are enough.
 */
function isOneOfAll(run: Run, netns: Netns, { times, most, isCrowded }: Crowd): boolean {
  const { state, choices } = run.world;
  const key = keyOf(netns);
  // Those that may not have been sent are counted, too.
  state.set<Sent>(key, [...times, run.time].slice(-Math.max(1, most)));
  if (!isCrowded) return true;
  return choices.askAnew(
    key,
    (value) =>
      `the kernel ${value ? "answers" : "does not answer"} with an ICMP error (not known: which of the many at once were too many, net.ipv4.icmp_msgs_per_sec and icmp_msgs_burst)`,
  );
}

/** Asks the limit for a host, and says so where it is used up. `mayBeRefused`: by another limit. */
function mayAnswer(run: Run, netns: Netns, peer: Address, prices: readonly Price[], mayBeRefused = false): boolean {
  if (maySend(run, netns, peer, prices, { what: "an ICMP error", mayBeRefused })) return true;
  run.steps.push({
    kind: "stack",
    netns: netns.name,
    note: `there is no ICMP error: too many went to ${formatAddress(peer)} just before`,
  });
  return false;
}
