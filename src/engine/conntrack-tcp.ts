import type { Packet, Tcp } from "../model/packet.ts";
import type { Connection } from "./connection.ts";
import {
  before,
  emptySide,
  emptyTracking,
  endOf,
  FLAG,
  type Index,
  i32,
  indexOf,
  readOptions,
  TCP_STATES,
  type TcpSettings,
  type TcpSide,
  type TcpState,
  type TcpTracking,
} from "./tcp-segment.ts";
import { checkWindow } from "./tcp-window.ts";
import { Undecided } from "./undecided.ts";

/** What the tracker decides; "reopen" means: forget this entry and look the packet up again. */
export type TcpVerdict =
  | { readonly kind: "accept"; readonly timeout?: number; readonly assure?: boolean; readonly kill?: boolean }
  /** `lower`: an entry that is long to live is not to outlive so many seconds (nf_tcp_handle_invalid). */
  | { readonly kind: "invalid"; readonly why: string; readonly lower?: number }
  | { readonly kind: "reopen" };

/** By direction and state as in TCP_STATES: "-" invalid, "=" ignored, else the index of the new state (tcp_conntracks in nf_conntrack_proto_tcp.c). */
function transitions(index: Index, dir: 0 | 1): string {
  // A switch, since V8 finds fields by name more slowly once there are more than four names.
  switch (index) {
    case "ACK":
      return dir === 0 ? "3-3355778-" : "-=2355778=";
    case "SYN":
      return dir === 0 ? "11=====119" : "-9-----1-9";
    case "SYNACK":
      return dir === 0 ? "--2------2" : "-2=======2";
    case "FIN":
      return "--4466678-";
    case "RST":
      return "-888888888";
    case "NONE":
      return "----------";
  }
}

/** States in which a connection may be forgotten under pressure (tcp_can_early_drop). */
const CLOSING: ReadonlySet<TcpState> = new Set(["FIN_WAIT", "CLOSE_WAIT", "LAST_ACK", "TIME_WAIT", "CLOSE"]);

const VALID_FLAGS = new Set([2, 2 | 32, 2 | 16, 4, 4 | 16, 1 | 16, 1 | 16 | 32, 16, 16 | 32]);

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
  const next = transitions(indexOf(tcp), 0)[0];
  if (next === "-" || next === undefined) return undefined;
  const tracking = emptyTracking();
  const sender = tracking.seen[0];
  sender.end = endOf(packet, tcp);
  sender.maxWindow = tcp.window || 1;
  if (next === "1") {
    sender.maxEnd = sender.end;
    readOptions(tcp, sender);
    return tracking;
  }
  if (!settings.loose) return undefined;
  sender.maxEnd = i32(sender.end + sender.maxWindow);
  tracking.seen[0].flags = tracking.seen[1].flags = FLAG.SACK_PERM | FLAG.BE_LIBERAL;
  return tracking;
}

/** The tracking state of an entry of `conntrack -L`, whose windows are not known. */
export function restoredTcp(state: TcpState): TcpTracking {
  // Whoever closed first left its mark, without which TIME_WAIT could not be opened again.
  const closing = ["FIN_WAIT", "CLOSE_WAIT", "LAST_ACK", "TIME_WAIT"].includes(state) ? FLAG.CLOSE_INIT : 0;
  const side = (): TcpSide => ({ ...emptySide(), flags: FLAG.BE_LIBERAL | FLAG.SACK_PERM | closing, old: true });
  return { ...emptyTracking(), state, seen: [side(), side()], lastWindow: 1 };
}

/** What trackTcp looks at of a connection beside its tracking; `shifts` tell how far a helper has moved its sequence numbers. */
type Tracked = Pick<Connection, "seenReply" | "assured" | "shifts">;

