import type { Udp } from "../model/packet.ts";
import { u8, u32 } from "./octets.ts";

interface Message {
  readonly name: string;
  readonly length: number;
}

const MESSAGES: ReadonlyMap<number, Message> = new Map([
  [1, { name: "handshake initiation", length: 148 }],
  [2, { name: "handshake response", length: 92 }],
  [3, { name: "cookie reply", length: 64 }],
]);
const DATA = 4;
const DATA_SHORTEST = 32;
const DATA_MULTIPLE = 16;
const RESERVED = 0x00ffffff;
/** What wg-quick and its manual page use; there is no assigned port. */
const PORT = 51820;

/** The WireGuard message in a UDP payload of `total` octets with its header, by its form; data only on the usual port, as too little tells them. */
export function wireGuardMessage(payload: Uint8Array, start: number, total: number, udp: Udp): string | undefined {
  if (payload.length < start + 4 || (u32(payload, start) & RESERVED) !== 0) return undefined;
  const type = u8(payload, start);
  const length = total - start;
  const message = MESSAGES.get(type);
  if (message) return length === message.length ? message.name : undefined;
  if (type !== DATA || (udp.sport !== PORT && udp.dport !== PORT)) return undefined;
  if (length < DATA_SHORTEST || length % DATA_MULTIPLE !== 0) return undefined;
  return length === DATA_SHORTEST ? "keepalive" : "data";
}
