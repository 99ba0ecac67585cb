import { PROTOCOL } from "../../model/packet.ts";
import type { Cursor } from "./cursor.ts";
import { octetsOf, type TransportText } from "./transport-text.ts";

const UDP_HEADER = 8;
const DCCP_TYPES = ["Request", "Response", "Data", "Ack", "DataAck", "CloseReq", "Close", "Reset", "Sync", "SyncAck"];
const DCCP_HEADER = 16;
const DCCP_OFFSET = 4;

/** Reads what stands behind the addresses and ports of UDP: `UDP, length 5`, or what a printer of its own says, with the length in brackets or at the end. */
export function readUdp(cursor: Cursor, sport: number, dport: number, told: number | undefined): TransportText {
  const checksum = checksumOf(cursor);
  const datagram = lengthOf(cursor) ?? told;
  const length = told ?? datagram;
  const octets = [...octetsOf(sport, 2), ...octetsOf(dport, 2), ...octetsOf((datagram ?? UDP_HEADER) & 0xffff, 2), 0, 0];
  return {
    protocol: PROTOCOL.udp,
    octets,
    isTold: true,
    ...(datagram !== undefined && { datagram }),
    ...(length !== undefined && { length }),
    ...(checksum !== undefined && { checksum }),
  };
}

/** `[no cksum]`, `[bad udp cksum 0x1c3a -> 0x0d5b!]`, `[bad icmp6 cksum …]`: passed, and what is said of the field. */
export function checksumOf(cursor: Cursor): number | undefined {
  if (!/^\[[^|]/.test(cursor.word ?? "")) return undefined;
  const words: string[] = [];
  for (let word = cursor.next(); word !== undefined; word = cursor.next()) {
    words.push(word);
    if (word.endsWith("]") || words.length > 8) break;
  }
  const text = words.join(" ");
  if (text.startsWith("[no cksum")) return 0;
  const found = /cksum (0x[0-9a-f]{1,4}) /.exec(text)?.[1];
  return found === undefined ? undefined : Number(found);
}

/** Octets of a datagram with its header. DNS and others end with their length in brackets, `(45)`, and most others with `length 48`; in a tunnel that is someone else's. */
function lengthOf(cursor: Cursor): number | undefined {
  if (cursor.word === "UDP") {
    const length = cursor.numberAfter("length");
    return length === undefined ? undefined : length + UDP_HEADER;
  }
  const { rest } = cursor;
  if (/ > /.test(rest)) return undefined;
  const found = /(?: \((\d{1,5})\)|, length:? (\d{1,5}))$/.exec(rest.slice(-200));
  return found ? Number(found[1] ?? found[2]) + UDP_HEADER : undefined;
}

/** Reads a packet of a protocol that is neither TCP, UDP nor ICMP, as far as its header matters. */
export function readOther(cursor: Cursor, protocol: number, ports: readonly [number, number] | undefined): TransportText {
  const length = / > /.test(cursor.rest) && protocol !== PROTOCOL.gre ? undefined : cursor.numberAfter("length");
  const octets = headerOf(cursor, protocol, ports);
  return { protocol, octets, isTold: true, ...(length !== undefined && length >= octets.length && { length }) };
}

function headerOf(cursor: Cursor, protocol: number, ports: readonly [number, number] | undefined): number[] {
  const both = ports ? [...octetsOf(ports[0], 2), ...octetsOf(ports[1], 2)] : [];
  const rest = cursor.rest.slice(0, 200);
  const numberIn = (name: string) => octetsOf(Number(new RegExp(`\\b${name}=(0x[0-9a-f]{1,8}|\\d{1,10})`).exec(rest)?.[1] ?? 0), 4);
  switch (protocol) {
    case PROTOCOL.dccp: {
      const type = DCCP_TYPES.indexOf(/DCCP-(\w+)/.exec(rest)?.[1] ?? "");
      const body = [DCCP_OFFSET, 0, 0, 0, (Math.max(0, type) << 1) | 1];
      return [...both, ...body, ...new Array<number>(DCCP_HEADER - both.length - body.length).fill(0)];
    }
    case PROTOCOL.esp:
      return [...numberIn("spi"), ...numberIn("seq")];
    case PROTOCOL.ah:
      return [PROTOCOL["ipv6-nonxt"], 1, 0, 0, ...numberIn("spi"), ...numberIn("seq")];
    default:
      // Of SCTP the verification tag would be guessed, which decides whether conntrack takes the packet.
      return both;
  }
}