/** Takes a connection through one segment (nf_conntrack_tcp_packet). Changes `tracking`. */
export function trackTcp(tracking: TcpTracking, packet: Packet, tcp: Tcp, dir: 0 | 1, tracked: Tracked, settings: TcpSettings): TcpVerdict {
  const { seenReply, assured } = tracked;
  const index = indexOf(tcp);
  let oldState = tracking.state;
  const code = transitions(index, dir)[TCP_STATES.indexOf(oldState)];
  let inWindow = false;
  let newState: TcpState = oldState;
  if (code === "-" || code === undefined) return { kind: "invalid", why: `a ${describe(index)} cannot follow in state ${oldState}` };
  let ignored = code === "=";
  if (!ignored) newState = TCP_STATES[Number(code)] as TcpState;
  if (newState === "SYN_SENT" && (oldState === "TIME_WAIT" || oldState === "CLOSE" || oldState === "SYN_SENT2")) {
    const closed = ((tracking.seen[0].flags | tracking.seen[1].flags) & FLAG.CLOSE_INIT) !== 0;
    if (closed || (tracking.lastDirection === dir && tracking.lastIndex === "RST")) return { kind: "reopen" };
    if (oldState === "CLOSE" && tracking.seen[dir].old && tracking.lastIndex === "NONE")
      throw new Undecided(
        "which side had reset the connection before the capture began: the client can open it anew only if it was its own",
      );
    ignored = true;
  }
  if (ignored) {
    if (index === "SYNACK" && tracking.lastIndex === "SYN" && tracking.lastDirection !== dir && i32(tcp.ack) === tracking.lastEnd) {
      oldState = "SYN_SENT";
      newState = "SYN_RECV";
      believeSyn(tracking, dir);
    } else {
      annotate(tracking, packet, tcp, dir, index, oldState);
      return { kind: "accept" };
    }
  } else if (newState === "TIME_WAIT") {
    if (isChallengeAck(tracking, dir, index, oldState)) {
      tracking.lastFlags &= ~FLAG.CHALLENGE_ACK;
      return { kind: "accept" };
    }
  } else if (newState === "SYN_SENT2") {
    tracking.lastFlags |= FLAG.SIMULTANEOUS_OPEN;
  } else if (newState === "SYN_RECV") {
    if (dir === 1 && index === "ACK" && tracking.lastFlags & FLAG.SIMULTANEOUS_OPEN) newState = "ESTABLISHED";
  } else if (newState === "CLOSE" && index === "RST") {
    const reset = judgeReset(tracking, tcp, dir, tracked, settings);
    if (reset === "invalid") return { kind: "invalid", why: "the RST's sequence number is older than what was acknowledged" };
    if (reset.keep) newState = oldState;
    inWindow = reset.inWindow;
  }
  if (!inWindow) {
    const verdict = checkWindow(tracking, packet, tcp, dir, index, settings, tracked);
    if (verdict === "ignore") return { kind: "accept" };
    if (verdict !== "accept") return invalid(tracking, dir, index, verdict, assured, settings);
  }
  tracking.lastIndex = index;
  tracking.lastDirection = dir;
  tracking.state = newState;
  if (oldState !== newState && newState === "FIN_WAIT") tracking.seen[dir].flags |= FLAG.CLOSE_INIT;
  let timeout = timeoutOf(tracking, index, newState, settings);
  if (!seenReply) {
    if (index === "RST") return { kind: "accept", kill: true };
    if (index === "SYN" && oldState === "SYN_SENT") return { kind: "accept" };
    if (newState === "ESTABLISHED") timeout = Math.min(timeout, settings.timeout("UNACK"));
  } else if (!assured && (oldState === "SYN_RECV" || oldState === "ESTABLISHED") && newState === "ESTABLISHED") {
    return { kind: "accept", timeout, assure: true };
  }
  return { kind: "accept", timeout };
}

/** A SYN/ACK that answers a SYN which was let through without being believed: client and server are right, and the tracking starts over. */
function believeSyn(tracking: TcpTracking, dir: 0 | 1): void {
  const side = tracking.seen[tracking.lastDirection];
  side.end = side.maxEnd = tracking.lastEnd;
  side.maxWindow = tracking.lastWindow || 1;
  side.scale = tracking.lastScale;
  tracking.lastFlags &= ~FLAG.CHALLENGE_ACK;
  side.flags = tracking.lastFlags;
  tracking.seen[dir] = { ...emptySide(), flags: tracking.seen[dir].flags & FLAG.BE_LIBERAL };
}

