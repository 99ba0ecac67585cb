import type { Address, Family, Mac } from "../model/address.ts";
import type { IpSet, Tuple } from "../model/host.ts";
import type { FrameType, Packet } from "../model/packet.ts";
import type { ArgValues, Hook, Negatable, TableName } from "../model/rule.ts";
import type { CtState } from "../model/trace.ts";
import type { AddressType } from "./address-types.ts";
import type { Draw } from "./draw.ts";
import type { Effect } from "./effect.ts";
import type { Space } from "./space.ts";

/**
 * How an option's words become a value and back.
 * `parse` gets exactly `words` words and returns undefined when they are not what `expected` says.
 */
export interface Codec<T> {
  /** Number of words that follow the flag. */
  readonly words: number;
  /** Where another flag follows at once, `parse` gets no words. */
  readonly optional?: true;
  /** Any word will do. */
  readonly takesAny?: true;
  /** "a port, a range (a:b) or a service name" */
  readonly expected: string;
  /** Addresses must be of the rule's family, where that is given. */
  parse(words: readonly string[], family?: Family): T | undefined;
  /** The words as iptables-save prints them, joined by blanks; "" for a flag without words. */
  save(value: T): string;
}

export interface Option<T> {
  /** "--dport"; iptables-save prints this one. */
  readonly flag: string;
  /** Other spellings: "--destination-port". */
  readonly aliases?: readonly string[];
  readonly codec: Codec<T>;
  readonly negatable?: boolean;
  readonly required?: boolean;
  /** It may be given several times; all values are kept, in the order in which they were written among all such options. */
  readonly many?: true;
}

/** One of several values of an option. */
export interface Given<T> {
  readonly value: T;
  readonly not: boolean;
  /** Grows from one option to the next. */
  readonly order: number;
}

// biome-ignore lint/suspicious/noExplicitAny: an option of any value type
export type Options = Readonly<Record<string, Option<any>>>;

/** Values of the options that were given, by key. */
export type Args<O extends Options> = {
  readonly [K in keyof O]?:
    | (O[K] extends Option<infer T> ? Negatable<O[K] extends { readonly many: true } ? readonly Given<T>[] : T> : never)
    | undefined;
};

/** What a match says. `needs` names what would decide it, in a noun phrase: "the socket's owner (--assume owner.uid=...)". */
export type MatchResult = Decided | { readonly unknown: string; readonly between?: readonly [Decided, Decided] };

/** `between` has what is possible where that is not just match and mismatch. A negated condition may be met by what also drops the packet. */
type Decided = boolean | "hotdrop" | "match and hotdrop";

/** What a target does once it is known: its verdict and its effects. */
export interface Outcome {
  /** "CONTINUE" goes on with the next rule; the verdict of NAT targets is "ACCEPT". */
  readonly verdict: "ACCEPT" | "DROP" | "RETURN" | "QUEUE" | "CONTINUE";
  readonly effects?: readonly Effect[];
  readonly note?: string;
}

/** Two outcomes, between which something decides that neither rules nor packets show. */
export interface Fork {
  /** "a program listens on queue 3"; the same question has the same answer for all rules that a packet meets. */
  readonly when: string;
  /** "no program listens on queue 3" */
  readonly otherwise: string;
  readonly yes: Outcome;
  readonly no: Outcome;
}

/** What a target does; a fork is followed both ways, `unknown` ends the way there. */
export type TargetResult = Outcome | Fork | { readonly unknown: string };

/** What a match can see of a connection. */
export interface ConnectionView {
  /** Tells it from every other connection, for state cells of its own. */
  readonly id?: string;
  /** It was there before the capture began. */
  readonly older?: boolean;
  /** It is none: what a CT rule of the raw table puts in its place until connections are tracked (nf_ct_tmpl_alloc). */
  readonly template?: boolean;
  readonly original: Tuple;
  readonly reply: Tuple;
  readonly direction: "original" | "reply";
  readonly mark: number;
  readonly zone: number;
  readonly helper?: string;
  /** Helper of the connection that announced this one, "unknown" where the connection is older than the capture and may have been announced. */
  readonly masterHelper?: string | { readonly unknown: string };
  readonly status: {
    readonly expected: boolean;
    readonly seenReply: boolean;
    readonly assured: boolean;
    readonly confirmed: boolean;
    readonly srcNat: boolean;
    readonly dstNat: boolean;
  };
  /** Seconds until it expires, where that is known. */
  readonly expires?: number;
  /** Original direction of the connection whose helper announced this one. */
  readonly master?: Tuple;
  /** Packets and octets by direction, this packet included; absent where the kernel does not count (nf_conntrack_acct). */
  readonly counters?:
    | { readonly original: readonly [number, number]; readonly reply: readonly [number, number] }
    | { readonly unknown: string };
}

