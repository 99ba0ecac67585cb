import { type Packet, TCP_FLAG, type Tcp } from "../model/packet.ts";

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
export type TcpState = (typeof TCP_STATES)[number];

type Index = "SYN" | "SYNACK" | "FIN" | "ACK" | "RST" | "NONE";

const FLAG = {
  WINDOW_SCALE: 1,
  SACK_PERM: 2,
  CLOSE_INIT: 4,
  BE_LIBERAL: 8,
  DATA_UNACKNOWLEDGED: 16,
  MAXACK_SET: 32,
  CHALLENGE_ACK: 64,
  SIMULTANEOUS_OPEN: 128,
} as const;

/** What is known of one side of a connection (struct ip_ct_tcp_state). */
export interface TcpSide {
  end: number;
  maxEnd: number;
  maxWindow: number;
  maxAck: number;
  scale: number;
  flags: number;
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

export interface TcpSettings {
  readonly loose: boolean;
  readonly liberal: boolean;
  readonly ignoreInvalidRst: boolean;
  readonly maxRetransmissions: number;
  /** Seconds by state, and for RETRANS and UNACK. */
  timeout(state: TcpState | "RETRANS" | "UNACK"): number;
}

/** What the tracker decides; "reopen" means: forget this entry and look the packet up again. */
export type TcpVerdict =
  | { readonly kind: "accept"; readonly timeout?: number; readonly assure?: boolean; readonly kill?: boolean }
  | { readonly kind: "invalid"; readonly why: string }
  | { readonly kind: "reopen" };

// Rows by state as in TCP_STATES: "-" invalid, "=" ignored, else the index of the new state (tcp_conntracks in nf_conntrack_proto_tcp.c).
const TRANSITIONS: Readonly<Record<Index, readonly [string, string]>> = {
  SYN: ["11=====119", "-9-----1-9"],
  SYNACK: ["--2------2", "-2=======2"],
  FIN: ["--4466678-", "--4466678-"],
  ACK: ["3-3355778-", "-=2355778="],
  RST: ["-888888888", "-888888888"],
  NONE: ["----------", "----------"],
};

const VALID_FLAGS = new Set([2, 2 | 32, 2 | 16, 4, 4 | 16, 1 | 16, 1 | 16 | 32, 16, 16 | 32]);
const MAX_ACK_WINDOW = 66000;

const after = (a: number, b: number) => ((b - a) | 0) < 0;
const before = (a: number, b: number) => ((a - b) | 0) < 0;
const u32 = (n: number) => n >>> 0;

function indexOf(tcp: Tcp): Index {
  if (tcp.flags & TCP_FLAG.RST) return "RST";
  if (tcp.flags & TCP_FLAG.SYN) return tcp.flags & TCP_FLAG.ACK ? "SYNACK" : "SYN";
  if (tcp.flags & TCP_FLAG.FIN) return "FIN";
  return tcp.flags & TCP_FLAG.ACK ? "ACK" : "NONE";
}

/** Sequence number after a segment (segment_seq_plus_len). */
function endOf(packet: Packet, tcp: Tcp): number {
  const data = packet.length - packet.headerLength - tcp.headerLength;
  return u32(tcp.seq + data + (tcp.flags & TCP_FLAG.SYN ? 1 : 0) + (tcp.flags & TCP_FLAG.FIN ? 1 : 0));
}

function emptySide(): TcpSide {
  return { end: 0, maxEnd: 0, maxWindow: 0, maxAck: 0, scale: 0, flags: 0 };
}

/** Window scale and SACK permission of a SYN (tcp_options). */
function readOptions(tcp: Tcp, side: TcpSide): void {
  side.scale = 0;
  side.flags = 0;
  for (const option of tcp.options) {
    if (option.kind === 4 && option.data.length === 0) side.flags |= FLAG.SACK_PERM;
    if (option.kind === 3 && option.data.length === 1) {
      side.scale = Math.min(option.data[0] ?? 0, 14);
      side.flags |= FLAG.WINDOW_SCALE;
    }
  }
}

/** Highest sequence number that a SACK option acknowledges (tcp_sack). */
function highestSack(tcp: Tcp, ack: number): number {
  let highest = ack;
  for (const { kind, data } of tcp.options) {
    if (kind !== 5 || data.length % 8 !== 0) continue;
    for (let at = 4; at + 4 <= data.length; at += 8) {
      const edge = u32(((data[at] ?? 0) << 24) | ((data[at + 1] ?? 0) << 16) | ((data[at + 2] ?? 0) << 8) | (data[at + 3] ?? 0));
      if (after(edge, highest)) highest = edge;
    }
  }
  return highest;
}

/** Whether flags and lengths can be those of a segment (tcp_error); the reason when not. */
export function tcpError(packet: Packet, checkChecksum: boolean): string | undefined {
  const tcp = packet.transport;
  if (tcp?.kind !== "tcp") return packet.defect === "uncaptured" ? undefined : "the TCP header is too short";
  if (checkChecksum && packet.checksum === "bad") return "the TCP checksum is wrong";
  const flags = tcp.flags & 0x37;
  if (!VALID_FLAGS.has(flags)) return "this combination of TCP flags cannot be";
  return undefined;
}

/** The tracking state of a connection's first packet (tcp_new); undefined when it cannot be one. */
export function newTcp(packet: Packet, tcp: Tcp, settings: TcpSettings): TcpTracking | undefined {
  const next = TRANSITIONS[indexOf(tcp)][0][0];
  if (next === "-" || next === undefined) return undefined;
  const tracking: TcpTracking = {
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
  const sender = tracking.seen[0];
  sender.end = endOf(packet, tcp);
  sender.maxWindow = tcp.window || 1;
  if (next === "1") {
    sender.maxEnd = sender.end;
    readOptions(tcp, sender);
    return tracking;
  }
  if (!settings.loose) return undefined;
  sender.maxEnd = u32(sender.end + sender.maxWindow);
  tracking.seen[0].flags = tracking.seen[1].flags = FLAG.SACK_PERM | FLAG.BE_LIBERAL;
  return tracking;
}

/** The tracking state of an entry of `conntrack -L`, whose windows are not known. */
export function restoredTcp(state: TcpState): TcpTracking {
  const side = (): TcpSide => ({ ...emptySide(), flags: FLAG.BE_LIBERAL | FLAG.SACK_PERM });
  return {
    state,
    seen: [side(), side()],
    lastDirection: 0,
    retransmissions: 0,
    lastIndex: "NONE",
    lastSeq: 0,
    lastAck: 0,
    lastEnd: 0,
    lastWindow: 1,
    lastScale: 0,
    lastFlags: 0,
  };
}

/** Takes a connection through one segment (nf_conntrack_tcp_packet). Changes `tracking`. */
export function trackTcp(
  tracking: TcpTracking,
  packet: Packet,
  tcp: Tcp,
  dir: 0 | 1,
  seenReply: boolean,
  assured: boolean,
  settings: TcpSettings,
): TcpVerdict {
  const index = indexOf(tcp);
  let oldState = tracking.state;
  const other = tracking.seen[dir === 0 ? 1 : 0];
  const code = TRANSITIONS[index][dir][TCP_STATES.indexOf(oldState)];
  let inWindow = false;
  let newState: TcpState = oldState;
  if (code === "-" || code === undefined) return { kind: "invalid", why: `a ${describe(index)} cannot follow in state ${oldState}` };
  let ignored = code === "=";
  if (!ignored) newState = TCP_STATES[Number(code)] as TcpState;
  if (newState === "SYN_SENT" && (oldState === "TIME_WAIT" || oldState === "CLOSE" || oldState === "SYN_SENT2")) {
    if (
      ((tracking.seen[0].flags | tracking.seen[1].flags) & FLAG.CLOSE_INIT) !== 0 ||
      (tracking.lastDirection === dir && tracking.lastIndex === "RST")
    ) {
      return { kind: "reopen" };
    }
    ignored = true;
  }
  if (ignored) {
    if (index === "SYNACK" && tracking.lastIndex === "SYN" && tracking.lastDirection !== dir && tcp.ack === tracking.lastEnd) {
      oldState = "SYN_SENT";
      newState = "SYN_RECV";
      const side = tracking.seen[tracking.lastDirection];
      side.end = side.maxEnd = tracking.lastEnd;
      side.maxWindow = tracking.lastWindow || 1;
      side.scale = tracking.lastScale;
      tracking.lastFlags &= ~FLAG.CHALLENGE_ACK;
      side.flags = tracking.lastFlags;
      Object.assign(tracking.seen[dir], emptySide());
    } else {
      annotate(tracking, packet, tcp, dir, index, oldState);
      return { kind: "accept" };
    }
  } else if (newState === "TIME_WAIT") {
    if (
      oldState === "LAST_ACK" &&
      index === "ACK" &&
      tracking.lastDirection !== dir &&
      tracking.lastIndex === "SYN" &&
      tracking.lastFlags & FLAG.CHALLENGE_ACK
    ) {
      tracking.lastFlags &= ~FLAG.CHALLENGE_ACK;
      return { kind: "accept" };
    }
  } else if (newState === "SYN_SENT2") {
    tracking.lastFlags |= FLAG.SIMULTANEOUS_OPEN;
  } else if (newState === "SYN_RECV") {
    if (dir === 1 && index === "ACK" && tracking.lastFlags & FLAG.SIMULTANEOUS_OPEN) newState = "ESTABLISHED";
  } else if (newState === "CLOSE" && index === "RST") {
    const established = isEstablished(tracking, assured);
    if (other.flags & FLAG.MAXACK_SET && !(tcp.seq === 0 && !established)) {
      if (before(tcp.seq, other.maxAck) && !settings.ignoreInvalidRst)
        return { kind: "invalid", why: "the RST's sequence number is older than what was acknowledged" };
      const exact =
        !established ||
        tcp.seq === other.maxAck ||
        (tracking.lastIndex === "ACK" && tracking.lastDirection === dir && tcp.seq === tracking.lastEnd);
      if (!exact) newState = oldState;
      else inWindow = false;
      if (!exact) inWindow = answersIgnored(tracking, tcp, seenReply, assured, oldState);
    } else if (!(other.flags & FLAG.MAXACK_SET)) {
      inWindow = answersIgnored(tracking, tcp, seenReply, assured, oldState);
    }
  }
  if (!inWindow) {
    const verdict = checkWindow(tracking, packet, tcp, dir, index, settings);
    if (verdict === "ignore") return { kind: "accept" };
    if (verdict !== "accept") {
      if (
        assured &&
        (index === "RST" || index === "FIN") &&
        !(tracking.lastDirection !== dir && (tracking.lastIndex === "FIN" || tracking.lastIndex === "RST"))
      ) {
        tracking.lastIndex = index;
        tracking.lastDirection = dir;
      }
      return { kind: "invalid", why: verdict };
    }
  }
  tracking.lastIndex = index;
  tracking.lastDirection = dir;
  tracking.state = newState;
  if (oldState !== newState && newState === "FIN_WAIT") tracking.seen[dir].flags |= FLAG.CLOSE_INIT;
  let timeout = timeoutOf(tracking, index, newState, settings);
  if (!seenReply && dir === 0) {
    if (index === "RST") return { kind: "accept", kill: true };
    if (index === "SYN" && oldState === "SYN_SENT") return { kind: "accept" };
    if (newState === "ESTABLISHED") timeout = Math.min(timeout, settings.timeout("UNACK"));
  } else if (!seenReply) {
    if (index === "RST") return { kind: "accept", kill: true };
    if (newState === "ESTABLISHED") timeout = Math.min(timeout, settings.timeout("UNACK"));
  } else if (!assured && (oldState === "SYN_RECV" || oldState === "ESTABLISHED") && newState === "ESTABLISHED") {
    return { kind: "accept", timeout, assure: true };
  }
  return { kind: "accept", timeout };
}

function isEstablished(tracking: TcpTracking, assured: boolean): boolean {
  return tracking.state === "ESTABLISHED" && assured;
}

/** RST that answers a SYN or ACK which was let through without being believed. */
function answersIgnored(tracking: TcpTracking, tcp: Tcp, seenReply: boolean, assured: boolean, oldState: TcpState): boolean {
  if (((seenReply && tracking.lastIndex === "SYN") || (!assured && tracking.lastIndex === "ACK")) && tcp.ack === tracking.lastEnd)
    return true;
  return oldState === "SYN_SENT" && tracking.lastIndex === "ACK" && tracking.lastDirection === 1 && tcp.seq === tracking.lastAck;
}

/** Remembers a segment that was let through without changing the state. */
function annotate(tracking: TcpTracking, packet: Packet, tcp: Tcp, dir: 0 | 1, index: Index, oldState: TcpState): void {
  tracking.lastIndex = index;
  tracking.lastDirection = dir;
  tracking.lastSeq = tcp.seq;
  tracking.lastEnd = endOf(packet, tcp);
  tracking.lastWindow = tcp.window;
  if (index === "SYN" && dir === 0) {
    const side = emptySide();
    readOptions(tcp, side);
    tracking.lastFlags = side.flags & (FLAG.WINDOW_SCALE | FLAG.SACK_PERM);
    tracking.lastScale = side.flags & FLAG.WINDOW_SCALE ? side.scale : 0;
    if (oldState === "LAST_ACK") tracking.lastFlags |= FLAG.CHALLENGE_ACK;
  }
  if (oldState === "SYN_SENT" && index === "ACK" && dir === 1) tracking.lastAck = tcp.ack;
}

function timeoutOf(tracking: TcpTracking, index: Index, state: TcpState, settings: TcpSettings): number {
  const base = settings.timeout(state);
  if (tracking.retransmissions >= settings.maxRetransmissions && base > settings.timeout("RETRANS")) return settings.timeout("RETRANS");
  if (index === "RST") return settings.timeout("CLOSE");
  if ((tracking.seen[0].flags | tracking.seen[1].flags) & FLAG.DATA_UNACKNOWLEDGED && base > settings.timeout("UNACK"))
    return settings.timeout("UNACK");
  if (tracking.lastWindow === 0 && base > settings.timeout("RETRANS")) return settings.timeout("RETRANS");
  return base;
}

function describe(index: Index): string {
  return { SYN: "SYN", SYNACK: "SYN,ACK", FIN: "FIN", ACK: "ACK", RST: "RST", NONE: "segment without flags" }[index];
}

/** Window check and update (tcp_in_window): "accept", "ignore", or why the segment is invalid. */
function checkWindow(tracking: TcpTracking, packet: Packet, tcp: Tcp, dir: 0 | 1, index: Index, settings: TcpSettings): string {
  const sender = tracking.seen[dir];
  const receiver = tracking.seen[dir === 0 ? 1 : 0];
  let seq = tcp.seq;
  let ack = tcp.ack;
  let window = tcp.window;
  let end = endOf(packet, tcp);
  let sack = receiver.flags & FLAG.SACK_PERM ? highestSack(tcp, ack) : ack;
  const syn = (tcp.flags & TCP_FLAG.SYN) !== 0;
  const hasAck = (tcp.flags & TCP_FLAG.ACK) !== 0;
  const initialise = () => {
    sender.end = sender.maxEnd = end;
    sender.maxWindow = window || 1;
    readOptions(tcp, sender);
    if (dir === 1 && !(sender.flags & FLAG.WINDOW_SCALE && receiver.flags & FLAG.WINDOW_SCALE)) sender.scale = receiver.scale = 0;
  };
  if (sender.maxWindow === 0) {
    if (syn) {
      initialise();
      if (!hasAck) return "accept";
    } else {
      sender.end = end;
      sender.maxWindow = window << sender.scale || 1;
      sender.maxEnd = u32(end + sender.maxWindow);
      if (receiver.maxWindow === 0) receiver.end = receiver.maxEnd = sack;
      else if (sack === u32(receiver.end + 1)) receiver.end = u32(receiver.end + 1);
    }
  } else if (syn && after(end, sender.end) && (tracking.state === "SYN_SENT" || tracking.state === "SYN_RECV")) {
    initialise();
    if (dir === 1 && !hasAck) return "accept";
  }
  if (!hasAck || (tcp.flags & TCP_FLAG.RST && ack === 0)) ack = sack = receiver.end;
  if (tcp.flags & TCP_FLAG.RST && seq === 0 && tracking.state === "SYN_SENT") seq = end = sender.end;
  const liberal = settings.liberal || (sender.flags & FLAG.BE_LIBERAL) !== 0;
  const maxAckWindow = Math.max(sender.maxWindow, MAX_ACK_WINDOW);
  if (!before(seq, u32(sender.maxEnd + 1))) {
    const overshot = u32(end - sender.maxEnd + 1);
    const ackOk = after(sack, u32(receiver.end - maxAckWindow - 1));
    const inReceive = receiver.maxWindow !== 0 && after(end, u32(sender.end - receiver.maxWindow - 1));
    if (inReceive && ackOk && overshot <= receiver.maxWindow && before(sack, u32(receiver.end + 1))) {
      sender.end = end;
      sender.flags |= FLAG.DATA_UNACKNOWLEDGED;
    }
    return liberal ? "accept" : "its sequence number is above the receiver's window";
  }
  if (!before(sack, u32(receiver.end + 1))) return liberal ? "accept" : "it acknowledges data that was not seen";
  if (receiver.maxWindow !== 0 && !after(end, u32(sender.end - receiver.maxWindow - 1))) return liberal ? "accept" : "ignore";
  if (!after(sack, u32(receiver.end - maxAckWindow - 1))) return liberal ? "accept" : "ignore";
  if (!syn) window = u32(window << sender.scale);
  const scaled = u32(window + u32(sack - ack));
  if (sender.maxWindow < scaled) sender.maxWindow = scaled;
  if (after(end, sender.end)) {
    sender.end = end;
    sender.flags |= FLAG.DATA_UNACKNOWLEDGED;
  }
  if (hasAck) {
    if (!(sender.flags & FLAG.MAXACK_SET)) {
      sender.maxAck = ack;
      sender.flags |= FLAG.MAXACK_SET;
    } else if (after(ack, sender.maxAck)) sender.maxAck = ack;
  }
  if (receiver.maxWindow !== 0 && after(end, sender.maxEnd)) receiver.maxWindow = u32(receiver.maxWindow + u32(end - sender.maxEnd));
  if (after(u32(sack + window), u32(receiver.maxEnd - 1))) {
    receiver.maxEnd = u32(sack + window);
    if (window === 0) receiver.maxEnd = u32(receiver.maxEnd + 1);
  }
  if (ack === receiver.end) receiver.flags &= ~FLAG.DATA_UNACKNOWLEDGED;
  if (index === "ACK") noteRetransmission(tracking, tcp, dir, end);
  return "accept";
}

function noteRetransmission(tracking: TcpTracking, tcp: Tcp, dir: 0 | 1, end: number): void {
  const same =
    tracking.lastDirection === dir &&
    tracking.lastSeq === tcp.seq &&
    tracking.lastAck === tcp.ack &&
    tracking.lastEnd === end &&
    tracking.lastWindow === tcp.window;
  if (same) {
    tracking.retransmissions++;
    return;
  }
  tracking.lastDirection = dir;
  tracking.lastSeq = tcp.seq;
  tracking.lastAck = tcp.ack;
  tracking.lastEnd = end;
  tracking.lastWindow = tcp.window;
  tracking.retransmissions = 0;
}
