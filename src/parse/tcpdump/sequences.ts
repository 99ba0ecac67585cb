import { TCP_FLAG } from "../../model/packet.ts";

/** Numbers of one packet as they stand in the text. */
export interface SequenceText {
  readonly flags: number;
  /** Absent where tcpdump leaves it out: with neither data nor SYN, FIN or RST. */
  readonly seq?: number;
  readonly ack?: number;
  /** Octets of data. */
  readonly length: number;
}

/** Numbers as they stand in the header. */
export interface SequenceNumbers {
  readonly seq: number;
  readonly ack: number;
  /** What the numbers of a selective acknowledgement count from. */
  readonly sackBase: number;
}

interface Flow {
  /** What tcpdump counts from, for each direction; absent before it does. */
  bases?: [number, number];
  /** The number that comes next, for each direction. */
  readonly next: [number | undefined, number | undefined];
}

const HALF = 2 ** 31;
/** Where a direction begins that shows no number of its own. */
const SOMEWHERE = 1_000_000_000;

function wrap(value: number): number {
  return ((value % 2 ** 32) + 2 ** 32) % 2 ** 32;
}

function distance(a: number, b: number): number {
  const apart = wrap(a - b);
  return apart < HALF ? apart : 2 ** 32 - apart;
}

/** Turns the numbers that tcpdump counts from the beginning of a connection into those of the headers (print-tcp.c, tcp_print); with -S they are that already. */
export class Sequences {
  readonly #flows = new Map<string, Flow>();
  #isRelative: boolean | undefined;

  /** The numbers of the next packet between two endpoints. */
  take(src: string, dst: string, text: SequenceText): SequenceNumbers {
    const forward = src < dst;
    const key = forward ? `${src} ${dst}` : `${dst} ${src}`;
    const [own, other] = forward ? ([0, 1] as const) : ([1, 0] as const);
    const flow = this.#flows.get(key) ?? { next: [undefined, undefined] };
    this.#flows.set(key, flow);
    const { flags } = text;
    const begins = (flags & TCP_FLAG.SYN) !== 0 || flow.bases === undefined;
    const bases = begins || !(flags & TCP_FLAG.ACK) ? undefined : flow.bases;
    if (bases) this.#isRelative ??= isCloser(text, bases[own], bases[other]);
    const [ownBase, otherBase] = bases && this.#isRelative !== false ? [bases[own], bases[other]] : [0, 0];
    const seq = text.seq === undefined ? (flow.next[own] ?? SOMEWHERE) : wrap(text.seq + ownBase);
    const ack = text.ack === undefined ? 0 : wrap(text.ack + otherBase);
    if (begins && flags & TCP_FLAG.ACK) flow.bases = forward ? [seq, wrap(ack - 1)] : [wrap(ack - 1), seq];
    const taken = text.length + (flags & TCP_FLAG.SYN ? 1 : 0) + (flags & TCP_FLAG.FIN ? 1 : 0);
    const next = wrap(seq + taken);
    if (flow.next[own] === undefined || wrap(next - flow.next[own]) < HALF || flags & TCP_FLAG.SYN) flow.next[own] = next;
    if (flags & TCP_FLAG.ACK) flow.next[other] ??= ack;
    return { seq, ack, sackBase: otherBase };
  }
}

/** Whether numbers count from the beginning of the connection rather than from zero. */
function isCloser({ seq, ack }: SequenceText, ownBase: number, otherBase: number): boolean {
  const value = ack ?? seq ?? 0;
  const base = ack === undefined ? ownBase : otherBase;
  return distance(value, 0) <= distance(value, base);
}
