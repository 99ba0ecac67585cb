import type { Frame } from "../model/packet.ts";
import type { Problem } from "../model/problem.ts";
import { CompressionError, decompress } from "./decompress.ts";
import type { FrameDraft } from "./frame-draft.ts";
import { NO_OCTETS, view } from "./octets.ts";
import { pcap } from "./pcap.ts";
import { pcapng } from "./pcapng.ts";
import type { CapturedRecord, CaptureFormat, Fault, Scanner } from "./records.ts";

/** Some frames of a capture, in order; a batch with a problem is the last one. */
export interface CaptureBatch {
  readonly frames: readonly Frame[];
  /** Digits of a second that the capture's times have. */
  readonly digits: 6 | 9;
  readonly problem?: Problem;
  /** "input": not a capture that can be read; "damaged": it breaks off, all before that was given. */
  readonly broken?: "input" | "damaged";
}

/** Packet records that are not decoded yet. */
export interface RecordBatch {
  readonly records: readonly CapturedRecord[];
  readonly digits: 6 | 9;
  readonly fault?: Fault;
}

const FORMATS: readonly CaptureFormat[] = [pcap, pcapng];
const MAGIC_LENGTH = 4;
const BATCH = 4096;

/** Whether a file that starts so is a capture. */
export function looksLikeCapture(head: Uint8Array): boolean {
  return head.length >= MAGIC_LENGTH && FORMATS.some((format) => format.recognises(head));
}

/** Reads a capture piece by piece and decodes its frames; `name` is for messages. */
export async function* readCapture(name: string, chunks: AsyncIterable<Uint8Array>): AsyncGenerator<CaptureBatch> {
  let number = 0;
  for await (const { records, digits, fault } of readRecords(chunks)) {
    const frames: Frame[] = [];
    for (const record of records) frames.push(decodeFrame(record, ++number));
    yield fault ? { frames, digits, problem: problemOf(name, fault), broken: fault.broken } : { frames, digits };
  }
}

/** Reads the packet records of a capture, gzip- or zstd-compressed or not, without decoding them. */
export async function* readRecords(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<RecordBatch> {
  const held: Uint8Array[] = [];
  let size = 0;
  let position = 0;
  let scanner: Scanner | undefined;
  let needed = MAGIC_LENGTH;
  try {
    for await (const chunk of decompress(chunks)) {
      held.push(chunk);
      size += chunk.length;
      if (size < needed) continue;
      const bytes = join(held, size);
      scanner ??= open(bytes);
      if (!scanner) break;
      let at = 0;
      for (let more = true; more; ) {
        const records: CapturedRecord[] = [];
        at = scanner.scan(bytes, at, position, records, BATCH);
        if (records.length > 0) yield { records, digits: scanner.digits };
        more = records.length === BATCH;
      }
      if (scanner.fault) break;
      needed = scanner.needed;
      position += at;
      size -= at;
      held.length = 0;
      if (size > 0) held.push(view(bytes, at, bytes.length));
    }
  } catch (error) {
    if (!(error instanceof CompressionError)) throw error;
    const offset = position + size;
    yield ending({ broken: scanner ? "damaged" : "input", offset, message: `${error.message} (after ${offset} octets unpacked)` }, scanner);
    return;
  }
  const fault = scanner ? (scanner.fault ?? scanner.atEnd(size, position + size)) : notACapture(join(held, size));
  if (fault) yield ending(fault, scanner);
}

function ending(fault: Fault, scanner: Scanner | undefined): RecordBatch {
  return { records: [], digits: scanner?.digits ?? 6, fault };
}

function open(head: Uint8Array): Scanner | undefined {
  return FORMATS.find((format) => format.recognises(head))?.open();
}

function join(pieces: readonly Uint8Array[], size: number): Uint8Array {
  const whole = pieces.length === 1 ? (pieces[0] ?? NO_OCTETS) : Buffer.concat(pieces, size);
  // Everything cut from it shall be plain Uint8Arrays, whatever the source gave.
  return view(whole, 0, whole.length);
}

function decodeFrame(record: CapturedRecord, number: number): Frame {
  const { bytes, start, time, captured, length, link } = record;
  const frame: FrameDraft = { number, time, captured, length, linkType: link.name };
  if (record.interfaceIndex !== undefined) frame.interfaceIndex = record.interfaceIndex;
  if (record.interfaceName !== undefined) frame.interfaceName = record.interfaceName;
  if (record.untimed) frame.untimed = true;
  if (record.type !== undefined) frame.type = record.type;
  link.decode(frame, bytes, start, start + captured, start + Math.max(captured, length));
  return frame;
}

function notACapture(bytes: Uint8Array): Fault {
  const fault = { broken: "input", offset: 0 } as const;
  if (bytes.length === 0) return { ...fault, message: "the file is empty, expected a capture" };
  const text = bytes.subarray(0, 64).every((octet) => octet >= 0x20 || (octet >= 0x09 && octet <= 0x0d));
  const found = text ? "this is text" : "this is no capture";
  return { ...fault, message: `${found}, expected a pcap or pcapng file`, hint: "tcpdump -w FILE writes one" };
}

function problemOf(file: string, fault: Fault): Problem {
  const message = fault.broken === "damaged" ? `${fault.message}, at octet ${fault.offset}` : fault.message;
  const problem: Problem = { file, offset: fault.offset, message };
  return fault.hint ? { ...problem, hint: fault.hint } : problem;
}
