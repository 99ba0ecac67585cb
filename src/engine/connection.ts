import type { Address } from "../model/address.ts";
import type { Tuple } from "../model/host.ts";
import { isIcmp, type Packet, PROTOCOL } from "../model/packet.ts";
import type { Counters } from "./accounting.ts";
import type { SctpTracking } from "./conntrack-sctp.ts";
import { trackedProtocol } from "./extensions6.ts";
import { folded, mixed } from "./hash.ts";
import type { FtpTracking } from "./helper-ftp.ts";
import type { SequenceShift } from "./sequence-shift.ts";
import type { Restorable } from "./state.ts";
import { copyTracking, type TcpTracking } from "./tcp-segment.ts";
import type { Zone } from "./zone.ts";

/** Addresses and ports in one direction; ports are the identifier (sport) and type and code (dport) for ICMP. */
export interface FlowTuple {
  readonly src: Address;
  readonly dst: Address;
  readonly protocol: number;
  readonly sport: number;
  readonly dport: number;
}

/** The span from which NAT drew a port that is not known, and the side that it is on. */
export interface DrawnPort {
  readonly manip: "src" | "dst";
  readonly min: number;
  readonly max: number;
}

/** Keeps the hashes of tuples apart from those of contents. */
const TUPLE = 0x7f4a_7c15;

/** A port that the kernel picks at random. */
export const ANY_PORT = -1;

/** A conntrack entry (struct nf_conn). */
export class Connection implements Restorable {
  readonly id: number;
  readonly netns: string;
  readonly zone: Zone;
  /** Changes only where another host's NAT drew a port that a packet told later. */
  original: FlowTuple;
  reply: FlowTuple;
  confirmed = false;
  seenReply = false;
  assured = false;
  expected = false;
  srcNat = false;
  dstNat = false;
  srcNatDone = false;
  dstNatDone = false;
  dying = false;
  /** Entered by what a bridge took up of a frame for many (br_nf_local_in). */
  fromMany = false;
  /** What it is was written elsewhere (Resting), and this object stands for it no more. */
  resting = false;
  mark = 0;
  helper: string | undefined;
  /** The connection whose helper announced this one, where `expected` holds. */
  master: Connection | undefined;
  /** Key of what its helper has announced. */
  announced: string | undefined;
  ftp: FtpTracking | undefined;
  /** By direction. */
  shifts: readonly [SequenceShift, SequenceShift] | undefined;
  /** Nanoseconds since the epoch: when it runs out, and when a packet of it was seen last. */
  expires = 0n;
  touched = 0n;
  /** UDP: from when on it counts as a stream. */
  streamFrom = 0n;
  tcp: TcpTracking | undefined;
  sctp: SctpTracking | undefined;
  drawn: DrawnPort | undefined;
  /** What it sent last, while a port of it is not known. */
  asked: Packet | undefined;
  /** Device whose address MASQUERADE took. */
  masqueradedOn: string | undefined;
  /** What it has carried; undefined where nobody counts. */
  counters: Counters | "unknown" | undefined;
  /** Its number for the reader. */
  flow: number | undefined;
  /** Came from `conntrack -L`. */
  readonly fromSnapshot: boolean;
  /** Came from a list that may be younger than the capture, and no packet of it was seen yet: when that was taken. */
  listed: { readonly at: bigint | undefined } | undefined;

  constructor(id: number, netns: string, zone: Zone, original: FlowTuple, fromSnapshot = false) {
    this.id = id;
    this.netns = netns;
    this.zone = zone;
    this.original = original;
    this.reply = invert(original) ?? original;
    this.fromSnapshot = fromSnapshot;
  }

  get stateKey(): string {
    return `ct|${this.id}`;
  }

  copyState(): object {
    const copy: Pick<Connection, "tcp"> = { ...this };
    // One that is not in the table yet has been tracked, and is not again before it is there.
    if (this.confirmed) copy.tcp = this.tcp && copyTracking(this.tcp);
    return copy;
  }
}

/** Reply types of ICMP requests (nf_conntrack_proto_icmp.c, invmap). */
const ICMP_INVERSE: Readonly<Record<number, number>> = { 8: 0, 0: 8, 13: 14, 14: 13, 15: 16, 16: 15, 17: 18, 18: 17 };
const ICMP6_INVERSE: Readonly<Record<number, number>> = { 128: 129, 129: 128, 139: 140, 140: 139 };

/** The tuple of the other direction (nf_ct_invert_tuple); undefined for ICMP types that have none. */
export function invert(tuple: FlowTuple): FlowTuple | undefined {
  if (isIcmp(tuple.protocol)) {
    const type = (tuple.protocol === 1 ? ICMP_INVERSE : ICMP6_INVERSE)[tuple.dport >> 8];
    if (type === undefined) return undefined;
    return { src: tuple.dst, dst: tuple.src, protocol: tuple.protocol, sport: tuple.sport, dport: (type << 8) | (tuple.dport & 255) };
  }
  return { src: tuple.dst, dst: tuple.src, protocol: tuple.protocol, sport: tuple.dport, dport: tuple.sport };
}

