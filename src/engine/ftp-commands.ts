import { type Address, type Family, parseAddress } from "../model/address.ts";

/** What a line on an FTP control connection announces. */
export interface FtpAnnouncement {
  readonly kind: "PORT" | "EPRT" | "227" | "229";
  /** Where address and port stand in the data. */
  readonly offset: number;
  readonly length: number;
  /** Absent where only the port is told (229). */
  readonly address?: Address;
  readonly port: number;
}

/** "partial": it begins like an announcement but is none, or not a whole one. */
export type FtpFinding = FtpAnnouncement | "partial" | undefined;

interface Numbers {
  readonly length: number;
  readonly address?: Address;
  readonly port: number;
  /** Octets that were passed over before. */
  readonly skipped?: number;
}

interface Pattern {
  readonly kind: FtpAnnouncement["kind"];
  readonly text: string;
  readonly skipTo?: string;
  read(data: string, family: Family): Numbers | undefined;
}

const COMMANDS: readonly Pattern[] = [
  { kind: "PORT", text: "PORT", skipTo: " ", read: (data) => readSix(data, "\r") },
  { kind: "EPRT", text: "EPRT", skipTo: " ", read: readEprt },
];
const REPLIES: readonly Pattern[] = [
  { kind: "227", text: "227 ", read: readPassive },
  { kind: "229", text: "229 ", skipTo: "(", read: readExtendedPassive },
];

/** Looks for an announcement at the start of a segment's data (nf_conntrack_ftp.c, find_pattern): commands of the client, or replies. */
export function findAnnouncement(data: Uint8Array, from: "client" | "server", family: Family): FtpFinding {
  const text = Buffer.from(data.buffer, data.byteOffset, data.byteLength).toString("latin1");
  for (const pattern of from === "client" ? COMMANDS : REPLIES) {
    const found = matchPattern(text, pattern, family);
    if (found) return found;
  }
  return undefined;
}

function matchPattern(data: string, { kind, text, skipTo, read }: Pattern, family: Family): FtpFinding {
  if (data.length <= text.length) return data.length > 0 && text.startsWith(data.toUpperCase()) ? "partial" : undefined;
  if (data.slice(0, text.length).toUpperCase() !== text) return undefined;
  let start = text.length;
  if (skipTo !== undefined) {
    const found = data.indexOf(skipTo, start);
    if (found < 0) return "partial";
    start = found + 1;
  }
  const numbers = read(data.slice(start), family);
  if (!numbers) return "partial";
  const { length, port, skipped = 0, address } = numbers;
  return { kind, offset: start + skipped, length, port, ...(address === undefined ? {} : { address }) };
}

const isDigit = (char: string) => char >= "0" && char <= "9";

/** try_number: so many numbers with a separator between them; they may be empty and of any size. "" as terminator: anything ends them. */
function readNumbers(data: string, count: number, separator: string, terminator: string): { values: number[]; length: number } | undefined {
  const values = Array<number>(count).fill(0);
  let at = 0;
  for (let length = 0; length < data.length && at < count; length++) {
    const char = data[length] ?? "";
    if (isDigit(char)) values[at] = (Math.imul(values[at] ?? 0, 10) + Number(char)) >>> 0;
    else if (char === separator) at++;
    else return (char === terminator || terminator === "") && at === count - 1 && length > 0 ? { values, length } : undefined;
  }
  return undefined;
}

function join4([a = 0, b = 0, c = 0, d = 0]: readonly number[]): number {
  return ((a << 24) | (b << 16) | (c << 8) | d) >>> 0;
}

/** try_rfc959: h1,h2,h3,h4,p1,p2 */
function readSix(data: string, terminator: string): Numbers | undefined {
  const read = readNumbers(data, 6, ",", terminator);
  if (!read) return undefined;
  const [, , , , high = 0, low = 0] = read.values;
  return { length: read.length, address: join4(read.values), port: ((high << 8) | low) & 0xffff };
}

/** try_rfc1123: from the first digit on, whatever stands before and behind. */
function readPassive(data: string): Numbers | undefined {
  const skipped = data.search(/[0-9]/);
  const read = skipped < 0 ? undefined : readSix(data.slice(skipped), "");
  return read && { ...read, skipped };
}

/** get_port: digits up to a delimiter, reckoned in 16 bits; the end behind it. */
function readPort(data: string, start: number, delimiter: string): { port: number; end: number } | undefined {
  let port = 0;
  for (let i = start; i < data.length; i++) {
    const char = data[i] ?? "";
    if (char === delimiter) return port === 0 ? undefined : { port, end: i + 1 };
    if (!isDigit(char)) return undefined;
    port = (port * 10 + Number(char)) & 0xffff;
  }
  return undefined;
}

function delimiterOf(data: string): string | undefined {
  const [char = ""] = data;
  return data.length > 3 && char > " " && char <= "~" && !isDigit(char) ? char : undefined;
}

/** try_eprt: |1|132.235.1.2|6275| */
function readEprt(data: string, family: Family): Numbers | undefined {
  const delimiter = delimiterOf(data);
  if (delimiter === undefined || data[2] !== delimiter || data[1] !== (family === 4 ? "1" : "2")) return undefined;
  const rest = data.slice(3);
  let address: Address | undefined;
  let length: number;
  if (family === 4) {
    const read = readNumbers(rest, 4, ".", delimiter);
    if (!read) return undefined;
    address = join4(read.values);
    length = read.length;
  } else {
    length = rest.indexOf(delimiter);
    address = length > 0 ? parseAddress(rest.slice(0, length)) : undefined;
  }
  const read = address === undefined ? undefined : readPort(data, 3 + length + 1, delimiter);
  return read && { length: read.end, port: read.port, ...(address === undefined ? {} : { address }) };
}

/** try_epsv_response: |||6446| */
function readExtendedPassive(data: string): Numbers | undefined {
  const delimiter = delimiterOf(data);
  if (delimiter === undefined || data[1] !== delimiter || data[2] !== delimiter) return undefined;
  const read = readPort(data, 3, delimiter);
  return read && { length: read.end, port: read.port };
}
