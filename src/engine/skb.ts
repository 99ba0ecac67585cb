import type { Address, Mac } from "../model/address.ts";
import type { Nexthop, Route } from "../model/host.ts";
import type { Mutable } from "../model/mutable.ts";
import type { FrameType, Packet, Transport, VlanTag } from "../model/packet.ts";
import type { CtState } from "../model/trace.ts";
import type { Connection } from "./connection.ts";
import type { IpOptions } from "./ip-options.ts";
import type { Room } from "./table-limit.ts";
import type { Zone } from "./zone.ts";

/** Where a routing decision leads (struct rtable). */
export interface Destination {
  readonly kind: "forward" | "local" | "output" | "broadcast" | "multicast" | "error";
  readonly device: string;
  readonly route?: Route;
  readonly nexthop?: Nexthop;
  /** Error number of a failed input route, for ip_error. */
  readonly error?: string;
}

/** What a CT rule asks of connection tracking, which finds it in the connection's place. */
export interface Template {
  /** State cell of the mark that rules give it. */
  readonly mark: string;
  readonly zone?: Zone;
  readonly helper?: string;
}

/** What bridge netfilter keeps with a packet (struct nf_bridge_info). */
export interface BridgeInfo {
  physIn: string;
  physOut?: string;
  /** Destination before PREROUTING, to see a DNAT. */
  originalDst?: Address;
  /** PREROUTING has not let it pass yet; of a packet that ends there, TEE's copy finds it so for ever. */
  inPrerouting: boolean;
  sabotageDone: boolean;
}

/** What every one has; the rest is set for some. */
type Needed = "packet" | "mark" | "priority" | "type" | "netns" | "device" | "in" | "ctState" | "ctDirection" | "local" | "looped";
type Beside = Omit<Skb, Needed | "with">;

/**
 * The packet on its way, with what the kernel keeps beside it (struct sk_buff). The packet itself is replaced, never changed. All of them
 * have the same fields in the same order, set or not: whoever asks for one finds it at once.
 */
export class Skb {
  packet: Packet;
  mark: number;
  priority: number;
  type: FrameType;
  /** The namespace that it is in. */
  netns: string;
  /** Device that it is seen at; "" for a packet of a local socket before routing. */
  device: string;
  /** Input device as hooks see it. */
  in: string;
  ctState: CtState;
  ctDirection: "original" | "reply";
  /** Sent by a socket of this namespace (not reset by loopback). */
  local: boolean;
  /** Coming round through lo: its conntrack entry and route stay. */
  looped: boolean;
  srcMac: Mac | undefined;
  dstMac: Mac | undefined;
  /** Its VLAN tags, the outer one first. */
  vlans: readonly VlanTag[] | undefined;
  /** Name of the VLAN's device that it leaves by. */
  sentBy: string | undefined;
  /** IPv6: the device that an ICMPv6 error takes its source from (IP6CB(skb)->iif). */
  iif: string | undefined;
  connection: Connection | undefined;
  /** From a CT rule in raw. */
  template: Template | undefined;
  /** It answers an untracked packet: it belongs to no connection, yet no CT rule takes hold of it (nf_conntrack_attach). */
  answersUntracked: boolean | undefined;
  destination: Destination | undefined;
  bridge: BridgeInfo | undefined;
  /** What is known of its IP options, once the IP layer has read them (IPCB(skb)->opt). */
  options: IpOptions | undefined;
  /** IPv6: where connection tracking has taken out the fragment header; the kernel takes that for the end of the headers. */
  headersEnd: number | undefined;
  /** The fragments that it was put together from, in order. */
  fragments: readonly Packet[] | undefined;
  /** Largest fragment, IPCB(skb)->frag_max_size. */
  fragMaxSize: number | undefined;
  /** The largest of them had DF set (IPSKB_FRAG_PMTU). */
  fragDf: boolean | undefined;
  /** It is several segments in one (GSO, GRO), and none of these is longer. */
  segment: number | undefined;
  /** It may be fragmented though DF is set (skb->ignore_df). */
  ignoreDf: boolean | undefined;
  /** Port chosen at random: its value is not known. */
  undeterminedPort: boolean | undefined;
  /** It was taken for the one that opens a connection which the snapshot lists. */
  takenForOpening: boolean | undefined;
  /** Whether there was room for the connection that it opens. */
  room: Room | undefined;
  /** Source that it is routed by at first, where that is not its own (0: none). */
  routeSource: Address | undefined;
  /** A copy that TEE made, on its way through its own namespace, or an answer to one: TEE leaves it alone (in_nf_duplicate). */
  duplicate: boolean | undefined;
  /** A socket of this host has taken it (TPROXY). */
  taken: boolean | undefined;
  /** Connection tracking or NAT has found its checksum right, and no socket looks again (csum_valid). */
  checksumVerified: boolean | undefined;
  /** Netfilter has, and does not look again until the packet is forwarded (CHECKSUM_COMPLETE), or at all (CHECKSUM_UNNECESSARY). */
  checksumSum: "complete" | "unnecessary" | undefined;
  /** An answer that the stack made up: never answered with ICMP errors again. */
  generated: boolean | undefined;
  shared: SharedOctets | undefined;

