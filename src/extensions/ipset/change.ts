import { type Address, parseAddress } from "../../model/address.ts";
import type { IpSet } from "../../model/host.ts";
import type { PacketContext } from "../spec.ts";
import { startCounting } from "./counters.ts";
import { cellOf, deviceKeys, keyFor, keyIn, lengthsForNew, memberAt, type Written } from "./lookup.ts";
import { type Members, membersOf } from "./members.ts";
import { missingSet, setsInList } from "./named.ts";
import type { Directions, PacketPart } from "./packet-key.ts";

/** What became of a change: the set that it was made in and the element, or why it was not made, or what would decide it. */
export type Change = { readonly set: string; readonly element: string } | { readonly refused: string } | { readonly unknown: string };

export interface Addition {
  readonly exist: boolean;
  /** Seconds, where the rule names them. */
  readonly timeout?: number;
}

const SECOND = 1_000_000_000n;

interface Place {
  readonly set: IpSet;
  readonly members: Members;
  readonly parts: readonly PacketPart[];
}

function placeOf(
  set: IpSet,
  directions: Directions,
  context: PacketContext,
): Place | { readonly refused: string } | { readonly unknown: string } {
  const members = membersOf(set);
  if (!members) return { unknown: `what a set of type ${set.type} holds (set ${set.name})` };
  const parts = keyIn(set, members, directions, context);
  if (parts === "none") return { refused: `nothing of the packet can be in set ${set.name}` };
  return "unknown" in parts ? parts : { set, members, parts };
}

/** list_set_kadd and list_set_kdel: the first set that takes the change. */
function inList(set: IpSet, context: PacketContext, one: (name: string) => Change): Change {
  for (const { element } of setsInList(set, context)) {
    const changed = one(element);
    if (!("refused" in changed)) return changed;
  }
  return { refused: `no set of the list ${set.name} takes the change` };
}

/** The key of the member that is meant, or of a new one; those of bitmap:ip,mac have their MAC address beside it. */
function keyOf({ set, members, parts }: Place, context: PacketContext): string {
  if (set.type === "bitmap:ip,mac") return String(parts[0]);
  const key = keyFor(parts, lengthsForNew(members, parts));
  if (set.type !== "hash:net,iface") return key;
  return deviceKeys(members, key).find((one) => memberAt(context, set, members, one)) ?? key;
}

/** Adds what a packet is in a set, as `-j SET --add-set` does (ip_set_hash_gen.h and ip_set_bitmap_gen.h, mtype_add). */
export function addToSet(name: string, directions: Directions, addition: Addition, context: PacketContext): Change {
  const set = context.sets?.get(name);
  if (!set) return { unknown: missingSet(name) };
  if (set.type === "list:set") return inList(set, context, (member) => addToSet(member, directions, addition, context));
  const place = placeOf(set, directions, context);
  if ("refused" in place || "unknown" in place) return place;
  const key = keyOf(place, context);
  if (!inRange(place)) return { refused: `${key} is out of the range of set ${name}` };
  const there = memberAt(context, set, place.members, key);
  if (there && !addition.exist && there.mac !== "") return { refused: `${key} is in set ${name} already` };
  if (!there && isFull(place, context)) {
    if (set.options.has("forceadd")) return { unknown: `which member of the full set ${name} gives way (forceadd)` };
    return { refused: `set ${name} is full` };
  }
  if (!there) count(place, context, 1);
  const mac = set.type === "bitmap:ip,mac" ? { mac: String(place.parts[1]) } : {};
  context.cells.set<Written>(cellOf(context, set, key), { nomatch: false, ...expiry(set, addition, context), ...mac });
  startCounting(set, key, context);
  return { set: name, element: key };
}

function expiry(set: IpSet, { timeout }: Addition, context: PacketContext): { readonly expires?: bigint } {
  const standard = set.options.get("timeout");
  if (standard === undefined) return {};
  const seconds = timeout ?? Number(standard);
  return seconds === 0 ? {} : { expires: context.time + BigInt(seconds) * SECOND };
}

/** Bitmaps hold only ports and addresses in their range. */
function inRange({ set, parts }: Place): boolean {
  const [low, high] = rangeOf(set) ?? [];
  const [part] = parts;
  if (low === undefined || high === undefined || typeof part !== "string") return true;
  const value = set.type === "bitmap:port" ? Number(part) : parseAddress(part);
  return value !== undefined && value >= low && value <= high;
}

function rangeOf(set: IpSet): readonly (Address | undefined)[] | undefined {
  const range = set.options.get("range");
  return range?.split("-").map((text) => (set.type === "bitmap:port" ? Number(text) : parseAddress(text)));
}

function added(context: PacketContext, set: IpSet): string {
  return `set:${context.netns}:${set.name}#`;
}

function count({ set }: Place, context: PacketContext, by: 1 | -1): void {
  if (!set.options.has("maxelem")) return;
  const name = added(context, set);
  context.cells.set<number>(name, (context.cells.get<number>(name) ?? 0) + by);
}

/** Whether a hash has as many members as it may have; what ran out makes room (mtype_gc_do). */
function isFull({ set, members }: Place, context: PacketContext): boolean {
  const most = Number(set.options.get("maxelem") ?? Number.POSITIVE_INFINITY);
  const size = members.byKey.size + (context.cells.get<number>(added(context, set)) ?? 0);
  if (size < most || set.options.has("timeout") === false) return size >= most;
  let left = size;
  for (const key of members.byKey.keys()) if (!memberAt(context, set, members, key)) left--;
  return left >= most;
}

/** Deletes what a packet is from a set, as `-j SET --del-set` does (ip_set_hash_gen.h and ip_set_bitmap_gen.h, mtype_del). */
export function deleteFromSet(name: string, directions: Directions, context: PacketContext): Change {
  const set = context.sets?.get(name);
  if (!set) return { unknown: missingSet(name) };
  if (set.type === "list:set") return inList(set, context, (member) => deleteFromSet(member, directions, context));
  const place = placeOf(set, directions, context);
  if ("refused" in place || "unknown" in place) return place;
  const key = keyOf(place, context);
  if (!memberAt(context, set, place.members, key)) {
    const { unreadable } = place.members;
    return unreadable === undefined
      ? { refused: `${key} is not in set ${name}` }
      : { unknown: `what member ${unreadable} of set ${name} means` };
  }
  count(place, context, -1);
  context.cells.set<null>(cellOf(context, set, key), null);
  return { set: name, element: key };
}
