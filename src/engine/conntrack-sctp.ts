import type { Sctp } from "../model/packet.ts";
import type { Connection } from "./connection.ts";

type SctpState =
  | "CLOSED"
  | "COOKIE_WAIT"
  | "COOKIE_ECHOED"
  | "ESTABLISHED"
  | "SHUTDOWN_SENT"
  | "SHUTDOWN_RECD"
  | "SHUTDOWN_ACK_SENT"
  | "HEARTBEAT_SENT";

/** Chunk types of RFC 9260 section 3.2. */
const CHUNK = {
  DATA: 0,
  INIT: 1,
  INIT_ACK: 2,
  HEARTBEAT: 4,
  HEARTBEAT_ACK: 5,
  ABORT: 6,
  SHUTDOWN: 7,
  SHUTDOWN_ACK: 8,
  ERROR: 9,
  COOKIE_ECHO: 10,
  COOKIE_ACK: 11,
  SHUTDOWN_COMPLETE: 14,
} as const;

const TIMEOUT: Readonly<Record<SctpState, readonly [string, number]>> = {
  CLOSED: ["closed", 10],
  COOKIE_WAIT: ["cookie_wait", 3],
  COOKIE_ECHOED: ["cookie_echoed", 3],
  ESTABLISHED: ["established", 210],
  SHUTDOWN_SENT: ["shutdown_sent", 3],
  SHUTDOWN_RECD: ["shutdown_recd", 3],
  SHUTDOWN_ACK_SENT: ["shutdown_ack_sent", 3],
  HEARTBEAT_SENT: ["heartbeat_sent", 30],
};

/** What a chunk does to a state in a direction (sctp_conntracks in nf_conntrack_proto_sctp.c, by its rules); undefined: invalid. */
function next(state: SctpState | "NONE", chunk: number, dir: 0 | 1): SctpState | undefined {
  const current: SctpState = state === "NONE" ? "CLOSED" : state;
  if (chunk === CHUNK.INIT)
    return dir === 0
      ? state === "NONE" || current === "CLOSED" || current === "COOKIE_WAIT" || current === "HEARTBEAT_SENT"
        ? "COOKIE_WAIT"
        : current
      : state === "NONE"
        ? undefined
        : current;
  if (chunk === CHUNK.INIT_ACK) return dir === 0 ? (state === "NONE" ? undefined : current) : state === "NONE" ? undefined : current;
  if (chunk === CHUNK.ABORT) return "CLOSED";
  if (chunk === CHUNK.SHUTDOWN)
    return state === "NONE" || current === "CLOSED" || current === "COOKIE_WAIT"
      ? state === "NONE"
        ? undefined
        : current
      : dir === 0
        ? "SHUTDOWN_SENT"
        : "SHUTDOWN_RECD";
  if (chunk === CHUNK.SHUTDOWN_ACK) return state === "NONE" ? "SHUTDOWN_ACK_SENT" : "SHUTDOWN_ACK_SENT";
  if (chunk === CHUNK.COOKIE_ECHO) return state === "NONE" ? undefined : dir === 0 && current === "COOKIE_WAIT" ? "COOKIE_ECHOED" : current;
  if (chunk === CHUNK.COOKIE_ACK) return state === "NONE" ? undefined : dir === 1 && current === "COOKIE_ECHOED" ? "ESTABLISHED" : current;
  if (chunk === CHUNK.SHUTDOWN_COMPLETE) return state === "NONE" ? undefined : "CLOSED";
  if (chunk === CHUNK.HEARTBEAT) return state === "NONE" || current === "CLOSED" ? "HEARTBEAT_SENT" : current;
  if (chunk === CHUNK.HEARTBEAT_ACK)
    return dir === 0 ? (state === "NONE" ? undefined : current) : current === "HEARTBEAT_SENT" ? "ESTABLISHED" : current;
  if (chunk === CHUNK.DATA || chunk === 3 || chunk === CHUNK.ERROR) return state === "NONE" ? undefined : current;
  return current;
}

/** Takes an association through one packet (nf_conntrack_sctp_packet). Changes the connection; `why` when the packet is invalid. */
export function trackSctp(
  connection: Connection,
  sctp: Sctp,
  dir: 0 | 1,
  timeout: (name: string, seconds: number) => number,
): { why?: string; timeout?: number } {
  let state = (connection.sctpState ?? "NONE") as SctpState | "NONE";
  if (sctp.chunks.length === 0) return { why: "it has no SCTP chunk" };
  for (const chunk of sctp.chunks) {
    if ([CHUNK.INIT, CHUNK.INIT_ACK, CHUNK.SHUTDOWN_COMPLETE].includes(chunk as 1) && sctp.chunks.length !== 1)
      return { why: "this SCTP chunk must stand alone" };
    const to = next(state, chunk, dir);
    if (to === undefined) return { why: "no association is known that this SCTP packet could belong to" };
    state = to;
  }
  if (state === "NONE") return { why: "no association is known that this SCTP packet could belong to" };
  connection.sctpState = state;
  if (state === "ESTABLISHED" && dir === 1) connection.assured = true;
  const [name, seconds] = TIMEOUT[state];
  return { timeout: timeout(name, seconds) };
}
