import type { AddressMask, Family } from "./address.ts";

export type TableName = "raw" | "mangle" | "nat" | "filter" | "security";
export type Hook = "PREROUTING" | "INPUT" | "FORWARD" | "OUTPUT" | "POSTROUTING";

/** The built-in chains of each table, in the order in which iptables-save prints them. */
export const TABLE_HOOKS: Readonly<Record<TableName, readonly Hook[]>> = {
  raw: ["PREROUTING", "OUTPUT"],
  mangle: ["PREROUTING", "INPUT", "FORWARD", "OUTPUT", "POSTROUTING"],
  nat: ["PREROUTING", "INPUT", "OUTPUT", "POSTROUTING"],
  filter: ["INPUT", "FORWARD", "OUTPUT"],
  security: ["INPUT", "FORWARD", "OUTPUT"],
};

/** A condition that `!` may turn round. */
export interface Negatable<T> {
  readonly value: T;
  readonly not: boolean;
}

/** Values of one extension's options by their key in its spec; an absent option was not given. */
export type ArgValues = Readonly<Record<string, Negatable<unknown> | undefined>>;

/** `-m NAME ...` in a rule: data only. An extension that is not known keeps its words and has no args. */
export interface MatchUse {
  readonly name: string;
  readonly args?: ArgValues;
  /** The words after `-m NAME` that belong to it, as written, `!` included. */
  readonly words: readonly string[];
}

/** What a rule does with a packet that it matches; a rule without one only counts. */
export type TargetUse =
  | { readonly kind: "verdict"; readonly verdict: "ACCEPT" | "DROP" | "RETURN" | "QUEUE" }
  | { readonly kind: "jump" | "goto"; readonly chain: string }
  | { readonly kind: "extension"; readonly name: string; readonly args?: ArgValues; readonly words: readonly string[] };

/** The name of the chain that a target jumps or goes to. */
export function chainOf(target: TargetUse | undefined): string | undefined {
  return target?.kind === "jump" || target?.kind === "goto" ? target.chain : undefined;
}

/** The same chain itself, of those by name. */
export function chainIn<C>(chains: ReadonlyMap<string, C>, target: TargetUse | undefined): C | undefined {
  const name = chainOf(target);
  return name === undefined ? undefined : chains.get(name);
}

export interface Counters {
  readonly packets: number;
  readonly bytes: number;
}

/** One rule of an iptables chain. */
export interface Rule {
  /** Number in its chain, from 1. */
  readonly number: number;
  /** Line in its file, from 1; 0 when it did not come from one. */
  readonly line: number;
  /** As written, without counters: "-A INPUT -p tcp -j ACCEPT". */
  readonly text: string;
  readonly counters?: Counters;
  /** Protocol number; 0 (all) is never stored. */
  readonly protocol?: Negatable<number>;
  readonly source?: Negatable<AddressMask>;
  readonly destination?: Negatable<AddressMask>;
  /** Interface name, with a trailing `+` for a prefix. */
  readonly inInterface?: Negatable<string>;
  readonly outInterface?: Negatable<string>;
  /** `-f`: second and further fragments (IPv4). */
  readonly fragment?: Negatable<true>;
  /** In the order in which they were written and are evaluated. */
  readonly matches: readonly MatchUse[];
  readonly target?: TargetUse;
}

export interface Chain {
  readonly name: string;
  /** Line of its declaration, from 1; 0 when it did not come from a file. */
  readonly line: number;
  /** Present for built-in chains. */
  readonly policy?: "ACCEPT" | "DROP";
  readonly counters?: Counters;
  readonly rules: readonly Rule[];
}

export interface Table {
  readonly name: TableName;
  readonly chains: ReadonlyMap<string, Chain>;
}

/** All tables of one family in one network namespace. */
export interface Ruleset {
  readonly family: Family;
  /** Name of the file that it came from, for messages and explanations. */
  readonly file: string;
  /** What wrote it: decides the order of hooks and details of some matches. */
  readonly backend: "legacy" | "nft";
  readonly tables: ReadonlyMap<TableName, Table>;
  /** What its rules say in all, so that none of them has to be looked at for it; absent where nobody took note. */
  readonly summary?: {
    /** The names of all matches and targets that rules use, but for verdicts and chains. */
    readonly names: ReadonlySet<string>;
    /** Whether any counter of a rule or a chain is above 0 packets. */
    readonly counted: boolean;
    /** Ports that nat rules name as a service's, or as what it is translated to. */
    readonly natPorts: ReadonlySet<number>;
  };
}
