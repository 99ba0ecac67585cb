import { PROTOCOL, TCP_FLAG } from "../../model/packet.ts";
import type { Cursor } from "./cursor.ts";
import type { Sequences } from "./sequences.ts";
import { optionOctets } from "./tcp-options.ts";
import { octetsOf, type TransportText } from "./transport-text.ts";

const HEADER = 20;
const WINDOW = 65535;
const LETTERS: Readonly<Record<string, number>> = {
  F: TCP_FLAG.FIN,
  S: TCP_FLAG.SYN,
  R: TCP_FLAG.RST,
  P: TCP_FLAG.PSH,
  ".": TCP_FLAG.ACK,
  U: TCP_FLAG.URG,
  E: TCP_FLAG.ECE,
  W: TCP_FLAG.CWR,
};

/** Where a TCP packet goes, for its sequence numbers and its header. */
export interface TcpPlace {
  readonly src: string;
  readonly dst: string;
  readonly sport: number;
  readonly dport: number;
  readonly sequences: Sequences;
  /** Octets of header and data where the IP header tells. */
  readonly total?: number | undefined;
}

interface Fields {
  flags?: number;
  seq?: number;
  ack?: number;
  win?: number;
  urg?: number;
  options?: string;
  length?: number;
  checksum?: number;
}

/** Reads what tcpdump says of a TCP packet: `Flags [S.], seq 1:480, ack 1, win 9660, options […], length 479`, or as before 4.0 `S 1:480(479) ack 1 win 9660 <…>`. */
export function readTcp(cursor: Cursor, place: TcpPlace): TransportText {
  const fields = cursor.word === "Flags" ? readFields(cursor) : readOldFields(cursor);
  const isTold = fields.flags !== undefined;
  const data = fields.length ?? 0;
  const flags = fields.flags ?? (data > 0 ? TCP_FLAG.ACK | TCP_FLAG.PSH : TCP_FLAG.ACK);
  const { seq, ack, sackBase } = place.sequences.take(place.src, place.dst, {
    flags,
    length: data,
    ...(fields.seq !== undefined && { seq: fields.seq }),
    ...(fields.ack !== undefined && { ack: fields.ack }),
  });
  const options = fields.options === undefined ? [] : optionOctets(fields.options, sackBase);
  // Options that tcpdump shows without their octets take their place all the same.
  const missing = (place.total ?? 0) - data - HEADER - options.length;
  if (isTold && missing > 0 && missing % 4 === 0 && options.length + missing <= 40) options.push(...new Array<number>(missing).fill(0));
  const octets = [
    ...octetsOf(place.sport, 2),
    ...octetsOf(place.dport, 2),
    ...octetsOf(seq, 4),
    ...octetsOf(ack, 4),
    ((HEADER + options.length) / 4) << 4,
    flags,
    ...octetsOf(fields.win ?? WINDOW, 2),
    ...octetsOf(0, 2),
    ...octetsOf(fields.urg ?? 0, 2),
    ...options,
  ];
  return {
    protocol: PROTOCOL.tcp,
    octets,
    length: octets.length + data,
    isTold,
    ...(fields.checksum !== undefined && { checksum: fields.checksum }),
  };
}

function flagBits(letters: string): number {
  let bits = 0;
  for (const letter of letters) bits |= LETTERS[letter] ?? 0;
  return bits;
}

function readFields(cursor: Cursor): Fields {
  cursor.next();
  const fields: Fields = {};
  const flags = cursor.next()?.replace(/[[\],]/g, "") ?? "";
  fields.flags = flags === "none" ? 0 : flagBits(flags);
  for (let word = cursor.word; word !== undefined; word = cursor.word) {
    cursor.next();
    const value = cursor.word ?? "";
    if (word === "seq") fields.seq = Number.parseInt(value, 10) || 0;
    else if (word === "ack" || word === "win" || word === "urg") fields[word] = Number.parseInt(value, 10) || 0;
    else if (word === "cksum") fields.checksum = Number(value) & 0xffff;
    else if (word === "options") fields.options = bracketed(cursor);
    else if (word === "length") {
      fields.length = Number.parseInt(value, 10) || 0;
      break;
    }
  }
  return fields;
}

function bracketed(cursor: Cursor): string {
  const words: string[] = [];
  for (let word = cursor.next(); word !== undefined; word = cursor.next()) {
    words.push(word);
    if (/[\]>],?$/.test(word)) break;
  }
  return words.join(" ").replace(/^[[<]|[\]>],?$/g, "");
}

function readOldFields(cursor: Cursor): Fields {
  const fields: Fields = {};
  if (cursor.word === "tcp") return { length: cursor.numberAfter("tcp") ?? 0 };
  if (!/^[SFRPUWE.]{1,8}$/.test(cursor.word ?? "")) return fields;
  fields.flags = flagBits(cursor.next() ?? "");
  if (cursor.word === "ack") fields.flags |= TCP_FLAG.ACK;
  const range = /^(\d{1,10}):\d{1,10}\((\d{1,5})\)$/.exec(cursor.word ?? "");
  if (range) {
    fields.seq = Number(range[1]);
    fields.length = Number(range[2]);
    cursor.next();
  }
  const ack = cursor.numberAfter("ack");
  if (ack !== undefined) {
    fields.ack = ack;
    fields.flags |= TCP_FLAG.ACK;
  }
  const win = cursor.numberAfter("win");
  if (win !== undefined) fields.win = win;
  const options = /<([^<>]{0,400})>/.exec(cursor.rest)?.[1];
  if (options !== undefined) fields.options = options;
  return fields;
}

/** Whether the words behind the addresses are those of a TCP packet. */
export function looksLikeTcp(cursor: Cursor): boolean {
  const { word } = cursor;
  if (word === "Flags" || word === "tcp" || word === "[|tcp]") return true;
  return /^[SFRPUWE.]{1,8}$/.test(word ?? "") && (cursor.peek(1) === "ack" || /^\d+:\d+\(\d+\)$/.test(cursor.peek(1) ?? ""));
}
