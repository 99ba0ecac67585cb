import type { Address } from "../model/address.ts";
import type { Negatable } from "../model/rule.ts";
import type { CtState } from "../model/trace.ts";
import type { AddressType } from "./address-types.ts";
import type { Range } from "./codecs.ts";

const LAST_PORT = 65_535;

/** A condition on bits: those of the mask have this value, or have not. */
export interface BitSpace {
  readonly value: number;
  readonly mask: number;
  readonly not: boolean;
}

/**
 * Values outside of which a match does not match, and does nothing else either: ranges, or members of a few, that each of them must lie in;
 * what is not named may have any value. `exact`: it matches whatever lies within.
 */
export interface Space {
  readonly sport?: readonly Range[];
  readonly dport?: readonly Range[];
  /** Either of the ports. */
  readonly port?: readonly Range[];
  readonly src?: readonly AddressSpan[];
  readonly dst?: readonly AddressSpan[];
  /** Type * 256 + code. */
  readonly icmp?: readonly Range[];
  /** TCP's flags. */
  readonly flags?: BitSpace;
  readonly mark?: BitSpace;
  readonly states?: readonly CtState[];
  readonly srcTypes?: readonly AddressType[];
  readonly dstTypes?: readonly AddressType[];
  readonly exact: boolean;
}

/** From one address to another, both included. */
type AddressSpan = readonly [low: Address, high: Address];

const OF_TRANSPORT: ReadonlySet<string> = new Set(["sport", "dport", "port", "flags", "exact"] satisfies (keyof Space)[]);

/** Whether a space speaks of nothing but what a header of TCP and its like always tells. */
export function isOfTransport(space: Space): boolean {
  return Object.keys(space).every((key) => OF_TRANSPORT.has(key));
}

/** Members of a few that an option takes, those that it leaves out where it is negated. */
export function members<T>({ value, not }: Negatable<readonly T[]>, all: readonly T[]): readonly T[] {
  return not ? all.filter((one) => !value.includes(one)) : all.filter((one) => value.includes(one));
}

/** Ranges of numbers up to a last one that an option takes, or, negated, leaves. */
export function ranges({ value, not }: Negatable<readonly Range[]>, last: number): readonly Range[] {
  if (!not) return value;
  const sorted = [...value].sort((a, b) => a[0] - b[0]);
  const left: Range[] = [];
  let from = 0;
  for (const [low, high] of sorted) {
    if (low > from) left.push([from, low - 1]);
    from = Math.max(from, high + 1);
  }
  if (from <= last) left.push([from, last]);
  return left;
}

/** All packets. */
export const EVERYTHING: Space = { exact: true };

/** The space of `--sport` and `--dport`; two that are negated are taken together by iptables-nft, so that neither says anything by itself. */
export function portSpace(
  { sport, dport }: { readonly sport?: Negatable<Range> | undefined; readonly dport?: Negatable<Range> | undefined },
  exact: boolean,
): Space {
  if (sport?.not && dport?.not) return { exact: false };
  const [source, destination] = [sport, dport].map((one) => one && ranges({ value: [one.value], not: one.not }, LAST_PORT));
  return { ...(source && { sport: source }), ...(destination && { dport: destination }), exact };
}
