import { type Packet, TCP_FLAG, type Tcp } from "../model/packet.ts";
import { type Shifted, shiftOf } from "./sequence-shift.ts";
import {
  after,
  before,
  endOf,
  FLAG,
  highestSack,
  type Index,
  i32,
  readOptions,
  type TcpSettings,
  type TcpSide,
  type TcpTracking,
  u32,
} from "./tcp-segment.ts";

/** Acknowledgements may be this much behind (MAXACKWINCONST). */
const MAX_ACK_WINDOW = 66000;

/** Window check and update (tcp_in_window): "accept", "ignore", or why the segment is invalid. */
export function checkWindow(
  tracking: TcpTracking,
  packet: Packet,
  tcp: Tcp,
  dir: 0 | 1,
  index: Index,
  settings: TcpSettings,
  tracked: Shifted,
): string {
  const sender = tracking.seen[dir];
  const receiver = tracking.seen[dir === 0 ? 1 : 0];
  const shifted = shiftOf(tracked, dir === 0 ? 1 : 0, u32(tcp.ack - 1));
  let seq = i32(tcp.seq);
  let ack = i32(tcp.ack - shifted);
  let window = tcp.window;
  let end = endOf(packet, tcp);
  let sack = receiver.flags & FLAG.SACK_PERM ? i32(highestSack(tcp, tcp.ack) - shifted) : ack;
  const syn = (tcp.flags & TCP_FLAG.SYN) !== 0;
  const hasAck = (tcp.flags & TCP_FLAG.ACK) !== 0;
  if (sender.maxWindow === 0) {
    if (syn) {
      initialise(sender, receiver, tcp, dir, end);
      if (!hasAck) return "accept";
    } else {
      // What an old connection sends is taken for new, so that it waits for being acknowledged.
      sender.end = sender.old ? seq : end;
      sender.maxWindow = window << sender.scale || 1;
      sender.maxEnd = i32(end + sender.maxWindow);
      if (receiver.maxWindow === 0) receiver.end = receiver.maxEnd = sack;
      else if (sack === i32(receiver.end + 1)) receiver.end = i32(receiver.end + 1);
    }
  } else if (syn && after(end, sender.end) && (tracking.state === "SYN_SENT" || tracking.state === "SYN_RECV")) {
    initialise(sender, receiver, tcp, dir, end);
    if (dir === 1 && !hasAck) return "accept";
  }
  if (!hasAck || (tcp.flags & TCP_FLAG.RST && ack === 0)) ack = sack = receiver.end;
  if (tcp.flags & TCP_FLAG.RST && seq === 0 && tracking.state === "SYN_SENT") seq = end = sender.end;
  const liberal = settings.liberal || (sender.flags & FLAG.BE_LIBERAL) !== 0;
  const maxAckWindow = Math.max(sender.maxWindow, MAX_ACK_WINDOW);
  if (!before(seq, i32(sender.maxEnd + 1))) {
    const overshot = u32(end - sender.maxEnd + 1);
    const ackOk = after(sack, i32(receiver.end - maxAckWindow - 1));
    const inReceive = receiver.maxWindow !== 0 && after(end, i32(sender.end - receiver.maxWindow - 1));
    if (inReceive && ackOk && overshot <= receiver.maxWindow && before(sack, i32(receiver.end + 1))) {
      sender.end = end;
      sender.flags |= FLAG.DATA_UNACKNOWLEDGED;
      return liberal ? "accept" : "ignore";
    }
    return liberal ? "accept" : "its sequence number is above the receiver's window";
  }
  if (!before(sack, i32(receiver.end + 1))) return liberal ? "accept" : "it acknowledges data that was not seen";
  if (receiver.maxWindow !== 0 && !after(end, i32(sender.end - receiver.maxWindow - 1))) return liberal ? "accept" : "ignore";
  if (!after(sack, i32(receiver.end - maxAckWindow - 1))) return liberal ? "accept" : "ignore";
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
  if (after(i32(sack + window), i32(receiver.maxEnd - 1))) {
    receiver.maxEnd = i32(sack + window);
    if (window === 0) receiver.maxEnd = i32(receiver.maxEnd + 1);
  }
  if (ack === receiver.end) receiver.flags &= ~FLAG.DATA_UNACKNOWLEDGED;
  if (index === "ACK") noteRetransmission(tracking, tcp, dir, ack, end);
  return "accept";
}

/** tcp_init_sender */
function initialise(sender: TcpSide, receiver: TcpSide, tcp: Tcp, dir: 0 | 1, end: number): void {
  sender.end = sender.maxEnd = end;
  sender.maxWindow = tcp.window || 1;
  readOptions(tcp, sender);
  if (dir === 1 && !(sender.flags & FLAG.WINDOW_SCALE && receiver.flags & FLAG.WINDOW_SCALE)) sender.scale = receiver.scale = 0;
}

function noteRetransmission(tracking: TcpTracking, tcp: Tcp, dir: 0 | 1, ack: number, end: number): void {
  const same =
    tracking.lastDirection === dir &&
    tracking.lastSeq === i32(tcp.seq) &&
    tracking.lastAck === ack &&
    tracking.lastEnd === end &&
    tracking.lastWindow === tcp.window;
  if (same) {
    tracking.retransmissions++;
    return;
  }
  tracking.lastDirection = dir;
  tracking.lastSeq = i32(tcp.seq);
  tracking.lastAck = ack;
  tracking.lastEnd = end;
  tracking.lastWindow = tcp.window;
  tracking.retransmissions = 0;
}
