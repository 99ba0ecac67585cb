import type { Packet, Sctp } from "../model/packet.ts";
import { CHUNK, type Chunk, readChunks } from "./sctp-chunks.ts";

// In the order of nf_conntrack_sctp.h.
const STATES = [
  "NONE",
  "CLOSED",
  "COOKIE_WAIT",
  "COOKIE_ECHOED",
  "ESTABLISHED",
  "SHUTDOWN_SENT",
  "SHUTDOWN_RECD",
  "SHUTDOWN_ACK_SENT",
  "HEARTBEAT_SENT",
] as const;

/** State of an association as conntrack prints it. */
export type SctpState = (typeof STATES)[number];

/** struct ip_ct_sctp */
export interface SctpTracking {
  readonly state: SctpState;
  /** Verification tag that packets of each direction must carry; undefined for an entry of `conntrack -L`, which does not tell it. */
  readonly tags: readonly [number | undefined, number | undefined];
  /** A HEARTBEAT came with another tag, and its answer may bring in new tags; the direction that it had. */
  readonly strayHeartbeat?: 0 | 1;
  /** Directions that an INIT was seen in since the last COOKIE ACK. */
  readonly inits: readonly [boolean, boolean];
}

/** What the tracker decides: why a packet is invalid, or what the association is like now. */
export interface SctpVerdict {
  readonly why?: string;
  readonly tracking?: SctpTracking;
  readonly assure?: boolean;
  /** State by whose timeout the entry lives on; absent: no longer than before. */
  readonly refresh?: SctpState;
}

// Columns by state as in STATES, values indices of it, "-" invalid (sctp_conntracks in nf_conntrack_proto_sctp.c); original and reply.
const TRANSITIONS: Readonly<Record<number, readonly [string, string]>> = {
  [CHUNK.INIT]: ["112341172", "-1234567-"],
  [CHUNK.INIT_ACK]: ["112345671", "-2234567-"],
  [CHUNK.ABORT]: ["111111111", "-1111111-"],
  [CHUNK.SHUTDOWN]: ["112355671", "-1236567-"],
  [CHUNK.SHUTDOWN_ACK]: ["712347777", "-1234777-"],
  [CHUNK.ERROR]: ["112345671", "-1214567-"],
  [CHUNK.COOKIE_ECHO]: ["113345671", "-1334567-"],
  [CHUNK.COOKIE_ACK]: ["112445671", "-1244567-"],
  [CHUNK.SHUTDOWN_COMPLETE]: ["112345611", "-1234561-"],
  [CHUNK.HEARTBEAT]: ["812345678", "-12345678"],
  [CHUNK.HEARTBEAT_ACK]: ["112345678", "-12345674"],
};

const ALONE: ReadonlySet<number> = new Set([CHUNK.INIT, CHUNK.INIT_ACK, CHUNK.SHUTDOWN_COMPLETE]);
const FIRST: ReadonlySet<number> = new Set([CHUNK.COOKIE_ACK, CHUNK.COOKIE_ECHO]);
/** Chunks that nobody sends out of the blue. */
const NEVER_FIRST: ReadonlySet<number> = new Set([CHUNK.ABORT, CHUNK.SHUTDOWN_COMPLETE, CHUNK.COOKIE_ACK]);
/** Chunks whose tag has rules of its own (RFC 9260 section 8.5.1). */
const OWN_TAG_RULE: ReadonlySet<number> = new Set([
  CHUNK.INIT,
  CHUNK.SHUTDOWN_COMPLETE,
  CHUNK.COOKIE_ECHO,
  CHUNK.ABORT,
  CHUNK.SHUTDOWN_ACK,
  CHUNK.HEARTBEAT,
  CHUNK.HEARTBEAT_ACK,
]);
/** The tag is the other side's (T bit of ABORT and SHUTDOWN COMPLETE). */
const REFLECTED = 1;

const WRONG_TAG = { why: "its SCTP verification tag is not the association's" };
const UNKNOWN = { why: "no association is known that this SCTP packet could belong to" };

/** The tracking state of an entry of `conntrack -L`. */
export function restoredSctp(state: string | undefined): SctpTracking {
  return { state: STATES.find((name) => name === state) ?? "NONE", tags: [undefined, undefined], inits: [false, false] };
}

function next(state: SctpState, type: number, dir: 0 | 1): SctpState | undefined {
  const row = TRANSITIONS[type];
  if (!row) return state;
  const code = row[dir][STATES.indexOf(state)];
  return code === undefined || code === "-" ? undefined : STATES[Number(code)];
}

/** do_basic_checks */
function malformed(chunks: readonly Chunk[]): string | undefined {
  if (chunks.length === 0) return "it has no SCTP chunk";
  let alone = false;
  for (const [i, { type, length }] of chunks.entries()) {
    alone ||= ALONE.has(type);
    if (i > 0 && (alone || FIRST.has(type))) return "an SCTP chunk in it must stand alone or first";
    if (length === 0) return "an SCTP chunk in it has no length";
  }
  return undefined;
}

/** sctp_new: what the first packet of an association sets up. */
function begin(sctp: Sctp, chunks: readonly Chunk[]): SctpTracking | undefined {
  if (chunks.some(({ type }) => NEVER_FIRST.has(type))) return undefined;
  const tags: [number, number] = [0, 0];
  for (const { type, tag } of chunks) {
    const state = next("NONE", type, 0);
    if (state === undefined || state === "NONE") return undefined;
    if (type === CHUNK.INIT) {
      if (sctp.tag !== 0 || tag === undefined) return undefined;
      tags[1] = tag;
    } else if (type === CHUNK.HEARTBEAT) tags[0] = sctp.tag;
    else if (type === CHUNK.SHUTDOWN_ACK) tags[1] = sctp.tag;
  }
  return { state: "NONE", tags, inits: [false, false] };
}

