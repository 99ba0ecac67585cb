import type { Family } from "../../../src/model/address.ts";
import type { MacvlanMode } from "../lab/protocol.ts";

/** A machine, its rules and its traffic, as drawn; everything in it can be written as JSON. */
export interface Case {
  readonly backend: "legacy" | "nft";
  /** 4 when absent. */
  readonly family?: Family;
  readonly topology: Topology;
  readonly rules: readonly NetnsRules[];
  readonly sends: readonly Send[];
}

/** The namespaces, the veth pairs between them, and the addresses that traffic and rules draw from. */
export interface Topology {
  readonly kind: string;
  readonly namespaces: readonly NetnsPlan[];
  readonly links: readonly LinkPlan[];
  /** Where frames can come in from the world, and the namespaces whose sockets send. */
  readonly doors: readonly Door[];
  readonly pools: Pools;
}

export interface NetnsPlan {
  readonly name: string;
  readonly sysctls: Readonly<Record<string, string>>;
  /** Lines of `ip -batch` and `bridge -batch`. */
  readonly commands: readonly string[];
  readonly bridge: readonly string[];
}

/** A veth pair; without `b` its far end is the world. With `macvlan` no pair: the first is a macvlan on the second, which is the end of a pair. */
export interface LinkPlan {
  readonly a: LinkEnd;
  readonly b: LinkEnd | null;
  readonly macvlan?: MacvlanMode;
}

export interface LinkEnd {
  readonly netns: string;
  readonly device: string;
  readonly mac: string;
}

/** A device that faces the world with the hosts behind it, or (without `device`) the local sockets of a namespace. */
export interface Door {
  readonly netns: string;
  readonly device?: string;
  /** Where hosts behind this door send their frames. */
  readonly mac: string;
  readonly hosts: readonly HostPlan[];
}

/** A host of the world that sends, or that namespaces know as a neighbour. */
export interface HostPlan {
  readonly address: string;
  readonly mac: string;
  /** Of IPv6. */
  readonly linkLocal?: string;
}

/** What random rules and packets take their values from. */
export interface Pools {
  readonly hosts: readonly string[];
  readonly locals: readonly string[];
  readonly remotes: readonly string[];
  readonly networks: readonly string[];
  readonly devices: readonly string[];
  readonly bridgePorts: readonly string[];
  readonly macs: readonly string[];
  /** Addresses of IPv6 that mean something on one link only, the machine's own and those of hosts. */
  readonly linkLocals?: readonly string[];
  /** Few, so that rules and traffic often have the same. */
  readonly clientPorts: readonly number[];
  readonly serverPorts: readonly number[];
}

export interface NetnsRules {
  readonly netns: string;
  readonly tables: readonly TablePlan[];
  /** Lines for `ipset restore`. */
  readonly sets: readonly string[];
}

export interface TablePlan {
  readonly table: "raw" | "mangle" | "nat" | "filter" | "security";
  readonly chains: readonly ChainPlan[];
}

/** Rules are the words after the chain's name: "-s 10.1.0.0/24 -j DROP". */
export interface ChainPlan {
  readonly name: string;
  /** "ACCEPT" or "DROP"; "-" for a user chain. */
  readonly policy: "ACCEPT" | "DROP" | "-";
  readonly rules: readonly string[];
}

/** An extension header of IPv6: what follows its length octet in hexadecimal digits, and a length octet where the true one is not meant. */
export interface ExtensionPlan {
  readonly header: "hop-by-hop" | "routing" | "destination" | "mobility" | "ah" | "atomic";
  readonly data: string;
  readonly lengthOctet?: number;
}

/** Header fields that are drawn for every packet; of IPv6 the traffic class is `tos`, and `id` is flow label and fragment identification. */
export interface HeaderPlan {
  readonly ttl: number;
  readonly tos: number;
  readonly id: number;
  readonly df: boolean;
  /** Octets of IP options, in hexadecimal. */
  readonly options?: string;
  readonly extensions?: readonly ExtensionPlan[];
  readonly damage?: "header-checksum" | "checksum" | "length" | "transport-length" | "no-checksum";
  /** Sent as fragments: the MTU they fit in and the order they come in; a number may be missing or twice. */
  readonly fragments?: { readonly mtu: number; readonly order: readonly number[] };
  /** Other than what leads to the destination: "link" is a group that bridges keep to themselves, "single" the next host's also for a group. */
  readonly dstMac?: "other" | "broadcast" | "link" | "single";
}

export type Payload =
  | {
      readonly kind: "tcp";
      readonly sport: number;
      readonly dport: number;
      readonly seq: number;
      readonly ack: number;
      readonly flags: number;
      readonly window: number;
      readonly options: string;
      readonly data: string;
    }
  | { readonly kind: "udp" | "udplite"; readonly sport: number; readonly dport: number; readonly data: string }
  | {
      readonly kind: "sctp";
      readonly sport: number;
      readonly dport: number;
      readonly tag: number;
      readonly chunks: readonly (readonly [number, number, string])[];
    }
  | {
      readonly kind: "icmp";
      readonly type: number;
      readonly code: number;
      readonly id: number;
      readonly sequence: number;
      readonly data: string;
    }
  /** An ICMPv6 message with a body of its own, both in hexadecimal digits: the four octets behind the checksum, and what follows. */
  | { readonly kind: "message"; readonly type: number; readonly code: number; readonly rest: string; readonly body: string }
  | { readonly kind: "other"; readonly protocol: number; readonly data: string };

/** One thing that is sent. `id` names it for those that refer to it. */
export type Send =
  /** A packet from a door, as drawn. */
  | {
      readonly kind: "new";
      readonly id: number;
      readonly door: number;
      readonly host: number;
      readonly src: string;
      readonly dst: string;
      readonly header: HeaderPlan;
      readonly payload: Payload;
    }
  /** What the receiver of packet `to` answers, wherever the kernel brought that: ports and addresses the other way round. */
  | { readonly kind: "answer"; readonly id: number; readonly to: number; readonly header: HeaderPlan; readonly payload: Payload }
  /** An ICMP error about packet `about` as the kernel sent it on, from its receiver or a router on the way. */
  | {
      readonly kind: "error";
      readonly id: number;
      readonly about: number;
      readonly type: number;
      readonly code: number;
      readonly mtu: number;
      readonly from: string | null;
      readonly quoted: number;
      readonly header: HeaderPlan;
    }
  /** The same octets as `of` once more. */
  | { readonly kind: "again"; readonly id: number; readonly of: number }
  | { readonly kind: "pause"; readonly id: number; readonly ms: number };
