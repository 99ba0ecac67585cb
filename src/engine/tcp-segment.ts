import { type Packet, TCP_FLAG, type Tcp, type TcpOption } from "../model/packet.ts";

/** TCP states in the order of nf_conntrack_tcp.h. */
export const TCP_STATES = [
  "NONE",
  "SYN_SENT",
  "SYN_RECV",
  "ESTABLISHED",
  "FIN_WAIT",
  "CLOSE_WAIT",
  "LAST_ACK",
  "TIME_WAIT",
  "CLOSE",
  "SYN_SENT2",
] as const;
/** One of them. */
export type TcpState = (typeof TCP_STATES)[number];

/** What a segment is to the state machine (get_conntrack_index). */
export const INDICES = ["SYN", "SYNACK", "FIN", "ACK", "RST", "NONE"] as const;
/** One of them. */
export type Index = (typeof INDICES)[number];

/** Flags of one side (IP_CT_TCP_FLAG_*, include/uapi/linux/netfilter/nf_conntrack_tcp.h). */
export const FLAG = {
  WINDOW_SCALE: 1,
  SACK_PERM: 2,
  CLOSE_INIT: 4,
  BE_LIBERAL: 8,
  DATA_UNACKNOWLEDGED: 16,
  MAXACK_SET: 32,
  CHALLENGE_ACK: 64,
  SIMULTANEOUS_OPEN: 128,
} as const;

/** What is known of one side of a connection (struct ip_ct_tcp_state); sequence numbers as they are kept. */
export interface TcpSide {
  end: number;
  maxEnd: number;
  maxWindow: number;
  maxAck: number;
  scale: number;
  flags: number;
  /** Of an entry older than the capture, of which nothing but its state is known. */
  old: boolean;
}

/** struct ip_ct_tcp */
export interface TcpTracking {
  state: TcpState;
  seen: [TcpSide, TcpSide];
  lastDirection: 0 | 1;
  retransmissions: number;
  lastIndex: Index;
  lastSeq: number;
  lastAck: number;
  lastEnd: number;
  lastWindow: number;
  lastScale: number;
  lastFlags: number;
}

/** Tracking of a connection of which nothing has been seen. */
export function emptyTracking(): TcpTracking {
  return {
    state: "NONE",
    seen: [emptySide(), emptySide()],
    lastDirection: 0,
    retransmissions: 0,
    lastIndex: "NONE",
    lastSeq: 0,
    lastAck: 0,
    lastEnd: 0,
    lastWindow: 0,
    lastScale: 0,
    lastFlags: 0,
  };
}

/** The same once more, so that what it was can be put back. */
export function copyTracking(tracking: TcpTracking): TcpTracking {
  const [first, second] = tracking.seen;
  return { ...tracking, seen: [{ ...first }, { ...second }] };
}

/** Writes one over another, sides and all; field by field, since it is done for nearly every packet. */
export function overwriteTracking(to: TcpTracking, from: TcpTracking): void {
  to.state = from.state;
  overwriteSide(to.seen[0], from.seen[0]);
  overwriteSide(to.seen[1], from.seen[1]);
  to.lastDirection = from.lastDirection;
  to.retransmissions = from.retransmissions;
  to.lastIndex = from.lastIndex;
  to.lastSeq = from.lastSeq;
  to.lastAck = from.lastAck;
  to.lastEnd = from.lastEnd;
  to.lastWindow = from.lastWindow;
  to.lastScale = from.lastScale;
  to.lastFlags = from.lastFlags;
}

function overwriteSide(to: TcpSide, from: TcpSide): void {
  to.end = from.end;
  to.maxEnd = from.maxEnd;
  to.maxWindow = from.maxWindow;
  to.maxAck = from.maxAck;
  to.scale = from.scale;
  to.flags = from.flags;
  to.old = from.old;
}

/** Settings of a namespace (net.netfilter.nf_conntrack_tcp_*). */
export interface TcpSettings {
  readonly loose: boolean;
  readonly liberal: boolean;
  readonly ignoreInvalidRst: boolean;
  readonly maxRetransmissions: number;
  /** Seconds by state, and for RETRANS and UNACK. */
  timeout(state: TcpState | "RETRANS" | "UNACK"): number;
}

/** Comparisons of sequence numbers, which wrap round (include/net/tcp.h). */
export const after = (a: number, b: number) => ((b - a) | 0) < 0;
export const before = (a: number, b: number) => ((a - b) | 0) < 0;
export const u32 = (n: number) => n >>> 0;
/** A sequence number as it is kept: of 32 bits with a sign, which V8 keeps without an object for each. */
export const i32 = (n: number) => n | 0;

/** Sorts a segment by its flags. */
export function indexOf(tcp: Tcp): Index {
  if (tcp.flags & TCP_FLAG.RST) return "RST";
  if (tcp.flags & TCP_FLAG.SYN) return tcp.flags & TCP_FLAG.ACK ? "SYNACK" : "SYN";
  if (tcp.flags & TCP_FLAG.FIN) return "FIN";
  return tcp.flags & TCP_FLAG.ACK ? "ACK" : "NONE";
}

/** Sequence number after a segment (segment_seq_plus_len), as it is kept. */
export function endOf(packet: Packet, tcp: Tcp): number {
  const data = packet.length - packet.headerLength - tcp.headerLength;
  return i32(tcp.seq + data + (tcp.flags & TCP_FLAG.SYN ? 1 : 0) + (tcp.flags & TCP_FLAG.FIN ? 1 : 0));
}

/** A side of which nothing has been seen. */
export function emptySide(): TcpSide {
  return { end: 0, maxEnd: 0, maxWindow: 0, maxAck: 0, scale: 0, flags: 0, old: false };
}

/** Window scale and SACK permission of a SYN (tcp_options); without any option the side stays as it was. */
export function readOptions(tcp: Tcp, side: TcpSide): void {
  if (tcp.headerLength === 20) return;
  side.scale = 0;
  side.flags &= FLAG.BE_LIBERAL;
  for (const option of tcp.options) {
    if (option.kind === 4 && option.data.length === 0) side.flags |= FLAG.SACK_PERM;
    if (option.kind === 3 && option.data.length === 1) {
      side.scale = Math.min(option.data[0] ?? 0, 14);
      side.flags |= FLAG.WINDOW_SCALE;
    }
  }
}

/** Highest sequence number that a SACK option acknowledges (tcp_sack), as it is kept. */
export function highestSack(tcp: Tcp, ack: number): number {
  let highest = i32(ack);
  const { options } = tcp;
  for (let i = 0; i < options.length; i++) {
    const { kind, data } = options[i] as TcpOption;
    if (kind !== 5) continue;
    if (data.length === 0 || data.length % 8 !== 0) continue;
    for (let at = 4; at + 4 <= data.length; at += 8) {
      const edge = i32(((data[at] ?? 0) << 24) | ((data[at + 1] ?? 0) << 16) | ((data[at + 2] ?? 0) << 8) | (data[at + 3] ?? 0));
      if (after(edge, highest)) highest = edge;
    }
    return highest;
  }
  return highest;
}
