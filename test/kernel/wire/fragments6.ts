import { join, number, read, write } from "./octets.ts";

const HEADER = 40;
const FRAGMENT_HEADER = 8;
const HOP_BY_HOP = 0;
const ROUTING = 43;
const FRAGMENT = 44;
const DESTINATION = 60;

/** An IPv6 packet in fragments as a host makes them for an MTU (net/ipv6/ip6_output.c, ip6_fragment). */
export function fragments6(packet: Uint8Array, mtu: number, id: number): Uint8Array[] {
  const { end, at } = unfragmentable(packet);
  const head = packet.slice(0, end);
  const next = read(head, at, 1);
  write(head, at, 1, FRAGMENT);
  const data = packet.subarray(end);
  const room = Math.max(8, (mtu - end - FRAGMENT_HEADER) & ~7);
  const pieces: Uint8Array[] = [];
  for (let start = 0; start < data.length; start += room) {
    const piece = data.subarray(start, start + room);
    const more = start + room < data.length ? 1 : 0;
    write(head, 4, 2, end - HEADER + FRAGMENT_HEADER + piece.length);
    pieces.push(join(head, Uint8Array.of(next, 0), number(start | more, 2), number(id, 4), piece));
  }
  return pieces;
}

/** Where the part ends that every fragment repeats, and where in it the next header is named (net/ipv6/output_core.c, ip6_find_1stfragopt). */
function unfragmentable(packet: Uint8Array): { readonly end: number; readonly at: number } {
  let at = 6;
  let end = HEADER;
  for (;;) {
    const next = read(packet, at, 1);
    const repeated = next === HOP_BY_HOP || next === ROUTING || (next === DESTINATION && read(packet, end, 1) === ROUTING);
    const size = (read(packet, end + 1, 1) + 1) * 8;
    if (!repeated || end + size > packet.length) return { end, at };
    at = end;
    end += size;
  }
}