/** The connections of the packet's namespace, for matches that count them. */
export interface Connections {
  /** What has become of the one that a tuple belongs to; undefined when it is not in the table. */
  standing(zone: number, tuple: Tuple): { readonly over: boolean; readonly assured: boolean } | undefined;
  /** Those that are older than the capture. */
  older(): readonly { readonly zone: number; readonly original: Tuple }[];
  /** The original direction that the packet itself would have; undefined where it has no connection that could be tracked. */
  tuple(): Tuple | undefined;
}

/**
 * State that outlives a packet: limits, counters, set members. Values are immutable; the engine undoes writes of ways not taken.
 * Reading a cell that an undecided earlier packet may have written ends the evaluation as unknown by itself.
 */
export interface StateCells {
  get<T>(key: string): T | undefined;
  set<T>(key: string, value: T): void;
}

/** Everything that a match or target may look at. */
export interface PacketContext {
  /** The packet as it is now, translations and changes included. */
  readonly packet: Packet;
  readonly family: Family;
  readonly netns: string;
  readonly hook: Hook;
  readonly table: TableName;
  readonly backend: "legacy" | "nft";
  /** Device names; "" when there is none at this hook. */
  readonly in: string;
  readonly out: string;
  /** Bridge ports, when the packet is bridged or came in through a bridge with bridge netfilter. */
  readonly physIn?: string | undefined;
  readonly physOut?: string | undefined;
  /** Whether the packet is bridged (`--physdev-is-bridged`). */
  readonly bridged: boolean;
  readonly mark: number;
  /** Priority class (`CLASSIFY`, skbprio). */
  readonly priority: number;
  /** Nanoseconds since the epoch, the capture's own clock. */
  readonly time: bigint;
  /** When the host's state was taken, on the same clock: timeouts of set members count from there. Absent: they do not run out. */
  readonly since?: bigint;
  /** Packet type of the sk_buff; that of a local packet is "host", broadcasts and multicasts included. */
  readonly frameType: FrameType;
  /** From now on it is "host". */
  takeAsOwn?(): void;
  /** What a host hears of its own packets to many (PACKET_LOOPBACK). */
  readonly loopedBack?: boolean;
  /** Sent by a socket of this namespace (skb->sk). */
  readonly local?: boolean;
  /** Absent when the packet has no Ethernet header (locally generated). */
  readonly srcMac?: Mac | undefined;
  readonly dstMac?: Mac | undefined;
  readonly ctState: CtState;
  readonly connection?: ConnectionView;
  /** Identifies the rule, for its own state cells. */
  readonly ruleKey: string;
  readonly cells: StateCells;
  /** Routing realm of the packet's route (destination part), 0 when it has none. */
  readonly realm: number;
  /** Sets of this namespace by name; undefined when no sets were given. */
  readonly sets?: ReadonlyMap<string, IpSet> | undefined;
  /** Address type by routing table local, limited to a device's own addresses when one is named; "unknown" where routes and addresses are not given. */
  addressType(address: Address, device?: string): AddressType | { readonly unknown: string };
  /** MTU-based MSS limit of the packet's route, for `TCPMSS --clamp-mss-to-pmtu`. */
  pathMtu(): number | undefined;
  /** The arguments of every use of a match in all rules of this family, for matches whose rules share something. */
  uses?(match: string): readonly ArgValues[];
  /** Absent where connections are not tracked. */
  readonly connections?: Connections;
  /** The group that a device is in (`ip link set DEV group N`); undefined where that is not known. */
  deviceGroup?(device: string): number | undefined;
  /** Takes note of why a match said what it said, in words that are only made when they are shown: "10.3.4.5 is in set blocklist (entry 10.0.0.0/8)". */
  remark?(words: () => string): void;
  /** What is assumed of the host under a key (`--assume owner.uid=1000`); undefined when nothing is. */
  assume?(key: string): string | undefined;
  /** Whether a reverse route to the source exists (`-m rpfilter`). */
  reversePath(options: { readonly loose: boolean; readonly validMark: boolean; readonly acceptLocal: boolean }): MatchResult;
}

/** An example that a test runs: the words after the chain, what iptables-save prints, and what the explanation says. */
export interface Example {
  /** "-p tcp -m tcp --dport 80" */
  readonly rule: string;
  /** When it differs from `rule`. */
  readonly saved?: string;
  /** "TCP destination port 80" */
  readonly says: string;
}

