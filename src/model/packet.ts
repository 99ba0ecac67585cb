import type { Address, Family, Mac } from "./address.ts";
import type { Assumption } from "./host.ts";

/** IP protocol numbers that the replay knows by name (IANA protocol-numbers). */
export const PROTOCOL = {
  hopopt: 0,
  icmp: 1,
  igmp: 2,
  ipip: 4,
  tcp: 6,
  egp: 8,
  udp: 17,
  dccp: 33,
  ipv6: 41,
  "ipv6-route": 43,
  "ipv6-frag": 44,
  gre: 47,
  esp: 50,
  ah: 51,
  icmpv6: 58,
  "ipv6-nonxt": 59,
  "ipv6-opts": 60,
  ospf: 89,
  ipcomp: 108,
  vrrp: 112,
  sctp: 132,
  mh: 135,
  udplite: 136,
} as const;

const PROTOCOL_NAMES = new Map<number, string>(Object.entries(PROTOCOL).map(([name, number]) => [number, name]));

/** The name of a protocol, or its number as text. */
export function protocolName(protocol: number): string {
  return PROTOCOL_NAMES.get(protocol) ?? String(protocol);
}

/** Whether a protocol's packets have ports that rules and NAT know. */
export function hasPorts(protocol: number): boolean {
  return protocol === PROTOCOL.tcp || protocol === PROTOCOL.udp || protocol === PROTOCOL.udplite || protocol === PROTOCOL.sctp;
}

/** Whether a protocol is ICMP, of either version of IP. */
export function isIcmp(protocol: number): boolean {
  return protocol === PROTOCOL.icmp || protocol === PROTOCOL.icmpv6;
}

/** Octets of the fixed IPv6 header. */
export const IPV6_HEADER = 40;

/** TCP flag bits as they stand in the header's 14th octet (RFC 9293 section 3.1, RFC 3168). */
export const TCP_FLAG = { FIN: 1, SYN: 2, RST: 4, PSH: 8, ACK: 16, URG: 32, ECE: 64, CWR: 128 } as const;

/** A TCP option as it stands in the header; `data` is what follows kind and length. */
export interface TcpOption {
  readonly kind: number;
  readonly data: Uint8Array;
}

export interface Tcp {
  readonly kind: "tcp";
  readonly sport: number;
  readonly dport: number;
  readonly seq: number;
  readonly ack: number;
  /** The flag bits of TCP_FLAG. */
  readonly flags: number;
  /** As in the header, not scaled. */
  readonly window: number;
  /** Header length in octets, options included. */
  readonly headerLength: number;
  readonly options: readonly TcpOption[];
}

export interface Udp {
  readonly kind: "udp";
  readonly sport: number;
  readonly dport: number;
  /** The header's own length field; conntrack holds it against the packet's. */
  readonly length: number;
}

/** ICMP and ICMPv6 alike; `protocol` of the packet tells which. */
export interface Icmp {
  readonly kind: "icmp";
  readonly type: number;
  readonly code: number;
  /** Identifier of echo, timestamp, information and address mask messages. */
  readonly id?: number;
  readonly sequence?: number;
  /** Next-hop MTU of fragmentation needed (3/4) and of ICMPv6 packet too big. */
  readonly mtu?: number;
  /** Where in the quoted packet a parameter problem (ICMP 12, ICMPv6 4) is. */
  readonly pointer?: number;
  /** Target of a neighbour solicitation or advertisement. */
  readonly target?: Address;
  /** The packet that an error message quotes, as far as it is there. */
  readonly quoted?: Packet;
}

export interface Sctp {
  readonly kind: "sctp";
  readonly sport: number;
  readonly dport: number;
  readonly tag: number;
  /** Types of the chunks, in order, as far as captured. */
  readonly chunks: readonly number[];
}

/** DCCP and UDP-Lite: ports only. */
export interface Ports {
  readonly kind: "ports";
  readonly sport: number;
  readonly dport: number;
}

/** ESP (RFC 4303) and AH (RFC 4302): the index of the security association. */
export interface Spi {
  readonly kind: "spi";
  readonly spi: number;
}

export type Transport = Tcp | Udp | Icmp | Sctp | Ports | Spi;

/** Offset in octets of a fragment's data, and whether more follow. */
export interface Fragment {
  readonly offset: number;
  readonly more: boolean;
}

/** Whether a checksum holds: "partial" is one left to the network card, "unseen" one over octets that were not captured. */
export type Checksum = "good" | "bad" | "partial" | "unseen" | "absent";

/** An IPv6 extension header by name, as in the recordings and `-m ipv6header`. */
export type ExtensionHeader = "hop-by-hop" | "routing" | "fragment" | "destination" | "ah" | "mobility";

/** The protocol numbers of extension headers. */
export const EXTENSION_NUMBERS: Readonly<Record<ExtensionHeader, number>> = {
  "hop-by-hop": PROTOCOL.hopopt,
  routing: PROTOCOL["ipv6-route"],
  fragment: PROTOCOL["ipv6-frag"],
  destination: PROTOCOL["ipv6-opts"],
  ah: PROTOCOL.ah,
  mobility: PROTOCOL.mh,
};

/** The headers that lead on to another, by number: mobility and ESP are not skipped (net/ipv6/exthdrs_core.c, ipv6_ext_hdr). */
export const SKIPPED_EXTENSIONS: ReadonlyMap<number, ExtensionHeader> = new Map(
  (["hop-by-hop", "routing", "fragment", "destination", "ah"] as const).map((name) => [EXTENSION_NUMBERS[name], name]),
);

