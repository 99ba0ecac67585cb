import { type Address, parseAddress } from "../../model/address.ts";
import type { IpSet, IpSetEntry } from "../../model/host.ts";
import { type Part, parsePart } from "./element.ts";
import { type Dimension, SET_TYPES } from "./types.ts";

/** A member as `ipset save` gave it. */
export interface Member {
  /** As it was written. */
  readonly element: string;
  readonly nomatch: boolean;
  /** Seconds left when the state was taken; 0 does not run out. */
  readonly timeout?: number;
  /** bitmap:ip,mac: its Ethernet address, "" where it still waits for one. */
  readonly mac?: string;
  readonly options: IpSetEntry["options"];
}

/** A set taken apart for look-ups. */
export interface Members {
  readonly dimensions: readonly Dimension[];
  readonly anyFamily: boolean;
  /** By the parts of the element, with commas between; those of bitmap:ip,mac by their address alone. */
  readonly byKey: ReadonlyMap<string, Member>;
  /** Lengths of the network parts that occur, the most specific first, in the order in which the kernel tries them. */
  readonly lengths: readonly (readonly number[])[];
  /** hash:net,iface: devices by network; a trailing + stands for a prefix. */
  readonly devices: ReadonlyMap<string, readonly string[]>;
  /** An element that could not be read, if any. */
  readonly unreadable?: string;
}

const cache = new WeakMap<IpSet, Members | undefined>();

/** Takes a set apart, once; undefined for a type that is not known. */
export function membersOf(set: IpSet): Members | undefined {
  if (!cache.has(set)) cache.set(set, build(set));
  return cache.get(set);
}

/** Bits of addresses that count, by the options `netmask` and `bitmask`: a length, or a mask. */
export function maskedBits(set: IpSet): number | Address | undefined {
  const netmask = set.options.get("netmask");
  if (netmask !== undefined) return Number(netmask);
  const bitmask = set.options.get("bitmask");
  return bitmask === undefined ? undefined : parseAddress(bitmask);
}

function build(set: IpSet): Members | undefined {
  const type = SET_TYPES[set.type];
  if (!type) return undefined;
  const byKey = new Map<string, Member>();
  const lengths = new Map<string, readonly number[]>();
  const devices = new Map<string, string[]>();
  let unreadable: string | undefined;
  for (const entry of set.entries) {
    const rows = rowsOf(set, type.dimensions, entry);
    if (!rows) unreadable ??= entry.element;
    for (const parts of rows ?? []) {
      const [first, second] = parts;
      if (set.type === "bitmap:ip,mac") {
        byKey.set(first?.key ?? "", { ...memberOf(entry), mac: second?.key ?? "" });
        continue;
      }
      byKey.set(parts.map((part) => part.key).join(","), memberOf(entry));
      const tuple = parts.flatMap((part) => (part.length === undefined ? [] : [part.length]));
      lengths.set(tuple.join(), tuple);
      // A rule never asks for a bridge port (IPSET_FLAG_PHYSDEV), so that such members never match.
      if (set.type === "hash:net,iface" && first && second && !second.key.startsWith("physdev:")) {
        devices.set(first.key, [...(devices.get(first.key) ?? []), second.key]);
      }
    }
  }
  return {
    dimensions: type.dimensions,
    anyFamily: type.anyFamily ?? false,
    byKey,
    lengths: [...lengths.values()].sort((a, b) => (b[0] ?? 0) - (a[0] ?? 0) || (b[1] ?? 0) - (a[1] ?? 0)),
    devices,
    ...(unreadable !== undefined && { unreadable }),
  };
}

function memberOf(entry: IpSetEntry): Member {
  const timeout = entry.options.get("timeout");
  return {
    element: entry.element,
    nomatch: entry.options.has("nomatch"),
    options: entry.options,
    ...(timeout !== undefined && { timeout: Number(timeout) }),
  };
}

/** All combinations of an element's parts, of which ranges have several. */
function rowsOf(set: IpSet, dimensions: readonly Dimension[], entry: IpSetEntry): readonly (readonly Part[])[] | undefined {
  const words = entry.element.split(",");
  // A member of bitmap:ip,mac may still wait for its MAC address.
  if (set.type === "bitmap:ip,mac" && words.length === 1) words.push("");
  if (words.length !== dimensions.length) return undefined;
  let rows: readonly (readonly Part[])[] = [[]];
  for (const [i, dimension] of dimensions.entries()) {
    const word = words[i] ?? "";
    const wild = dimension === "iface" && entry.options.has("wildcard") && !word.endsWith("+") ? `${word}+` : word;
    const parts =
      set.type === "bitmap:port"
        ? bitmapPorts(word)
        : dimension === "mac" && word === ""
          ? [{ key: "" }]
          : parsePart(dimension, wild, maskedBits(set));
    if (!parts) return undefined;
    rows = rows.flatMap((row) => parts.map((part) => [...row, part]));
  }
  return rows;
}

/** bitmap:port knows no protocols. */
function bitmapPorts(word: string): readonly Part[] | undefined {
  return parsePart("port", word, undefined)?.map((part) => ({ key: part.key.slice(part.key.indexOf(":") + 1) }));
}
