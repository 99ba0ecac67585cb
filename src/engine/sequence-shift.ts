import type { Packet, Tcp, TcpOption } from "../model/packet.ts";
import type { Connection } from "./connection.ts";
import { after, before, u32 } from "./tcp-segment.ts";

/** How a helper that changed the length of a segment has shifted the numbers of all that follow (struct nf_ct_seqadj). */
export interface SequenceShift {
  /** Sequence number of the segment that was changed last. */
  readonly at: number;
  readonly before: number;
  readonly after: number;
}

const NONE: SequenceShift = { at: 0, before: 0, after: 0 };
const SACK = 5;

/** What a helper can have shifted. */
export type Shifted = Pick<Connection, "shifts">;

function sideOf({ shifts }: Shifted, dir: 0 | 1): SequenceShift {
  return shifts?.[dir] ?? NONE;
}

/** How far numbers of a direction are shifted at a place (nf_ct_seq_offset). */
export function shiftOf(shifted: Shifted, dir: 0 | 1, seq: number): number {
  const side = sideOf(shifted, dir);
  return after(seq, side.at) ? side.after : side.before;
}

/** Notes that a segment became longer or shorter (nf_ct_seqadj_set). */
export function noteShift(connection: Connection, dir: 0 | 1, seq: number, by: number): void {
  if (by === 0) return;
  const side = sideOf(connection, dir);
  const changed = side.before === side.after || before(side.at, seq) ? { at: seq, before: side.after, after: side.after + by } : side;
  connection.shifts = dir === 0 ? [changed, sideOf(connection, 1)] : [sideOf(connection, 0), changed];
}

/** A segment with its numbers as the receiver must see them (nf_ct_seq_adjust); undefined when its options are broken, which drops it. */
export function withShiftedNumbers(connection: Connection, dir: 0 | 1, packet: Packet, tcp: Tcp): Packet | undefined {
  const seq = u32(tcp.seq + shiftOf(connection, dir, tcp.seq));
  if (!(tcp.flags & 16)) return { ...packet, transport: { ...tcp, seq } };
  const other = sideOf(connection, dir === 0 ? 1 : 0);
  const unshifted = (n: number) => u32(n - (after(u32(n - other.before), other.at) ? other.after : other.before));
  if (!hasSoundOptions(packet, tcp)) return undefined;
  const options = tcp.options.map((option) => shiftedSack(option, unshifted));
  return { ...packet, transport: { ...tcp, seq, ack: unshifted(tcp.ack), options } };
}

/** nf_ct_sack_block_adjust */
function shiftedSack(option: TcpOption, unshifted: (n: number) => number): TcpOption {
  const { kind, data } = option;
  if (kind !== SACK || data.length === 0 || data.length % 8 !== 0) return option;
  const edges = new DataView(Uint8Array.from(data).buffer);
  for (let at = 0; at < data.length; at += 4) edges.setUint32(at, unshifted(edges.getUint32(at)));
  return { kind, data: new Uint8Array(edges.buffer) };
}

/** Whether no option is cut off or has no length (nf_ct_sack_adjust). */
function hasSoundOptions({ payload }: Packet, tcp: Tcp): boolean {
  for (let at = 20; at < tcp.headerLength; ) {
    const kind = payload[at];
    if (kind === undefined || kind === 0) return true;
    if (kind === 1) {
      at++;
      continue;
    }
    const length = payload[at + 1] ?? 0;
    if (at + 1 === tcp.headerLength || length < 2 || at + length > tcp.headerLength) return false;
    at += length;
  }
  return true;
}
