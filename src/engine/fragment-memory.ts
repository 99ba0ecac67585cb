import type { Packet } from "../model/packet.ts";
import type { Netns } from "./netns.ts";
import type { Run } from "./run.ts";
import { BOUNDS, type State } from "./state.ts";

/** What a thing takes of the memory for fragments, in octets, as far as that is certain. */
export interface Cost {
  readonly least: number;
  readonly most: number;
}

/** Those who put fragments together have memory of their own in each namespace (struct fqdir). */
export type Gatherer = "ipv4" | "ipv6" | "conntrack6";

/** IPFRAG high_thresh as Linux sets it (net/ipv4/ip_fragment.c, ipv4_frags_init_net; IPV6_FRAG_HIGH_THRESH). */
const USUAL = 4 * 1024 * 1024;

const SETTINGS: Readonly<Record<Gatherer, string>> = {
  ipv4: "net.ipv4.ipfrag_high_thresh",
  ipv6: "net.ipv6.ip6frag_high_thresh",
  conntrack6: "net.netfilter.nf_conntrack_frag6_high_thresh",
};

/** A struct ipq or frag_queue, whose size no kernel tells. */
const QUEUE: Cost = { least: 128, most: 512 };
/** What the kernel has beside a packet's octets (SKB_TRUESIZE: struct sk_buff and skb_shared_info), and a page, which drivers give to a packet. */
const OVERHEAD: Cost = { least: 512, most: 1024 };
const PAGE = 4096;

/** Whose memory something takes. */
export interface Room {
  readonly netns: string;
  readonly gatherer: Gatherer;
}

/** How much of the memory is taken, by the queues that are known. */
interface Level extends Cost {
  /** What is taken for certain, where some of them may never have been let in. */
  readonly floor: number;
  /** Until then that is so: after it none is left of those that were there. Nanoseconds since the epoch. */
  readonly doubt: bigint;
}

const EMPTY: Level = { least: 0, most: 0, floor: 0, doubt: 0n };

function keyOf({ netns, gatherer }: Room): string {
  return `${BOUNDS}${netns}|${gatherer}`;
}

/** What a fragment takes, the first one of its queue with that. */
export function costOf({ length }: Packet, isFirst: boolean): Cost {
  const own = { least: OVERHEAD.least + length, most: OVERHEAD.most + Math.max(PAGE, 2 * length) };
  return isFirst ? bothCosts(QUEUE, own) : own;
}

/** What two things take together. */
export function bothCosts(one: Cost, other: Cost): Cost {
  return { least: one.least + other.least, most: one.most + other.most };
}

/**
 * Whether a fragment is taken in (net/ipv4/inet_fragment.c, inet_frag_find): while more is taken than there should be, all are dropped, those of
 * known datagrams too. "asked" where that hangs on what drivers take for a packet; `timeout` is how long a queue waits.
 */
export function hasRoom(run: Run, netns: Netns, gatherer: Gatherer, timeout: bigint): boolean | "asked" {
  const { state } = run.world;
  const limit = netns.sysctl(SETTINGS[gatherer], USUAL);
  const key = keyOf({ netns: netns.name, gatherer });
  const level = state.peek<Level>(key) ?? EMPTY;
  const { watch } = state;
  if (watch && level.most * watch.shares > limit) watch.shared("the memory for fragments may be full");
  const isDoubtful = level.doubt > run.time;
  if (limit === 0 || (isDoubtful ? level.floor : level.least) > limit) return false;
  if (!isDoubtful && level.most <= limit) return true;
  state.set<Level>(key, { ...level, floor: isDoubtful ? level.floor : level.least, doubt: run.time + timeout });
  return "asked";
}

/** Asks whether a fragment was taken in. */
export function askForRoom(run: Run, netns: Netns, gatherer: Gatherer): boolean {
  const setting = `${SETTINGS[gatherer]} = ${netns.sysctl(SETTINGS[gatherer], USUAL)}`;
  return run.world.choices.askAnew(
    keyOf({ netns: netns.name, gatherer }),
    (value) => `the memory for fragments of ${netns.name} ${value ? "had room" : "was full"} (not known: how much of ${setting} was taken)`,
  );
}

/** A fragment waits from now on. */
export function takeRoom(state: State, room: Room, { least, most }: Cost): void {
  const key = keyOf(room);
  const level = state.peek<Level>(key) ?? EMPTY;
  state.set<Level>(key, { ...level, least: level.least + least, most: level.most + most, floor: level.floor + least });
}

/** A queue is gone. */
export function leaveRoom(state: State, room: Room, { least, most }: Cost): void {
  const key = keyOf(room);
  const level = state.peek<Level>(key);
  if (!level) return;
  state.set<Level>(key, {
    ...level,
    least: Math.max(0, level.least - least),
    most: Math.max(0, level.most - most),
    floor: Math.max(0, level.floor - most),
  });
}

/** What has run out is let go of: where it is a queue of fragments there is room again. */
export function giveUp(state: State, value: unknown): void {
  const { room, cost } = (value ?? {}) as { readonly room?: Room; readonly cost?: Cost };
  if (room && cost) leaveRoom(state, room, cost);
}
