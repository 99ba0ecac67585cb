import type { MatchResult, PacketContext } from "./spec.ts";

/** Module parameter ip_list_tot of xt_recent: addresses per list. */
const LIST_SIZE = 100;

/** More than any rule that older kernels accepted asks for; the kernel's own ring is as large as the largest --hitcount. */
const STAMPS = 1024;

interface Entry {
  readonly ttl: number;
  /** Milliseconds, the newest last. */
  readonly stamps: readonly number[];
}

/** Which entry of which list a packet speaks of. */
export interface RecentKey {
  readonly context: PacketContext;
  readonly list: string;
  readonly address: string;
  readonly ttl: number;
  /** `--rttl`: only an entry with the same TTL counts. */
  readonly compareTtl: boolean;
}

function cell(key: RecentKey, address = key.address): string {
  return `recent:${key.list}:${address}`;
}

function now(key: RecentKey): number {
  return Number(key.context.time / 1_000_000n);
}

function find(key: RecentKey): Entry | undefined {
  const entry = key.context.cells.get<Entry | null>(cell(key));
  if (!entry) return undefined;
  return !key.compareTtl || entry.ttl === key.ttl || entry.ttl === 0 ? entry : undefined;
}

/** Addresses of a list, the one longest untouched first. */
function order(key: RecentKey): readonly string[] {
  return key.context.cells.get<readonly string[]>(`recent:${key.list}`) ?? [];
}

function write(key: RecentKey, addresses: readonly string[]): void {
  key.context.cells.set(`recent:${key.list}`, addresses);
}

function touch(key: RecentKey, before: Entry | undefined): void {
  const others = order(key).filter((address) => address !== key.address);
  const oldest = others[0];
  if (before === undefined && others.length >= LIST_SIZE && oldest !== undefined) {
    key.context.cells.set(cell(key, oldest), null);
    others.shift();
  }
  const stamps = [...(before?.stamps ?? []), now(key)].slice(-STAMPS);
  key.context.cells.set<Entry>(cell(key), { ttl: key.ttl, stamps });
  write(key, [...others, key.address]);
}

function drop(key: RecentKey, address: string): void {
  key.context.cells.set(cell(key, address), null);
  write(
    key,
    order(key).filter((other) => other !== address),
  );
}

/** `--set`: enters the address or adds a time stamp. */
export function recentSet(key: RecentKey): boolean {
  touch(key, find(key));
  return true;
}

/** `--remove`: whether the address was there. */
export function recentRemove(key: RecentKey): boolean {
  if (find(key) === undefined) return false;
  drop(key, key.address);
  return true;
}

export interface RecentQuestion {
  readonly seconds: number;
  readonly hits: number;
  readonly reap: boolean;
  readonly update: boolean;
  readonly not: boolean;
}

/** `--rcheck` and `--update`: the hits of an address, and what they do to its list. */
export function recentCheck(key: RecentKey, question: RecentQuestion): MatchResult {
  const entry = find(key);
  if (entry === undefined) return question.not;
  if (question.hits > STAMPS) return { unknown: `more than the last ${STAMPS} packets of list ${key.list}` };
  const since = question.seconds === 0 ? Number.NEGATIVE_INFINITY : now(key) - question.seconds * 1000;
  const hits = entry.stamps.filter((stamp) => stamp >= since).length;
  const result = hits >= Math.max(1, question.hits) !== question.not;
  if (question.reap) reap(key, since, question.update && result);
  if (question.update && result) touch(key, entry);
  return result;
}

/** xt_recent.c, recent_entry_reap: at most the oldest entry goes, and not the one that is about to be updated. */
function reap(key: RecentKey, since: number, updating: boolean): void {
  const oldest = order(key)[0];
  if (oldest === undefined || (oldest === key.address && updating)) return;
  const last = key.context.cells.get<Entry | null>(cell(key, oldest))?.stamps.at(-1);
  if (last !== undefined && since > last) drop(key, oldest);
}