/** Whether two tuples are the same (nf_ct_tuple_equal). */
export function sameTuple(a: FlowTuple, b: FlowTuple): boolean {
  return a.src === b.src && a.dst === b.dst && a.protocol === b.protocol && a.sport === b.sport && a.dport === b.dport;
}

/** Identifies a tuple among all of a namespace and zone. */
export function tupleKey(tuple: FlowTuple): string {
  return `${tuple.src}|${tuple.dst}|${tuple.protocol}|${tuple.sport}|${tuple.dport}`;
}

/** A number by which a tuple is found again; others may have the same. */
export function tupleHash({ src, dst, protocol, sport, dport }: FlowTuple): number {
  return mixed(mixed(mixed(mixed(mixed(protocol, folded(src)), folded(dst)), sport), dport), TUPLE);
}

/** A tuple in the model's form. */
export function toModelTuple(tuple: FlowTuple): Tuple {
  if (isIcmp(tuple.protocol)) {
    return {
      src: tuple.src,
      dst: tuple.dst,
      protocol: tuple.protocol,
      sport: tuple.sport,
      dport: tuple.sport,
      icmp: { type: tuple.dport >> 8, code: tuple.dport & 255, id: tuple.sport },
    };
  }
  return { src: tuple.src, dst: tuple.dst, protocol: tuple.protocol, sport: tuple.sport, dport: tuple.dport };
}

/** A tuple of `conntrack -L` in the engine's form. */
export function fromModelTuple(tuple: Tuple): FlowTuple {
  const { src, dst, protocol } = tuple;
  if (tuple.icmp) return { src, dst, protocol, sport: tuple.icmp.id, dport: (tuple.icmp.type << 8) | tuple.icmp.code };
  return { src, dst, protocol, sport: tuple.sport ?? 0, dport: tuple.dport ?? 0 };
}

/** The tuple of a packet (nf_ct_get_tuple); undefined when its header is not there. */
export function tupleOf(packet: Packet): FlowTuple | undefined {
  const { src, dst, protocol, transport } = packet;
  if (packet.fragment && packet.fragment.offset > 0) return undefined;
  if (transport?.kind === "icmp") {
    return { src, dst, protocol, sport: transport.id ?? identifierOf(packet), dport: (transport.type << 8) | transport.code };
  }
  // DCCP is no longer known to connection tracking, and treated as any protocol without ports.
  if (protocol === PROTOCOL.dccp) return { src, dst, protocol, sport: 0, dport: 0 };
  if (transport && "sport" in transport) return { src, dst, protocol, sport: transport.sport, dport: transport.dport };
  if (protocol === PROTOCOL.gre) return greTuple(packet);
  const needsPorts = [PROTOCOL.tcp, PROTOCOL.udp, PROTOCOL.icmp, PROTOCOL.sctp, PROTOCOL.udplite, PROTOCOL.icmpv6] as readonly number[];
  if (needsPorts.includes(protocol)) return cutPorts(packet);
  return { src, dst, protocol: trackedProtocol(packet), sport: 0, dport: 0 };
}

/** icmpv6_pkt_to_tuple takes for an identifier what stands in its place, as in a node information query (139). */
function identifierOf({ protocol, transport, payload }: Packet): number {
  if (protocol !== PROTOCOL.icmpv6 || transport?.kind !== "icmp" || ICMP6_INVERSE[transport.type] === undefined) return 0;
  return ((payload[4] ?? 0) << 8) | (payload[5] ?? 0);
}

/** nf_ct_get_tuple_ports: of a header that was cut off the ports are enough, in an ICMP error's quote. */
function cutPorts({ src, dst, protocol, payload, defect }: Packet): FlowTuple | undefined {
  if (defect === undefined || defect === "malformed" || payload.length < 4 || isIcmp(protocol)) return undefined;
  const port = (at: number) => ((payload[at] ?? 0) << 8) | (payload[at + 1] ?? 0);
  return { src, dst, protocol, sport: port(0), dport: port(2) };
}

const WITH_PORTS: readonly number[] = [PROTOCOL.tcp, PROTOCOL.udp, PROTOCOL.udplite, PROTOCOL.sctp];

/** nf_ct_get_tuple asks for no more than the ports, of whatever header they stand in. */
export function portsOnly({ src, dst, protocol, payload, fragment }: Packet): FlowTuple | undefined {
  const [a, b, c, d] = payload;
  if (!WITH_PORTS.includes(protocol) || (fragment?.offset ?? 0) > 0) return undefined;
  if (a === undefined || b === undefined || c === undefined || d === undefined) return undefined;
  return { src, dst, protocol, sport: a * 256 + b, dport: c * 256 + d };
}

/** gre_pkt_to_tuple: the call of PPTP's enhanced GRE (RFC 2637) takes a port's place; other GRE has none. */
function greTuple({ src, dst, protocol, payload, length, headerLength }: Packet): FlowTuple | undefined {
  const octet = (at: number) => payload[at] ?? 0;
  const enhanced = payload.length >= 4 && (octet(1) & 7) === 1;
  if (enhanced && length - headerLength >= 8) {
    if (octet(2) !== 0x88 || octet(3) !== 0x0b) return undefined;
    return { src, dst, protocol, sport: 0, dport: (octet(6) << 8) | octet(7) };
  }
  return { src, dst, protocol, sport: 0, dport: 0 };
}
