import type { Frames } from "../model/frames.ts";
import type { Problem } from "../model/problem.ts";
import { CompressionError, decompress } from "./decompress.ts";
import { Glance } from "./glance.ts";
import { NO_OCTETS, view } from "./octets.ts";
import { pcap } from "./pcap.ts";
import { pcapng } from "./pcapng.ts";
import { RecordFrames } from "./record-frames.ts";
import { type CaptureFormat, type Fault, Records, type Scanner } from "./records.ts";

/** Some frames of a capture, in order, which can be asked for until the next batch is; a batch with a problem is the last one. */
export interface CaptureBatch {
  readonly frames: Frames;
  /** Digits of a second that the capture's times have. */
  readonly digits: 6 | 9;
  /** Of several interfaces: its frames need not be in the order of their times. */
  readonly several: boolean;
  readonly problem?: Problem;
  /** "input": not a capture that can be read; "damaged": it breaks off, all before that was given. */
  readonly broken?: "input" | "damaged";
}

/** Packet records that are not decoded yet. */
interface RecordBatch {
  readonly records: Records;
  readonly digits: 6 | 9;
  readonly several: boolean;
  readonly fault?: Fault;
}

const FORMATS: readonly CaptureFormat[] = [pcap, pcapng];
const MAGIC_LENGTH = 4;

/** Whether a file that starts so is a capture. */
export function looksLikeCapture(head: Uint8Array): boolean {
  return head.length >= MAGIC_LENGTH && FORMATS.some((format) => format.recognises(head));
}

/** Reads a capture piece by piece and decodes its frames; `name` is for messages. */
export async function* readCapture(name: string, chunks: AsyncIterable<Uint8Array>): AsyncGenerator<CaptureBatch> {
  let number = 0;
  const glance = new Glance();
  for await (const { records, digits, several, fault } of readRecords(chunks)) {
    const frames = new RecordFrames(records, number, glance);
    number += frames.length;
    yield fault ? { frames, digits, several, problem: problemOf(name, fault), broken: fault.broken } : { frames, digits, several };
    frames.end();
  }
}

/** Reads the packet records of a capture, gzip- or zstd-compressed or not, without decoding them: each time they come in the same columns. */
export async function* readRecords(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<RecordBatch> {
  /** Octets that are not read yet: of earlier chunks, `owned` copies, and of this one. */
  const held: Uint8Array[] = [];
  let owned = 0;
  let size = 0;
  let position = 0;
  let scanner: Scanner | undefined;
  const records = new Records();
  try {
    reading: for await (const chunk of decompress(chunks)) {
      for (let at = 0; at < chunk.length; ) {
        const needed = scanner?.needed ?? MAGIC_LENGTH;
        // A record that begins in an earlier chunk is put together with what it lacks; all others are read where they lie.
        const end = size === 0 ? chunk.length : Math.min(chunk.length, at + Math.max(1, needed - size));
        held.push(view(chunk, at, end));
        size += end - at;
        at = end;
        if (size < needed) continue;
        const bytes = join(held, size);
        scanner ??= open(bytes);
        if (!scanner) break reading;
        let read = 0;
        let isFull = true;
        for (records.begin(bytes); isFull; records.begin(bytes)) {
          read = scanner.scan(records, read, position);
          isFull = records.isFull;
          // What comes before a fault is given with it.
          if (scanner.fault) break;
          // Somebody may be waiting for what has come so far.
          if (records.length > 0) yield { records, digits: scanner.digits, several: scanner.several === true };
        }
        position += read;
        size -= read;
        held.length = 0;
        owned = 0;
        if (size > 0) held.push(view(bytes, read, bytes.length));
        if (scanner.fault) break reading;
      }
      // The next chunk may come in the memory of this one.
      for (; owned < held.length; owned++) held[owned] = new Uint8Array(held[owned] ?? NO_OCTETS);
    }
  } catch (error) {
    if (!(error instanceof CompressionError)) throw error;
    const offset = position + size;
    const message = `${error.message} (after ${offset} octets unpacked)`;
    yield ending({ broken: scanner ? "damaged" : "input", offset, message }, records, scanner);
    return;
  }
  const fault = scanner ? (scanner.fault ?? scanner.atEnd(size, position + size)) : notACapture(join(held, size));
  if (fault) yield ending(fault, records, scanner);
}

function ending(fault: Fault, records: Records, scanner: Scanner | undefined): RecordBatch {
  return { records, digits: scanner?.digits ?? 6, several: scanner?.several === true, fault };
}

function open(head: Uint8Array): Scanner | undefined {
  return FORMATS.find((format) => format.recognises(head))?.open();
}

function join(pieces: readonly Uint8Array[], size: number): Uint8Array {
  const [first = NO_OCTETS] = pieces;
  if (pieces.length <= 1) return first;
  const whole = Buffer.concat(pieces, size);
  // Everything cut from it shall be plain Uint8Arrays, whatever the source gave.
  return view(whole, 0, whole.length);
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