/** Takes an association through one packet (nf_conntrack_sctp_packet). `known` is undefined for the packet that opens it. */
export function trackSctp(known: SctpTracking | undefined, packet: Packet, sctp: Sctp, dir: 0 | 1): SctpVerdict {
  const chunks = readChunks(packet);
  const fault = malformed(chunks);
  if (fault) return { why: fault };
  const tracking = known ?? begin(sctp, chunks);
  if (!tracking) return UNKNOWN;
  const association = new Association(tracking, sctp.tag, dir);
  if (!chunks.some(({ type }) => OWN_TAG_RULE.has(type)) && !association.isOwnTag) return WRONG_TAG;
  const hasData = chunks.some(({ type }) => type === CHUNK.DATA);
  let quiet = false;
  let assure = false;
  let state: SctpState = "NONE";
  for (const chunk of chunks) {
    const judged = association.judgeTag(chunk, hasData || quiet);
    if (judged === "wrong") return { ...WRONG_TAG, tracking: association.tracking, assure };
    if (judged === "skip") {
      quiet = true;
      continue;
    }
    const before = association.state;
    const after = next(before, chunk.type, dir);
    if (after === undefined) return { ...UNKNOWN, tracking: association.tracking, assure };
    if (chunk.type === CHUNK.INIT || chunk.type === CHUNK.INIT_ACK) {
      if (chunk.tag === undefined) return { why: "its SCTP INIT is too short", tracking: association.tracking };
      if (!association.takeTag(chunk.type, chunk.tag)) return { why: "its SCTP INIT ACK answers no INIT", tracking: association.tracking };
      if (chunk.type === CHUNK.INIT && after === "CLOSED" && before === "CLOSED" && known) quiet = true;
    }
    if (after === "ESTABLISHED" && before !== after) assure = true;
    association.state = state = after;
  }
  return { tracking: association.tracking, ...(assure ? { assure } : {}), ...(quiet ? {} : { refresh: state }) };
}

/** An association while a packet is gone through, chunk by chunk. */
class Association {
  state: SctpState;
  readonly #tags: [number | undefined, number | undefined];
  readonly #inits: [boolean, boolean];
  #stray: 0 | 1 | undefined;
  readonly #tag: number;
  readonly #dir: 0 | 1;

  constructor(tracking: SctpTracking, tag: number, dir: 0 | 1) {
    this.state = tracking.state;
    this.#tags = [...tracking.tags];
    this.#inits = [...tracking.inits];
    this.#stray = tracking.strayHeartbeat;
    this.#tag = tag;
    this.#dir = dir;
  }

  /** Whether the packet carries the tag of its direction; one that is not known is taken for right, and known from then on. */
  get isOwnTag(): boolean {
    return this.#carries(this.#dir);
  }

  #carries(side: 0 | 1): boolean {
    this.#tags[side] ??= this.#tag;
    return this.#tags[side] === this.#tag;
  }

  /** The tag that an INIT or INIT ACK asks the other side to use; false when it is an INIT ACK that comes too late. */
  takeTag(type: number, tag: number): boolean {
    const own = this.#dir;
    const other = own === 0 ? 1 : 0;
    const known = this.#tags[other];
    if (type === CHUNK.INIT) {
      if (this.state === "NONE" || known !== tag) {
        if (this.#inits[own] && this.#inits[other]) this.#inits[other] = false;
        this.#inits[own] = true;
      }
    } else if (known !== undefined && known !== tag) {
      if (!this.#inits[other] && known !== 0) return false;
      if (this.#inits[own] && this.#inits[other]) return false;
    }
    this.#tags[other] = tag;
    return true;
  }

  /** The special rules of RFC 9260 section 8.5.1, and path checks of an association with several addresses. */
  judgeTag({ type, flags }: Chunk, strict: boolean): "right" | "wrong" | "skip" {
    const other = this.#dir === 0 ? 1 : 0;
    switch (type) {
      case CHUNK.INIT:
        return this.#tag === 0 ? "right" : "wrong";
      case CHUNK.ABORT:
      case CHUNK.SHUTDOWN_COMPLETE:
        return this.#carries(flags & REFLECTED ? other : this.#dir) ? "right" : "wrong";
      case CHUNK.COOKIE_ECHO:
        return this.isOwnTag ? "right" : "wrong";
      case CHUNK.COOKIE_ACK:
        this.#inits.fill(false);
        return "right";
      case CHUNK.HEARTBEAT:
        if (this.#settles()) return "right";
        if (strict) return "wrong";
        this.#stray = this.#dir;
        return "skip";
      case CHUNK.HEARTBEAT_ACK:
        if (this.#settles()) return "right";
        if (strict || this.#stray !== other) return "wrong";
        this.#stray = undefined;
        this.#tags[this.#dir] = this.#tag;
        this.#tags[other] = 0;
        return "right";
      default:
        return "right";
    }
  }

  /** A heartbeat's tag: new, or the right one, which ends a path check. */
  #settles(): boolean {
    if (this.#tags[this.#dir] === 0) {
      this.#tags[this.#dir] = this.#tag;
      return true;
    }
    if (!this.isOwnTag) return false;
    this.#stray = undefined;
    return true;
  }

  get tracking(): SctpTracking {
    return {
      state: this.state,
      tags: [...this.#tags],
      inits: [...this.#inits],
      ...(this.#stray === undefined ? {} : { strayHeartbeat: this.#stray }),
    };
  }
}
