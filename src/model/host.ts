import type { Address, Family, Mac, Prefix } from "./address.ts";
import type { Ruleset } from "./rule.ts";

/** An address of a device (`ip addr`). */
export interface DeviceAddress {
  readonly address: Address;
  readonly length: number;
  readonly broadcast?: Address;
  /** Far end of a point-to-point link. */
  readonly peer?: Address;
  readonly scope: "global" | "link" | "host" | "site";
  readonly secondary?: boolean;
  /** IPv6: no longer chosen as a source where there is another. */
  readonly deprecated?: boolean;
  /** IPv6: not yet known to be unique, and not used. */
  readonly tentative?: boolean;
}

/** What a bridge port does (`ip -d link`, linkinfo.info_slave_data). */
export interface BridgePort {
  readonly bridge: string;
  readonly state: "disabled" | "listening" | "learning" | "forwarding" | "blocking";
  readonly hairpin: boolean;
  readonly isolated: boolean;
  readonly learning: boolean;
  /** Whether frames to unknown unicast, multicast and broadcast addresses are sent here. */
  readonly flood: boolean;
  readonly multicastFlood: boolean;
  readonly broadcastFlood: boolean;
  /** Only stations that the FDB has behind it may send. */
  readonly locked?: boolean;
}

/** What a bridge itself does (linkinfo.info_data). */
export interface Bridge {
  readonly vlanFiltering: boolean;
  readonly stp: boolean;
  readonly multicastSnooping: boolean;
  /** Which of the link protocols' group addresses 01:80:c2:00:00:00 to 0f it forwards, a bit for each; absent: none. */
  readonly groupForwardMask?: number;
  /** The bridge's own nf_call_iptables and nf_call_ip6tables, or-ed with the sysctl. */
  readonly callIptables: boolean;
  readonly callIp6tables: boolean;
}

/** A network device. `kind` is iproute2's info_kind; "physical" and "loopback" stand for devices that have none. */
export interface Device {
  readonly index: number;
  readonly name: string;
  readonly kind: string;
  readonly up: boolean;
  /** LOWER_UP: the link has a carrier. */
  readonly carrier: boolean;
  readonly flags: readonly string[];
  readonly mtu: number;
  readonly mac?: Mac;
  readonly addresses: readonly DeviceAddress[];
  /** Index of the lower or peer device, and the namespace id that `ip netns list-id` explains. */
  readonly linkIndex?: number;
  readonly linkNetnsId?: number;
  /** Names, where `ip` printed them instead. */
  readonly linkName?: string;
  readonly linkNetns?: string;
  readonly master?: string;
  /** Number of its group (`ip link set DEV group N`); absent where it was not shown, or shown by a name of this host's own. */
  readonly group?: number;
  readonly bridge?: Bridge;
  readonly port?: BridgePort;
  readonly vlan?: { readonly id: number; readonly protocol: string };
  readonly ipvlan?: { readonly mode: "l2" | "l3" | "l3s"; readonly flag: "bridge" | "private" | "vepa" };
  /** Of a bond: whether it takes in what its backups receive (all_slaves_active). */
  readonly bond?: { readonly mode: string; readonly takesAll: boolean };
  /** A member of a bond that only waits to be needed. */
  readonly isBackup?: true;
  readonly macvlan?: { readonly mode: "private" | "vepa" | "bridge" | "passthru" };
}

export type RouteType =
  | "unicast"
  | "local"
  | "broadcast"
  | "multicast"
  | "anycast"
  | "unreachable"
  | "prohibit"
  | "blackhole"
  | "throw"
  | "nat";

export interface Nexthop {
  readonly via?: Address;
  readonly device?: string;
  /** From 1. */
  readonly weight: number;
  readonly flags: readonly string[];
}

/** One route of one table. A default route is a prefix of length 0. */
export interface Route {
  readonly type: RouteType;
  readonly destination: Prefix;
  /** "main", "local", "default" or a number or name as written. */
  readonly table: string;
  readonly nexthops: readonly Nexthop[];
  readonly source?: Address;
  /** IPv6: only for packets with such a source. */
  readonly from?: Prefix;
  /** IPv6: preference of the router that announced it (`pref`), where it is not medium. */
  readonly preference?: "low" | "high";
  readonly metric: number;
  readonly tos: number;
  readonly scope?: string;
  readonly protocol?: string;
  readonly mtu?: number;
  readonly realm?: number;
  /** Nexthop object (`nhid`). */
  readonly nexthopId?: number;
  /** As written, for the reader. */
  readonly text: string;
  readonly line: number;
  /** Words that are valid but not modelled. */
  readonly unmodelled?: readonly string[];
}

/** A line of `ip rule`. */
export interface PolicyRule {
  readonly priority: number;
  readonly not: boolean;
  readonly from?: Prefix;
  readonly to?: Prefix;
  readonly mark?: { readonly value: number; readonly mask: number };
  readonly iif?: string;
  readonly oif?: string;
  readonly tos?: number;
  readonly protocol?: number;
  readonly sport?: readonly [number, number];
  readonly dport?: readonly [number, number];
  readonly action:
    | { readonly kind: "lookup"; readonly table: string }
    | { readonly kind: "goto"; readonly priority: number }
    | { readonly kind: "nop" | "unreachable" | "prohibit" | "blackhole" };
  readonly suppressPrefixLength?: number;
  readonly suppressIfGroup?: string;
  readonly text: string;
  readonly line: number;
  readonly unmodelled?: readonly string[];
}

