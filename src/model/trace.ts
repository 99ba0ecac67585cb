import type { Address } from "./address.ts";
import type { Assumption } from "./host.ts";
import type { Frame, Packet } from "./packet.ts";
import type { Hook, Rule, TableName } from "./rule.ts";

export type Verdict = "delivered" | "forwarded" | "dropped" | "rejected" | "queued" | "unknown";
export type Certainty = "certain" | "assumed" | "possible";
/** How a packet stands to its connection. */
export const CT_STATES = ["NEW", "ESTABLISHED", "RELATED", "INVALID", "UNTRACKED"] as const;
export type CtState = (typeof CT_STATES)[number];

/** The first condition of a rule that a packet did not meet; `index` counts the rule's matches. */
export type FailedCondition =
  | { readonly kind: "protocol" | "source" | "destination" | "in" | "out" | "fragment" }
  | { readonly kind: "match"; readonly index: number };

/** A rule that was tried and did not match. */
export interface Tried {
  readonly rule: Rule;
  readonly failed: FailedCondition;
  /** In words, what the packet has there, where the match itself said so: "10.3.4.5 is not in set blocklist". */
  readonly because?: string;
}

/** Header and metadata fields that a target changed: "dst", "dport", "mark", "ttl" … with their new values. */
export type Changes = Readonly<Record<string, string | number>>;

interface InNetns {
  readonly netns: string;
}

interface InChain extends InNetns {
  readonly hook: Hook;
  readonly table: TableName;
  readonly chain: string;
  /** Device names, absent when there is none. */
  readonly in?: string;
  readonly out?: string;
  readonly physin?: string;
  readonly physout?: string;
  /** The packet's mark when it got there; absent when 0. */
  readonly mark?: number;
  /** Rules of this chain tried in vain since the step before in it; only in detailed traces. */
  readonly tried?: readonly Tried[];
}

/** A rule matched: what the kernel's TRACE target logs as "rule". */
export interface RuleStep extends InChain {
  readonly kind: "rule";
  readonly rule: Rule;
  /** In words, what its matches found that its text does not show: "10.3.4.5 is in set blocklist (entry 10.0.0.0/8)". */
  readonly because?: readonly string[];
  /** What its target changed. */
  readonly set?: Changes;
  /** In words, what the target did when that is not plain from its text: "one of 10.0.0.1-10.0.0.9". */
  readonly note?: string;
}

/** A user chain ran off its end ("return"), or a built-in chain's policy applied ("policy"). `number` is that of the rules plus 1. */
export interface EndStep extends InChain {
  readonly kind: "return" | "policy";
  readonly number: number;
  /** For "policy". */
  readonly verdict?: "ACCEPT" | "DROP";
  /** Line of the chain's declaration, 0 when there is none. */
  readonly line: number;
}

export interface ConntrackStep extends InNetns {
  readonly kind: "conntrack";
  readonly state: CtState;
  readonly direction?: "original" | "reply";
  /** The protocol's own state after this packet: "SYN_SENT". */
  readonly protocolState?: string;
  /** Why it is INVALID, UNTRACKED or RELATED, in words. */
  readonly note?: string;
}

export interface NatStep extends InNetns {
  readonly kind: "nat";
  readonly manip: "src" | "dst";
  /** "192.0.2.10:8080" */
  readonly from: string;
  readonly to: string;
  /** By which: the rule just before, or the connection's entry. */
  readonly by: "rule" | "entry";
}

export interface RouteStep extends InNetns {
  readonly kind: "route";
  readonly table?: string;
  /** The route as the routing table has it, or "none". */
  readonly route: string;
  readonly type: string;
  readonly out?: string;
  readonly via?: Address;
  /** The line of `ip rule` that led to the table, when it is not one of the three default ones. */
  readonly policyRule?: string;
  /** "input", "output", "reroute" */
  readonly stage: "input" | "output" | "reroute";
}

export interface BridgeStep extends InNetns {
  readonly kind: "bridge";
  readonly bridge: string;
  readonly port?: string;
  readonly action: "up" | "forward" | "flood" | "drop";
  readonly ports: readonly string[];
  readonly note?: string;
}

export interface NeighbourStep extends InNetns {
  readonly kind: "neighbour";
  readonly interface: string;
  readonly address: string;
  readonly mac?: string;
  readonly note?: string;
}

export interface DeviceStep extends InNetns {
  readonly kind: "device";
  readonly interface: string;
  readonly direction: "in" | "out";
  readonly note?: string;
}

/** The packet reached a socket, left a local one, or the stack decided over it outside netfilter (TTL, MTU, rp_filter, martian …). */
export interface LocalStep extends InNetns {
  readonly kind: "local" | "stack";
  readonly note: string;
}

export type Step = RuleStep | EndStep | ConntrackStep | NatStep | RouteStep | BridgeStep | NeighbourStep | DeviceStep | LocalStep;

