import type { Family } from "../model/address.ts";
import { PROTOCOL } from "../model/packet.ts";
import type { Hook, TableName } from "../model/rule.ts";
import { parseProtocol } from "./protocols.ts";

/** Where the values of a random rule come from, and what rule it is for; traffic whose values come from the same source often meets it. */
export interface Draw {
  readonly family: Family;
  readonly table: TableName;
  /** All hooks from which the rule can be reached. */
  readonly hooks: readonly Hook[];
  /** The rule's `-p`, without `!`; undefined when it has none. */
  readonly protocol: string | undefined;
  readonly backend: "legacy" | "nft";
  /** A number from `min` to `max`, both included. */
  integer(min: number, max: number): number;
  /** True in one of so many cases. */
  chance(oneIn: number): boolean;
  pick<T>(values: readonly T[]): T;
  address(side: "src" | "dst"): string;
  /** "10.1.0.0/24" */
  network(side: "src" | "dst"): string;
  /** First and last address of a range. */
  range(side: "src" | "dst"): readonly [string, string];
  port(side: "src" | "dst"): number;
  /** An address that traffic may be translated to. */
  natAddress(manip: "src" | "dst"): string;
  natPort(): number;
  /** A device's name, maybe with a trailing `+` for a prefix. */
  device(side: "in" | "out"): string;
  /** A bridge port's name, maybe with a trailing `+`; undefined when there is no bridge. */
  bridgePort(side: "in" | "out"): string | undefined;
  mark(): number;
  /** A set that exists; undefined when there is none. */
  set(): { readonly name: string; readonly dimensions: number; readonly family: Family; readonly kind: string } | undefined;
  mac(): string;
  /** A name that no other rule has. */
  name(prefix: string): string;
}

/** "! ", in one of four cases. */
export function not(d: Draw): string {
  return d.chance(4) ? "! " : "";
}

/** Words that are there in one of so many cases, with the blank before them. */
export function maybe(d: Draw, oneIn: number, words: string): string {
  return d.chance(oneIn) ? ` ${words}` : "";
}

/** At least one of several options, in their order. */
export function some(d: Draw, options: readonly string[]): string {
  const sure = d.integer(0, options.length - 1);
  return options.filter((_, i) => i === sure || d.chance(options.length)).join(" ");
}

/** Whether the rule names one of these protocols. */
export function over(d: Draw, ...protocols: readonly (keyof typeof PROTOCOL)[]): boolean {
  const number = d.protocol === undefined ? undefined : parseProtocol(d.protocol);
  return protocols.some((name) => PROTOCOL[name] === number);
}

/** A number, a range about it, and at times one that reaches a limit; one that is `loose` may end before it begins. */
export function span(d: Draw, value: number, max: number, loose = false): string {
  if (d.chance(2)) return String(d.chance(12) ? d.pick([0, max]) : value);
  // Mostly at the edges, where an end that belongs to the range and one that does not are told apart.
  const [below, above] = d.pick([
    [0, 20],
    [2, 0],
    [0, 1],
    [-1, 20],
    [2, -1],
    [2, 20],
  ] as const);
  const low = d.chance(5) ? 0 : Math.min(max, Math.max(0, value - below));
  const high = d.chance(5) ? max : Math.max(low, Math.min(max, value + above));
  // It never ends with 0: the save of -m conntrack takes that for a single port.
  return loose && d.chance(12) ? `${high}:${Math.max(1, low)}` : `${low}:${high}`;
}

/** An option with such a range, maybe negated; "not any" is left out, because iptables-save does not show it everywhere. */
export function spanOption(d: Draw, flag: string, value: number, max: number, loose = false): string {
  const range = span(d, value, max, loose);
  return `${range === `0:${max}` ? "" : not(d)}${flag} ${range}`;
}
