import type { Codec, MatchResult } from "./spec.ts";

/** Chunk types by name, in the order of their numbers (IANA sctp-parameters). */
const TYPES: Readonly<Record<string, number>> = {
  DATA: 0,
  INIT: 1,
  INIT_ACK: 2,
  SACK: 3,
  HEARTBEAT: 4,
  HEARTBEAT_ACK: 5,
  ABORT: 6,
  SHUTDOWN: 7,
  SHUTDOWN_ACK: 8,
  ERROR: 9,
  COOKIE_ECHO: 10,
  COOKIE_ACK: 11,
  ECN_ECNE: 12,
  ECN_CWR: 13,
  SHUTDOWN_COMPLETE: 14,
  I_DATA: 64,
  ASCONF_ACK: 128,
  RE_CONFIG: 130,
  PAD: 132,
  ASCONF: 193,
  FORWARD_TSN: 192,
  I_FORWARD_TSN: 194,
};

/** Letters of the flag bits, the highest bit first; a capital letter asks for a set bit, a small one for a clear one. */
const FLAG_LETTERS: Readonly<Record<string, string>> = {
  DATA: "----IUBE",
  I_DATA: "----IUBE",
  ABORT: "-------T",
  SHUTDOWN_COMPLETE: "-------T",
};

interface Chunk {
  readonly name: string;
  readonly type: number;
  readonly mask: number;
  readonly flags: number;
}

/** What `--chunk-types` asks for. */
export interface ChunkQuestion {
  readonly how: "all" | "any" | "only";
  readonly chunks: readonly Chunk[];
}

function parseChunk(text: string): Chunk | undefined {
  const [given = "", letters = "", ...rest] = text.split(":");
  const name = given.toUpperCase();
  const type = TYPES[name];
  if (type === undefined || rest.length > 0) return undefined;
  let mask = 0;
  let flags = 0;
  for (const letter of letters) {
    const at = letter === "-" ? -1 : (FLAG_LETTERS[name] ?? "").indexOf(letter.toUpperCase());
    if (at < 0) return undefined;
    const bit = 0x80 >> at;
    mask |= bit;
    if (letter === letter.toUpperCase()) flags |= bit;
  }
  return { name, type, mask, flags };
}

function saveChunk({ name, mask, flags }: Chunk): string {
  const letters = [...(FLAG_LETTERS[name] ?? "")].flatMap((letter, i) => {
    const bit = 0x80 >> i;
    return (mask & bit) === 0 ? [] : [(flags & bit) === 0 ? letter.toLowerCase() : letter];
  });
  return letters.length ? `${name}:${letters.join("")}` : name;
}

/** `--chunk-types {all|any|only} list`. */
export const CHUNK_TYPES: Codec<ChunkQuestion> = {
  words: 2,
  expected: "all, any or only, and a list of chunk types (DATA, INIT …)",
  parse: ([how = "", list = ""]) => {
    const mode = (["all", "any", "only"] as const).find((name) => name === how.toLowerCase());
    const every = Object.entries(TYPES).map(([name, type]) => ({ name, type, mask: 0, flags: 0 }));
    const given = list === "ALL" ? every : list === "NONE" ? [] : list.split(",").map(parseChunk);
    if (mode === undefined || given.some((chunk) => chunk === undefined)) return undefined;
    return { how: mode, chunks: (given as Chunk[]).toSorted((a, b) => a.type - b.type) };
  },
  save: ({ how, chunks }) => {
    const all = chunks.length === Object.keys(TYPES).length;
    return `${how} ${all ? "ALL" : chunks.map(saveChunk).join(",") || "NONE"}`;
  },
};

/** "SCTP with any of the chunks INIT, DATA:B". */
export function chunkWords({ how, chunks }: ChunkQuestion): string {
  const list = chunks.map(saveChunk).join(", ");
  return how === "only" ? `SCTP with no chunks but ${list}` : `SCTP with ${how} of the chunks ${list}`;
}

/** xt_sctp.c, match_packet; `length` is that of the SCTP packet on the wire. */
export function matchChunks(octets: Uint8Array, length: number, { how, chunks }: ChunkQuestion): MatchResult {
  const missing = new Set(chunks.map((chunk) => chunk.type));
  let offset = 12;
  do {
    const [type, flags, high, low] = octets.subarray(offset, offset + 4);
    if (offset + 4 > length) return "hotdrop";
    if (type === undefined || flags === undefined || high === undefined || low === undefined)
      return { unknown: "the SCTP chunks, which were not captured" };
    const size = high * 256 + low;
    if (size === 0) return "hotdrop";
    offset += (size + 3) & ~3;
    const wanted = chunks.find((chunk) => chunk.type === type);
    const found = wanted !== undefined && (flags & wanted.mask) === wanted.flags;
    if (how === "any" && found) return true;
    if (how === "only" && !found) return false;
    if (found) missing.delete(type);
  } while (offset < length);
  return how === "all" ? missing.size === 0 : how === "only";
}