export interface Neighbour {
  readonly address: Address;
  readonly device: string;
  readonly mac?: Mac;
  /** "PERMANENT", "REACHABLE", "STALE", "FAILED" … */
  readonly state: readonly string[];
}

export interface FdbEntry {
  readonly mac: Mac;
  /** The port, or the bridge itself for its own addresses. */
  readonly device: string;
  readonly master?: string;
  readonly vlan?: number;
  readonly state: string;
  readonly flags: readonly string[];
}

/** VLANs of a bridge port or bridge (`bridge vlan`). */
export interface BridgeVlan {
  readonly device: string;
  readonly first: number;
  readonly last: number;
  readonly pvid: boolean;
  readonly untagged: boolean;
}

/** One server of a virtual service. */
export interface RealServer {
  readonly address: Address;
  readonly port: number;
  readonly method: "route" | "tunnel" | "masquerade";
  readonly weight: number;
  /** Options that say nothing of where a packet goes: thresholds and the kind of tunnel. */
  readonly options: Readonly<Record<string, string>>;
}

/** A virtual service of IPVS (`ipvsadm-save`): that of an address and a port, 0 for any, or of a mark. */
export interface VirtualService {
  readonly protocol: "tcp" | "udp" | "sctp" | "fwmark";
  readonly address?: Address;
  readonly port?: number;
  readonly mark?: number;
  readonly scheduler: string;
  readonly options: Readonly<Record<string, string>>;
  readonly servers: readonly RealServer[];
}

/** An ipset as `ipset save` prints it. Entries keep their words; src/extensions knows what they mean. */
export interface IpSet {
  readonly name: string;
  /** "hash:ip,port" */
  readonly type: string;
  readonly family: Family;
  /** Options of `create` by name, value "" for flags. */
  readonly options: ReadonlyMap<string, string>;
  readonly entries: readonly IpSetEntry[];
}

export interface IpSetEntry {
  /** "10.1.0.20,udp:6003" */
  readonly element: string;
  /** timeout, packets, bytes, comment, nomatch, skbmark … */
  readonly options: ReadonlyMap<string, string>;
}

/** Addresses and ports of one direction of a connection, as conntrack prints them. */
export interface Tuple {
  readonly src: Address;
  readonly dst: Address;
  readonly protocol: number;
  /** Ports, or for ICMP both halves hold the identifier. */
  readonly sport?: number;
  readonly dport?: number;
  readonly icmp?: { readonly type: number; readonly code: number; readonly id: number };
}

/** A line of `conntrack -L -o extended`. */
export interface ConntrackLine {
  readonly original: Tuple;
  readonly reply: Tuple;
  /** TCP, SCTP and DCCP: "ESTABLISHED". */
  readonly state?: string;
  /** Seconds left. */
  readonly timeout?: number;
  /** "UNREPLIED", "ASSURED", "OFFLOAD" … */
  readonly flags: readonly string[];
  readonly mark: number;
  readonly zone: number;
  /** The zone is that of one direction only, the other being 0. */
  readonly zoneDirection?: "orig" | "reply";
  readonly helper?: string;
  /** Packets and octets by direction, where the kernel counts them (nf_conntrack_acct). */
  readonly counters?: { readonly original: readonly [number, number]; readonly reply: readonly [number, number] };
}

/** A network namespace. A field that is undefined was not given: not known, which is not the same as empty. */
export interface Namespace {
  readonly name: string;
  readonly devices?: readonly Device[];
  /** False when links were given but addresses were not. */
  readonly addressesKnown: boolean;
  readonly routes?: readonly Route[];
  readonly routes6?: readonly Route[];
  readonly policyRules?: readonly PolicyRule[];
  readonly policyRules6?: readonly PolicyRule[];
  readonly neighbours?: readonly Neighbour[];
  readonly fdb?: readonly FdbEntry[];
  readonly bridgeVlans?: readonly BridgeVlan[];
  readonly sysctls?: ReadonlyMap<string, string>;
  readonly ruleset4?: Ruleset;
  readonly ruleset6?: Ruleset;
  readonly sets?: readonly IpSet[];
  readonly conntrack?: readonly ConntrackLine[];
  readonly virtualServices?: readonly VirtualService[];
  /** nsid → name of the namespace, of `ip netns list-id`. */
  readonly netnsIds?: ReadonlyMap<number, string>;
}

/** Everything that is known of a machine. */
export interface Host {
  readonly namespaces: ReadonlyMap<string, Namespace>;
  readonly hostname?: string;
  readonly kernel?: string;
  /** When the snapshot was begun, in nanoseconds since the epoch. */
  readonly takenAt?: bigint;
}

/** What had to be taken for granted, and the flag that would replace it. */
export interface Assumption {
  /** Stable id: "local-addresses". */
  readonly id: string;
  readonly text: string;
  readonly flag?: string;
}