/** Where a path ended. */
export interface Place {
  readonly netns: string;
  readonly interface?: string;
  /** For a drop by the packet filter. */
  readonly table?: TableName;
  readonly chain?: string;
  readonly rule?: number;
  readonly line?: number;
  readonly kind?: "rule" | "policy";
  /** For any other drop, in a word: "rp_filter", "no-route", "not-for-us", "ttl-or-header", "too-big", "martian", "no-neighbour" … */
  readonly reason?: string;
  /** The reason in a sentence. */
  readonly text?: string;
}

/** One appearance of the packet on a device, going out. */
export interface Appearance {
  readonly netns: string;
  readonly interface: string;
  readonly packet: Packet;
  readonly dstMac?: number;
}

/** Stands for the port of an endpoint that NAT drew at random and nothing tells: "192.0.2.10:(any port)". */
export const DRAWN_PORT = "(any port)";

/** A translation, "address:port" before and after. */
export interface Translation {
  readonly from: string;
  readonly to: string;
}

/** An ICMP error or reset that a host sends because of the packet, or an ICMPv6 redirect, after which it goes on. */
export interface Reply {
  readonly netns: string;
  readonly type: "icmp-error" | "tcp-reset" | "redirect";
  /** Of a redirect, how many of the packet's own steps and appearances came before it. */
  readonly after?: { readonly steps: number; readonly out: number };
  readonly packet: Packet;
  readonly way: Way;
}

/** One way that a packet can have gone. */
export interface Way {
  /** What has to be true for it, in words; empty when there is only one way. */
  readonly conditions: readonly string[];
  readonly verdict: Verdict;
  readonly at: Place;
  readonly steps: readonly Step[];
  readonly out: readonly Appearance[];
  readonly nat: { readonly src?: Translation; readonly dst?: Translation };
  readonly replies: readonly Reply[];
  /** What became of copies that a rule sent elsewhere (TEE); their appearances and the answers to them are in `out` and `replies` above. */
  readonly copies?: readonly Way[];
  /** Where there are copies: their steps and the packet's own, in the order in which they happened. */
  readonly allSteps?: readonly Step[];
  /** For "unknown": what would decide it. */
  readonly undecided?: string;
}

/** The same packet seen again further on. */
export interface Observation {
  readonly capture: string;
  readonly packet: number;
  readonly netns: string;
  readonly interface?: string;
  /** Nanoseconds after the packet itself. */
  readonly after: bigint;
}

/** A choice that rules and headers leave open, and what told it: the capture further on, or the snapshot's list of connections. */
export interface Decision {
  /** Whom it was sent to, as whom it was sent, or which way it took. */
  readonly what: "destination" | "source" | "way";
  /** What it could have been: endpoints, "192.0.2.10:1024-65535" for a port that is drawn, or conditions in words. */
  readonly choices: readonly string[];
  readonly chosen: string;
  /** The packet itself was seen further on, an answer to it came in, or `conntrack -L` lists the connection. */
  readonly by: "seen" | "answered" | "listed";
  /** Number of the frame that told it, its capture when there are several, and the device that it was seen on. */
  readonly packet?: number;
  readonly capture?: string;
  readonly interface?: string;
}

/** What became of one captured packet. */
export interface PacketTrace {
  readonly frame: Frame;
  /** Name of the capture. */
  readonly capture: string;
  readonly packet: Packet;
  readonly netns: string;
  readonly interface?: string;
  /** "out": sent by a local socket. */
  readonly direction: "in" | "out";
  /** Connection number, from 1; both directions share it. */
  readonly flow: number;
  readonly certainty: Certainty;
  /** The way it went, or the first of `alternatives`; with verdict "unknown" where these disagree. */
  readonly way: Way;
  /**
   * An earlier packet of its connection that went the same way through the same rules, where that was remembered: what appears on devices differs
   * in TTL and length only, by as much as the packets themselves do, and of the steps some may say something else.
   */
  readonly like?: PacketTrace;
  /** Those steps of `like` in the place of which there are others. */
  readonly otherSteps?: ReadonlyMap<Step, Step> | undefined;
  readonly alternatives: readonly Way[];
  /** Choices that were open and have been told; empty when there was none. */
  readonly decided: readonly Decision[];
  readonly assumptions: readonly Assumption[];
  readonly observed: readonly Observation[];
  /** Set when this frame is itself an observation of an earlier one and was not replayed. */
  readonly seenBefore?: number;
  /** What became of that one, and so of this. */
  readonly earlier?: PacketTrace;
  /** The capture of that one, when there are several. */
  readonly seenBeforeIn?: string;
  /** Devices where it was predicted to leave in a capture that sees them, but was not seen; "web:eth0" for one in another namespace. */
  readonly missing: readonly string[];
}
