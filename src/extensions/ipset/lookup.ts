import type { IpSet } from "../../model/host.ts";
import type { PacketContext } from "../spec.ts";
import { netKey } from "./element.ts";
import { type Member, type Members, membersOf } from "./members.ts";
import { type Directions, type PacketKey, type PacketPart, packetKey } from "./packet-key.ts";

/** A member that rules added, or null where they deleted one. */
export interface Written {
  readonly nomatch: boolean;
  /** Nanoseconds since the epoch; absent: it does not run out. */
  readonly expires?: bigint;
}

export type SetAnswer =
  | { readonly kind: "match" | "nomatch"; readonly key: string; readonly member?: Member }
  | { readonly kind: "absent" }
  | { readonly kind: "unknown"; readonly needs: string };

export const ABSENT: SetAnswer = { kind: "absent" };

/** Key of the state cell of one member. */
export function cellOf(context: PacketContext, set: IpSet, key: string): string {
  return `set:${context.netns}:${set.name}:${key}`;
}

/** Whether a set takes packets of this family, with that many directions (ip_set_core.c, ip_set_test). */
function accepts(set: IpSet, members: Members, directions: Directions, context: PacketContext): boolean {
  return directions.length >= members.dimensions.length && (members.anyFamily || set.family === context.family);
}

/** The key of a packet in a set, or why there is none. */
export function keyIn(set: IpSet, members: Members, directions: Directions, context: PacketContext): PacketKey {
  return accepts(set, members, directions, context) ? packetKey(set, members.dimensions, directions, context) : "none";
}

/** The member with exactly that key, rules' own changes first; undefined where there is none or it ran out. */
export function memberAt(
  context: PacketContext,
  set: IpSet,
  members: Members,
  key: string,
): (Written & { readonly member?: Member }) | undefined {
  const written = context.cells.get<Written | null>(cellOf(context, set, key));
  if (written === null) return undefined;
  if (written !== undefined) return written.expires !== undefined && context.time > written.expires ? undefined : written;
  const member = members.byKey.get(key);
  if (!member) return undefined;
  if (member.timeout && context.since !== undefined && context.time > context.since + BigInt(member.timeout) * 1_000_000_000n)
    return undefined;
  return { nomatch: member.nomatch, member };
}

/** Key for given lengths of the network parts. */
export function keyFor(parts: readonly PacketPart[], lengths: readonly number[]): string {
  let next = 0;
  return parts.map((part) => (typeof part === "string" ? part : netKey(part.address, lengths[next++] ?? 0))).join(",");
}

/** Lengths with which the kernel adds a network: the most specific that is there, or the whole address (INIT_CIDR). */
export function lengthsForNew(members: Members, parts: readonly PacketPart[]): readonly number[] {
  const nets = parts.filter((part) => typeof part !== "string");
  return nets.map((part, i) => {
    const longest = Math.max(0, ...members.lengths.map((tuple) => tuple[i] ?? 0));
    return longest || (typeof part.address === "number" ? 32 : 128);
  });
}

/** Asks a set for a packet as `-m set` does; members of networks are tried from the most specific on. */
export function testSet(set: IpSet, directions: Directions, context: PacketContext): SetAnswer {
  const members = membersOf(set);
  if (!members) return { kind: "unknown", needs: `what a set of type ${set.type} holds (set ${set.name})` };
  const parts = keyIn(set, members, directions, context);
  if (parts === "none") return ABSENT;
  if ("unknown" in parts) return { kind: "unknown", needs: parts.unknown };
  const found = find(set, members, parts, context);
  if (found.kind === "absent" && members.unreadable !== undefined) {
    return { kind: "unknown", needs: `what member ${members.unreadable} of set ${set.name} means` };
  }
  return found;
}

function find(set: IpSet, members: Members, parts: readonly PacketPart[], context: PacketContext): SetAnswer {
  const fresh = lengthsForNew(members, parts);
  const tried = new Set<string>();
  for (const lengths of [...members.lengths, fresh].sort((a, b) => (b[0] ?? 0) - (a[0] ?? 0) || (b[1] ?? 0) - (a[1] ?? 0))) {
    const key = keyFor(parts, lengths);
    if (tried.has(key)) continue;
    tried.add(key);
    const found = set.type === "hash:net,iface" ? findDevice(set, members, key, context) : findKey(set, members, key, context);
    if (found !== "next") return found;
  }
  return set.type === "bitmap:ip,mac" ? findAnyMac(set, members, parts, context) : ABSENT;
}

function findKey(set: IpSet, members: Members, key: string, context: PacketContext): SetAnswer | "next" {
  const at = memberAt(context, set, members, key);
  return at ? { kind: at.nomatch ? "nomatch" : "match", key, ...(at.member && { member: at.member }) } : "next";
}

/** ip_set_hash_netiface.c: the first network that occurs with any device ends the search, even when that device is another one. */
function findDevice(set: IpSet, members: Members, key: string, context: PacketContext): SetAnswer | "next" {
  const exact = findKey(set, members, key, context);
  if (exact !== "next") return exact;
  const [network = "", device = ""] = key.split(",");
  const devices = members.devices.get(network);
  if (!devices) return "next";
  for (const pattern of devices) {
    if (!pattern.endsWith("+") || !device.startsWith(pattern.slice(0, -1))) continue;
    const wild = findKey(set, members, `${network},${pattern}`, context);
    if (wild !== "next") return wild;
  }
  return ABSENT;
}

/** ip_set_bitmap_ipmac.c: a member without a MAC address matches and takes the one of the packet. */
function findAnyMac(set: IpSet, members: Members, parts: readonly PacketPart[], context: PacketContext): SetAnswer {
  const open = findKey(set, members, `${parts[0]},`, context);
  if (open === "next") return ABSENT;
  context.cells.set<null>(cellOf(context, set, `${parts[0]},`), null);
  context.cells.set<Written>(cellOf(context, set, keyFor(parts, [])), { nomatch: false });
  return open;
}
