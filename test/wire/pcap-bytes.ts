import type { Frame, Packet } from "../../src/model/packet.ts";
import type { Problem } from "../../src/model/problem.ts";
import { readCapture } from "../../src/wire/capture.ts";
import { atAGlance } from "./glances.ts";

/** The file formats that the tests write. */
export interface PcapOptions {
  readonly magic?: number;
  readonly big?: boolean;
  readonly linkType?: number;
  readonly version?: readonly [number, number];
  /** Octets between record header and data, as Kuznetzov's format has them. */
  readonly extra?: Uint8Array;
}

export interface PcapPacket {
  readonly data: Uint8Array;
  readonly seconds?: number;
  readonly fraction?: number;
  readonly captured?: number;
  readonly length?: number;
}

/** Writes a classic pcap file. */
export function pcapFile(packets: readonly PcapPacket[], options: PcapOptions = {}): Uint8Array {
  const { magic = 0xa1b2c3d4, big = false, linkType = 1, version = [2, 4], extra = new Uint8Array(0) } = options;
  const words = (...values: number[]) => {
    const view = new DataView(new ArrayBuffer(4 * values.length));
    values.forEach((value, i) => {
      view.setUint32(4 * i, value, !big);
    });
    return Buffer.from(view.buffer);
  };
  const halves = new DataView(new ArrayBuffer(4));
  halves.setUint16(0, version[0], !big);
  halves.setUint16(2, version[1], !big);
  const parts: Uint8Array[] = [words(magic), Buffer.from(halves.buffer), words(0, 0, 262144, linkType)];
  for (const { data, seconds = 1700000000, fraction = 0, captured = data.length, length = data.length } of packets) {
    parts.push(words(seconds, fraction, captured, length), extra, data);
  }
  return new Uint8Array(Buffer.concat(parts));
}

/** Octets from hexadecimal digits; blanks between them are for the reader. */
export function hex(digits: string): Uint8Array {
  return new Uint8Array(Buffer.from(digits.replaceAll(/\s/g, ""), "hex"));
}

/** The bytes in pieces of a size, as a file would come: all in the same memory, each in the place of the one before. */
export async function* inPieces(bytes: Uint8Array, size = 65536): AsyncGenerator<Uint8Array> {
  const memory = new Uint8Array(Math.min(size, bytes.length));
  for (let i = 0; i < bytes.length; i += size) {
    const piece = bytes.subarray(i, i + size);
    memory.fill(0xee).set(piece);
    yield memory.subarray(0, piece.length);
  }
}

/** What a whole capture gave. */
export interface WholeCapture {
  readonly frames: readonly Frame[];
  readonly digits?: 6 | 9;
  readonly problem?: Problem;
  readonly broken?: "input" | "damaged";
}

/** Reads a capture to its end, and holds each frame against a glance at it. */
export async function readAll(bytes: Uint8Array, size?: number): Promise<WholeCapture> {
  const frames: Frame[] = [];
  let last: Omit<WholeCapture, "frames"> = {};
  for await (const { frames: more, ...rest } of readCapture("test.pcap", inPieces(bytes, size))) {
    frames.push(...atAGlance(more));
    last = rest;
  }
  return { frames, ...last };
}

/** Decodes one frame of a link type. */
export async function readFrame(data: Uint8Array, linkType = 1, length = data.length): Promise<Frame> {
  const { frames, problem } = await readAll(pcapFile([{ data, length }], { linkType }));
  if (problem || !frames[0]) throw new Error(problem?.message ?? "no frame");
  return frames[0];
}

/** An IPv4 header without options for a payload, checksum left zero. */
export function ipv4(protocol: number, payload: Uint8Array, changes: { length?: number; fragment?: number } = {}): Uint8Array {
  const header = hex("4500 0000 1234 0000 4000 0000 c0000201 c6336402");
  const view = new DataView(header.buffer);
  view.setUint16(2, changes.length ?? header.length + payload.length);
  view.setUint16(6, changes.fragment ?? 0);
  view.setUint8(9, protocol);
  return new Uint8Array(Buffer.concat([header, payload]));
}

/** An IPv6 header from 2001:db8::1 to 2001:db8::2. */
export function ipv6(next: number, payload: Uint8Array): Uint8Array {
  const header = hex(`6000 0000 0000 ${next.toString(16).padStart(2, "0")} 40 20010db8${"0".repeat(23)}1 20010db8${"0".repeat(23)}2`);
  new DataView(header.buffer).setUint16(4, payload.length);
  return new Uint8Array(Buffer.concat([header, payload]));
}

/** The packet of a frame that must have one. */
export function packetOf(frame: Frame): Packet {
  if (!frame.packet) throw new Error(frame.defect ?? "no packet");
  return frame.packet;
}