  constructor(from: Pick<Skb, Needed> & Partial<Beside>) {
    this.packet = from.packet;
    this.mark = from.mark;
    this.priority = from.priority;
    this.type = from.type;
    this.netns = from.netns;
    this.device = from.device;
    this.in = from.in;
    this.ctState = from.ctState;
    this.ctDirection = from.ctDirection;
    this.local = from.local;
    this.looped = from.looped;
    this.srcMac = from.srcMac;
    this.dstMac = from.dstMac;
    this.vlans = from.vlans;
    this.sentBy = from.sentBy;
    this.iif = from.iif;
    this.connection = from.connection;
    this.template = from.template;
    this.answersUntracked = from.answersUntracked;
    this.destination = from.destination;
    this.bridge = from.bridge;
    this.options = from.options;
    this.headersEnd = from.headersEnd;
    this.fragments = from.fragments;
    this.fragMaxSize = from.fragMaxSize;
    this.fragDf = from.fragDf;
    this.segment = from.segment;
    this.ignoreDf = from.ignoreDf;
    this.undeterminedPort = from.undeterminedPort;
    this.takenForOpening = from.takenForOpening;
    this.room = from.room;
    this.routeSource = from.routeSource;
    this.duplicate = from.duplicate;
    this.taken = from.taken;
    this.checksumVerified = from.checksumVerified;
    this.checksumSum = from.checksumSum;
    this.generated = from.generated;
    this.shared = from.shared;
  }

  /** A copy in which some things are different. */
  with(changes: Partial<Omit<Skb, "with">>): Skb {
    return Object.assign(new Skb(this), changes);
  }
}

/** What copies of one frame have in common until something is written into one of them, for which it gets octets of its own (skb_clone). */
interface SharedOctets {
  packet: Packet;
  /** All that it has been, by which a copy is known that has it still. */
  readonly versions: Set<Packet>;
}

/** Has a packet share its octets with the copies that are made of it. */
export function share(skb: Skb): void {
  if (!skb.shared?.versions.has(skb.packet)) skb.shared = { packet: skb.packet, versions: new Set([skb.packet]) };
}

/** Writes into a packet without giving it octets of its own, as SNPT and DNPT do (ip6t_NPT.c). */
export function overwrite(skb: Skb, packet: Packet): void {
  if (skb.shared?.versions.has(skb.packet)) {
    skb.shared.versions.add(packet);
    skb.shared.packet = packet;
  }
  skb.packet = packet;
}

/** Makes a packet what was written into its octets through another copy meanwhile. */
export function reread(skb: Skb): void {
  if (skb.shared?.versions.has(skb.packet)) skb.packet = skb.shared.packet;
}

/** A copy for flooding: everything but the packet's own state is shared, as skb_clone does. */
export function cloneSkb(skb: Skb): Skb {
  return skb.bridge ? skb.with({ bridge: { ...skb.bridge } }) : new Skb(skb);
}

/** Whether bridge netfilter was asked already for what PREROUTING would now be asked again (ip_sabotage_in), which it is once; the port is forgotten then. */
export function isPassedOver({ bridge }: Skb): boolean {
  if (!bridge || bridge.sabotageDone || bridge.inPrerouting) return false;
  bridge.sabotageDone = true;
  delete bridge.physOut;
  return true;
}

/** What a host keeps with a packet and does not hand on with it. */
const HOST_OWN = {
  connection: undefined,
  template: undefined,
  answersUntracked: undefined,
  bridge: undefined,
  destination: undefined,
  options: undefined,
  fragments: undefined,
  fragMaxSize: undefined,
  fragDf: undefined,
  ignoreDf: undefined,
  duplicate: undefined,
  taken: undefined,
  sentBy: undefined,
} as const satisfies Partial<Beside>;

/** A packet as another host gets it (skb_scrub_packet); a checksum that was found right for good stays so. */
export function scrubbed(skb: Skb): Skb {
  const moved = skb.with(HOST_OWN);
  if (moved.checksumSum !== "unnecessary") moved.checksumSum = undefined;
  return moved;
}

/** The packet with other addresses or ports. */
export function rewrite(packet: Packet, change: { src?: Address; dst?: Address; sport?: number; dport?: number; icmpId?: number }): Packet {
  let transport: Transport | undefined = packet.transport;
  if (transport && "sport" in transport && (change.sport !== undefined || change.dport !== undefined)) {
    transport = { ...transport, sport: change.sport ?? transport.sport, dport: change.dport ?? transport.dport };
  } else if (transport?.kind === "icmp" && change.icmpId !== undefined) {
    transport = { ...transport, id: change.icmpId };
  }
  const made: Mutable<Packet> = { ...packet, src: change.src ?? packet.src, dst: change.dst ?? packet.dst };
  if (transport) made.transport = transport;
  return made;
}