/** RFC 5961: an ACK that only challenges a stray SYN does not acknowledge the last FIN. */
function isChallengeAck(tracking: TcpTracking, dir: 0 | 1, index: Index, oldState: TcpState): boolean {
  return (
    oldState === "LAST_ACK" &&
    index === "ACK" &&
    tracking.lastDirection !== dir &&
    tracking.lastIndex === "SYN" &&
    (tracking.lastFlags & FLAG.CHALLENGE_ACK) !== 0
  );
}

/** Whether an RST closes the connection or keeps its state, and whether it passes without a look at the window. */
function judgeReset(
  tracking: TcpTracking,
  tcp: Tcp,
  dir: 0 | 1,
  { assured, seenReply }: Tracked,
  settings: TcpSettings,
): "invalid" | { readonly keep: boolean; readonly inWindow: boolean } {
  const other = tracking.seen[dir === 0 ? 1 : 0];
  if (CLOSING.has(tracking.state)) return { keep: false, inWindow: true };
  let keep = false;
  if (other.flags & FLAG.MAXACK_SET && tracking.lastIndex !== "SYN") {
    const established = tracking.state === "ESTABLISHED" && assured;
    if (tcp.seq === 0 && !established) return { keep, inWindow: false };
    if (before(tcp.seq, other.maxAck) && !settings.ignoreInvalidRst) return "invalid";
    if (!established || i32(tcp.seq) === other.maxAck) return { keep, inWindow: false };
    if (tracking.lastIndex === "ACK" && tracking.lastDirection === dir && i32(tcp.seq) === tracking.lastEnd)
      return { keep, inWindow: false };
    keep = true;
  }
  const answersSyn = seenReply && tracking.lastIndex === "SYN" && tracking.lastDirection !== dir;
  const answersIgnored = answersSyn || (!assured && tracking.lastIndex === "ACK");
  if (answersIgnored && i32(tcp.ack) === tracking.lastEnd) return { keep, inWindow: true };
  const answersChallenge = tracking.state === "SYN_SENT" && tracking.lastIndex === "ACK" && tracking.lastDirection === 1;
  return { keep, inWindow: answersChallenge && i32(tcp.seq) === tracking.lastAck };
}

/** nf_tcp_handle_invalid: FIN or RST out of window, from both sides, make an entry short-lived. */
function invalid(tracking: TcpTracking, dir: 0 | 1, index: Index, why: string, assured: boolean, settings: TcpSettings): TcpVerdict {
  if (!assured || (index !== "RST" && index !== "FIN")) return { kind: "invalid", why };
  if (tracking.lastDirection !== dir && (tracking.lastIndex === "FIN" || tracking.lastIndex === "RST"))
    return { kind: "invalid", why, lower: settings.timeout("UNACK") };
  tracking.lastIndex = index;
  tracking.lastDirection = dir;
  return { kind: "invalid", why };
}

/** Remembers a segment that was let through without changing the state. */
function annotate(tracking: TcpTracking, packet: Packet, tcp: Tcp, dir: 0 | 1, index: Index, oldState: TcpState): void {
  tracking.lastIndex = index;
  tracking.lastDirection = dir;
  tracking.lastSeq = i32(tcp.seq);
  tracking.lastEnd = endOf(packet, tcp);
  tracking.lastWindow = tcp.window;
  if (index === "SYN" && dir === 0) {
    const side = emptySide();
    readOptions(tcp, side);
    tracking.lastFlags = side.flags & (FLAG.WINDOW_SCALE | FLAG.SACK_PERM);
    tracking.lastScale = side.flags & FLAG.WINDOW_SCALE ? side.scale : 0;
    if (oldState === "LAST_ACK") tracking.lastFlags |= FLAG.CHALLENGE_ACK;
  }
  if (oldState === "SYN_SENT" && index === "ACK" && dir === 1) tracking.lastAck = i32(tcp.ack);
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
