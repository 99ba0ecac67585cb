import type { IpSet } from "../../model/host.ts";
import type { PacketContext } from "../spec.ts";
import { cellOf, keyFor, keyIn, lengthsForNew, memberAt, type Written } from "./lookup.ts";
import { type Members, membersOf } from "./members.ts";
import { missingSet, setsInList } from "./named.ts";
import type { Directions, PacketPart } from "./packet-key.ts";

/** Whether the kernel changed the set, or what would decide it. */
export type Change = boolean | { readonly unknown: string };

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

function placeOf(set: IpSet, directions: Directions, context: PacketContext): Place | false | { readonly unknown: string } {
  const members = membersOf(set);
  if (!members) return { unknown: `what a set of type ${set.type} holds (set ${set.name})` };
  const parts = keyIn(set, members, directions, context);
  if (parts === "none") return false;
  return "unknown" in parts ? parts : { set, members, parts };
}

/** list_set_kadd and list_set_kdel: the first set that takes the change. */
function inList(set: IpSet, context: PacketContext, one: (name: string) => Change): Change {
  for (const [name] of setsInList(set, context)) {
    const changed = one(name);
    if (changed !== false) return changed;
  }
  return false;
}

/** Adds what a packet is in a set, as `-j SET --add-set` does (ip_set_hash_gen.h, mtype_add). */
export function addToSet(name: string, directions: Directions, addition: Addition, context: PacketContext): Change {
  const set = context.sets?.get(name);
  if (!set) return { unknown: missingSet(name) };
  if (set.type === "list:set") return inList(set, context, (member) => addToSet(member, directions, addition, context));
  const place = placeOf(set, directions, context);
  if (typeof place === "boolean" || "unknown" in place) return place;
  if (!inRange(place)) return false;
  const key = keyFor(place.parts, lengthsForNew(place.members, place.parts));
  const there = memberAt(context, set, place.members, key);
  if (there && !addition.exist) return false;
  const most = Number(set.options.get("maxelem") ?? Number.POSITIVE_INFINITY);
  if (!there && place.members.byKey.size >= most && !set.options.has("forceadd")) return false;
  context.cells.set<Written>(cellOf(context, set, key), { nomatch: false, ...expiry(set, addition, context) });
  return true;
}

function expiry(set: IpSet, { timeout }: Addition, context: PacketContext): { readonly expires?: bigint } {
  const standard = set.options.get("timeout");
  if (standard === undefined) return {};
  const seconds = timeout ?? Number(standard);
  return seconds === 0 ? {} : { expires: context.time + BigInt(seconds) * SECOND };
}

/** bitmap:port holds only ports in its range. */
function inRange({ set, members, parts }: Place): boolean {
  const range = set.options.get("range");
  const part = parts[0];
  if (range === undefined || typeof part !== "string" || members.dimensions[0] !== "port") return true;
  const [low = 0, high = 65_535] = range.split("-").map(Number);
  return Number(part) >= low && Number(part) <= high;
}

/** Deletes what a packet is from a set, as `-j SET --del-set` does (ip_set_hash_gen.h, mtype_del). */
export function deleteFromSet(name: string, directions: Directions, context: PacketContext): Change {
  const set = context.sets?.get(name);
  if (!set) return { unknown: missingSet(name) };
  if (set.type === "list:set") return inList(set, context, (member) => deleteFromSet(member, directions, context));
  const place = placeOf(set, directions, context);
  if (typeof place === "boolean" || "unknown" in place) return place;
  const key = keyFor(place.parts, lengthsForNew(place.members, place.parts));
  if (!memberAt(context, set, place.members, key)) {
    return place.members.unreadable === undefined ? false : { unknown: `what member ${place.members.unreadable} of set ${name} means` };
  }
  context.cells.set<null>(cellOf(context, set, key), null);
  return true;
}