/** A packet of the network layer, decoded as far as its octets were captured. Everything in it is as on the wire. */
export interface Packet {
  readonly family: Family;
  readonly src: Address;
  readonly dst: Address;
  /** After all extension headers: what `-p` compares. */
  readonly protocol: number;
  /** TTL or hop limit. */
  readonly ttl: number;
  /** Set when the TTL is only what is usual, since a text does not show it. */
  readonly isTtlAssumed?: boolean;
  /** TOS or traffic class, the whole octet. */
  readonly tos: number;
  /** Length in octets of the whole IP packet by its header, not by what was captured. */
  readonly length: number;
  /** Octets of IP header with options (IPv4), or of fixed and extension headers (IPv6). */
  readonly headerLength: number;
  /** IPv4 identification, or that of the IPv6 fragment header. */
  readonly id?: number;
  /** The kernel has drawn the identification, for which `id` and `extensionOctets` have another. */
  readonly drawnId?: true;
  readonly dontFragment?: boolean;
  readonly fragment?: Fragment;
  /** IPv4 options as octets, absent when there are none. */
  readonly ipOptions?: Uint8Array;
  /** Places in `ipOptions` of octets that a host wrote and that nothing tells: the time, mostly. */
  readonly unknownOptions?: readonly number[];
  readonly extensionHeaders?: readonly ExtensionHeader[];
  /** Octets of the IPv6 extension headers, `headerLength` - 40 of them. */
  readonly extensionOctets?: Uint8Array;
  /** IPv6 flow label, absent when it is 0. */
  readonly flowLabel?: number;
  /** IPv4 header checksum. */
  readonly headerChecksum?: Checksum;
  /** Checksum of the transport header and its data. */
  readonly checksum?: Checksum;
  /** Absent for a fragment other than the first, for unknown protocols, and where `defect` says so. */
  readonly transport?: Transport;
  /** Why there is no transport header though there should be: the packet is too short, malformed, or was not captured that far. */
  readonly defect?: "short" | "malformed" | "uncaptured";
  /** What follows the IP headers, as captured; at most `length - headerLength` octets. */
  readonly payload: Uint8Array;
}

/** A VLAN tag: 802.1Q (0x8100) or 802.1ad (0x88a8). */
export interface VlanTag {
  readonly id: number;
  readonly priority: number;
  readonly protocol: number;
}

/** Packet type of LINUX_SLL and LINUX_SLL2, and of sk_buff (include/uapi/linux/if_packet.h). */
export type FrameType = "host" | "broadcast" | "multicast" | "otherhost" | "outgoing";

/** An ARP message for IPv4 over Ethernet (RFC 826). */
export interface Arp {
  /** 1: request, 2: reply. */
  readonly operation: number;
  readonly senderMac: Mac;
  readonly sender: Address;
  readonly targetMac: Mac;
  readonly target: Address;
}

/** Where a capture was taken, beside what it says itself. */
export interface Source {
  /** Name of the capture. */
  readonly capture: string;
  readonly netns: string;
  /** The device, when the capture does not say. */
  readonly interface?: string;
}

/** A frame as captured. */
export interface Frame {
  /** Number in the capture, from 1. */
  readonly number: number;
  /** Nanoseconds since the epoch. */
  readonly time: bigint;
  /** The capture does not say when it was (Simple Packet Block): `time` is that of the frame before. */
  readonly untimed?: true;
  /** Octets captured and octets on the wire. */
  readonly captured: number;
  readonly length: number;
  /** Name of the link type as in the pcap registry without `LINKTYPE_`: "EN10MB"; absent when a text does not tell. */
  readonly linkType?: string;
  /** The device's index in its namespace, of LINUX_SLL2 (0: none), NFLOG and Kuznetzov's pcap; its name of pcapng and PFLOG. */
  readonly interfaceIndex?: number;
  readonly interfaceName?: string;
  readonly type?: FrameType;
  /** The capture that it is of, when there are several. */
  readonly source?: Source;
  readonly srcMac?: Mac;
  readonly dstMac?: Mac;
  readonly etherType?: number;
  readonly vlans?: readonly VlanTag[];
  /** What stands between an Ethernet header and the packet: a Linux device hands such a frame on to no IP layer of its own. */
  readonly within?: "llc" | "mpls" | "pppoe";
  readonly arp?: Arp;
  /** Absent when the frame carries no IP. */
  readonly packet?: Packet;
  /** A packet that every IP layer refuses because of `defect`, as far as it can be read: nothing of it is replayed. */
  readonly refused?: Packet;
  /** What is broken in the frame below IP, or why the IP packet could not be decoded. */
  readonly defect?: string;
  /** What reading it took for granted: a text does not say everything. */
  readonly assumptions?: readonly Assumption[];
  /** The same of its time, which matters only where rules look at the clock. */
  readonly timeAssumption?: Assumption;
}

/** The packet of a frame that an IP layer gets: none of a frame without one, nor what stands within PPPoE, MPLS or LLC. */
export function replayedPacket({ packet, within }: Pick<Frame, "packet" | "within">): Packet | undefined {
  return within === undefined ? packet : undefined;
}

/** A frame's number as people are told it: "3", or "3 of lan.pcap" when there are several captures. */
export function frameNumber({ number, source }: Pick<Frame, "number" | "source">): string {
  return source ? `${number} of ${source.capture}` : String(number);
}
