import { formatAddress } from "../../model/address.ts";
import type { IpSet } from "../../model/host.ts";
import type { PacketContext } from "../spec.ts";
import { type CounterTest, countIn, startCounting } from "./counters.ts";
import { netKey } from "./element.ts";
import { type Member, type Members, membersOf } from "./members.ts";
import { type Directions, type PacketKey, type PacketPart, packetKey } from "./packet-key.ts";

/** How a set is asked (struct ip_set_adt_opt). */
export interface Asking {
  readonly directions: Directions;
  /** `--return-nomatch` */
  readonly returnNomatch: boolean;
  /** `--packets-eq` and its like. */
  readonly test?: CounterTest;
  /** Whether the members' counters count the packet, and those of the members of a list's members. */
  readonly counts: boolean;
  readonly countsInside: boolean;
}

/** A member that rules added, or null where they deleted one. */
export interface Written {
  readonly nomatch: boolean;
  /** Nanoseconds since the epoch; absent: it does not run out. */
  readonly expires?: bigint;
  readonly mac?: string;
}

/** The member that decided; `member` is absent for one that a rule added. */
export interface Found {
  readonly key: string;
  readonly nomatch: boolean;
  readonly member?: Member;
}

export type SetAnswer =
  | { readonly kind: "match" | "nomatch"; readonly asked: string; readonly found: Found; readonly inside?: string }
  | { readonly kind: "absent"; readonly asked?: string }
  | { readonly kind: "unknown"; readonly needs: string };

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

/** Whether a member that was saved with so many seconds left has run out. */
export function hasRunOut(timeout: number | undefined, { time, since }: PacketContext): boolean {
  return timeout !== undefined && timeout !== 0 && since !== undefined && time > since + BigInt(timeout) * 1_000_000_000n;
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
  // The time of a member without its MAC address does not run yet (bitmap_ipmac_add_timeout).
  if (!member || (member.mac !== "" && hasRunOut(member.timeout, context))) return undefined;
  return { nomatch: member.nomatch, member, ...(member.mac !== undefined && { mac: member.mac }) };
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

/** Keys that stand for a network and a device, those of wildcards among them, in their order; the last one is the key itself (hash_netiface4_data_equal). */
export function deviceKeys(members: Members, key: string): readonly string[] {
  const [network = "", device = ""] = key.split(",");
  const covers = (pattern: string) => pattern === device || (pattern.endsWith("+") && device.startsWith(pattern.slice(0, -1)));
  const there = (members.devices.get(network) ?? []).filter(covers);
  return [...new Set([...there.map((pattern) => `${network},${pattern}`), key])];
}

/** What is looked for, as ipset writes it. */
function shown(parts: readonly PacketPart[]): string {
  return parts.map((part) => (typeof part === "string" ? part : formatAddress(part.address))).join(",");
}

/** Asks a set for a packet as `-m set` does; members of networks are tried from the most specific on. */
export function testSet(set: IpSet, asking: Asking, context: PacketContext): SetAnswer {
  const members = membersOf(set);
  if (!members) return { kind: "unknown", needs: `what a set of type ${set.type} holds (set ${set.name})` };
  const parts = keyIn(set, members, asking.directions, context);
  if (parts === "none") return { kind: "absent" };
  if ("unknown" in parts) return { kind: "unknown", needs: parts.unknown };
  const found = new Search(set, members, asking, context).find(parts);
  const asked = shown(parts);
  if (found) return { kind: found.nomatch ? "nomatch" : "match", asked, found };
  if (members.unreadable !== undefined) return { kind: "unknown", needs: `what member ${members.unreadable} of set ${set.name} means` };
  return { kind: "absent", asked };
}

/** One look for a packet in one set. */
class Search {
  readonly #set: IpSet;
  readonly #members: Members;
  readonly #asking: Asking;
  readonly #context: PacketContext;

  constructor(set: IpSet, members: Members, asking: Asking, context: PacketContext) {
    this.#set = set;
    this.#members = members;
    this.#asking = asking;
    this.#context = context;
  }

  find(parts: readonly PacketPart[]): Found | undefined {
    if (this.#set.type === "bitmap:ip,mac") return this.#findAddress(parts);
    const fresh = lengthsForNew(this.#members, parts);
    const tried = new Set<string>();
    for (const lengths of [...this.#members.lengths, fresh].sort((a, b) => (b[0] ?? 0) - (a[0] ?? 0) || (b[1] ?? 0) - (a[1] ?? 0))) {
      const key = keyFor(parts, lengths);
      if (tried.has(key)) continue;
      tried.add(key);
      const found = this.#set.type === "hash:net,iface" ? this.#findDevice(key) : this.#findKey(key);
      if (found !== "next") return found;
    }
    return undefined;
  }

  /** Goes on where the counters do not fit (ip_set_hash_gen.h, mtype_test_cidrs). */
  #findKey(key: string): Found | "next" {
    const at = memberAt(this.#context, this.#set, this.#members, key);
    if (!at) return "next";
    const counters = { counts: this.#asking.counts, test: this.#asking.test };
    if (!countIn(this.#set, key, at.member, counters, this.#context)) return "next";
    return { key, nomatch: at.nomatch, ...(at.member && { member: at.member }) };
  }

  /** ip_set_hash_netiface.c: the first network that occurs with any device ends the search, even when that device is another one. */
  #findDevice(key: string): Found | undefined | "next" {
    for (const one of deviceKeys(this.#members, key)) {
      const found = this.#findKey(one);
      if (found !== "next") return found;
    }
    return this.#members.devices.has(key.split(",")[0] ?? "") ? undefined : "next";
  }

  /** ip_set_bitmap_ipmac.c, bitmap_ipmac_do_test: a member without a MAC address matches, and takes the one of the packet. */
  #findAddress(parts: readonly PacketPart[]): Found | undefined {
    const [key = "", mac = ""] = parts.map(String);
    const at = memberAt(this.#context, this.#set, this.#members, key);
    if (!at) return undefined;
    const member = at.member && { member: at.member };
    if (at.mac === "") {
      const left = at.member?.timeout;
      const expires = left ? { expires: this.#context.time + BigInt(left) * 1_000_000_000n } : {};
      this.#context.cells.set<Written>(cellOf(this.#context, this.#set, key), { nomatch: false, ...expires, mac });
      startCounting(this.#set, key, this.#context);
      return { key, nomatch: false, ...member };
    }
    if (at.mac !== mac) return undefined;
    const counters = { counts: this.#asking.counts, test: this.#asking.test };
    return countIn(this.#set, key, at.member, counters, this.#context) ? { key, nomatch: false, ...member } : undefined;
  }
}