interface SpecBase<O extends Options> {
  /** As iptables spells it. */
  readonly name: string;
  /** Where the kernel accepts it; absent: everywhere. */
  readonly families?: readonly Family[];
  readonly tables?: readonly TableName[];
  readonly hooks?: readonly Hook[];
  /** In the order in which iptables-save prints them. */
  readonly options: O;
  /** The kernel's and iptables' own check of the arguments as a whole; a message when it refuses. Legacy, where no backend is named. */
  check?(args: Args<O>, backend?: "legacy" | "nft"): string | undefined;
  /** The arguments as the kernel keeps them: defaults filled in, shorthands resolved, values without effect left out. */
  canonical?(args: Args<O>, family: Family): Args<O>;
  /** Its options as iptables-save prints them, where that is not each once and in the order of `options`. */
  printed?(args: Args<O>): readonly { readonly flag: string; readonly value: string; readonly not: boolean }[];
  /** "TCP destination port 8080" */
  explain(args: Args<O>): string;
  /** One sentence for docs/extensions.md. */
  readonly doc: string;
  /** What neither a capture nor a snapshot ever tells, in a noun phrase: there the explanation follows both ways. Absent: they decide it. */
  readonly forks?: string;
  /** It keeps something that packets of different connections share, so that their order matters; `among` tells with which arguments. */
  readonly shared?: true | { among(args: Args<O>): boolean };
  readonly examples: readonly Example[];
  /** The words of a random use of it as iptables-save prints them, "-m" or "-j" included; undefined where such a rule cannot have one. */
  draw(d: Draw): string | undefined;
}

/**
 * What a match looks at beside what all packets share that a connection has in one direction (addresses, ports, protocol, devices, TOS, mark,
 * connection state): nothing, the TCP flags, or more.
 */
export type Reads = "nothing" | "flags" | "more";

/** A match: one file in matches/. */
export interface MatchSpec<O extends Options = Options> extends SpecBase<O> {
  readonly kind: "match";
  /** The packets that it matches, where they can be told by their headers; absent for a match that looks at more, or keeps state. */
  space?(args: Args<O>): Space;
  /** Whether it may answer otherwise when the same packet meets it again: it counts, draws lots or learns. Absent: where it is `shared`. */
  fickle?(args: Args<O>): boolean;
  /** Whether it changes what other rules see of a packet, as targets do. Absent: no. */
  alters?(args: Args<O>): boolean;
  /** What it looks at beside what packets of a connection share; absent: more. */
  reads?(args: Args<O>): Reads;
  compile(args: Args<O>): (context: PacketContext) => MatchResult;
}

/**
 * What a target does with a packet that meets it, for who looks at whole rulesets. It ends its way in the table: accept, drop, queue,
 * translate; or may end it. Or the packet goes on, and rules behind it see nothing of it, another mark, other header fields than addresses
 * and ports, something else but addresses, ports and devices, or anything.
 */
export type Doing = "accept" | "drop" | "queue" | "translate" | "may-end" | "nothing" | "mark" | "headers" | "something" | "anything";

/** A target: one file in targets/. */
export interface TargetSpec<O extends Options = Options> extends SpecBase<O> {
  readonly kind: "target";
  readonly does: Doing;
  /** It does the same to all packets that a connection has in one direction, and leaves nothing behind. */
  readonly steady?: true;
  compile(args: Args<O>): (context: PacketContext) => TargetResult;
}

type Declared<S> = Omit<S, "kind">;

/** Whether the kernel takes the extension in such a rule (x_tables.c, xt_check_match and xt_check_target). */
function isPossible({ families, tables, hooks }: Pick<SpecBase<Options>, "families" | "tables" | "hooks">, d: Draw): boolean {
  if (families?.includes(d.family) === false || tables?.includes(d.table) === false) return false;
  return hooks === undefined || d.hooks.every((hook) => hooks.includes(hook));
}

/** Declares a match with its option types inferred. */
export function match<O extends Options>(spec: Declared<MatchSpec<O>>): MatchSpec<O> {
  const fickle = spec.shared === true ? () => true : undefined;
  return { kind: "match", ...(fickle && { fickle }), ...spec, draw: (d) => (isPossible(spec, d) ? spec.draw(d) : undefined) };
}

/** Declares a target with its option types inferred. */
export function target<O extends Options>(spec: Declared<TargetSpec<O>>): TargetSpec<O> {
  return { kind: "target", ...spec, draw: (d) => (isPossible(spec, d) ? spec.draw(d) : undefined) };
}
