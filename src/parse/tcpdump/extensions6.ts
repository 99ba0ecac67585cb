import { PROTOCOL } from "../../model/packet.ts";
import type { Cursor } from "./cursor.ts";
import { protocolOf } from "./ip-header.ts";
import type { ExtensionText } from "./ip-octets.ts";
import { octetsOf } from "./transport-text.ts";

/** Extension headers of an IPv6 packet, and the fragment that it is. */
export interface ReadExtensions {
  readonly extensions: readonly ExtensionText[];
  readonly fragment?: { readonly offset: number; readonly length: number };
}

const PAD_N = 1;
const ROUTER_ALERT = 5;
const ROUTING_SPENT = 253;
/** Words that extension headers may take before something else begins. */
const MOST_WORDS = 60;
/** Later fragments that end on a multiple of eight are mostly followed by others only when they are this long. */
const MOSTLY_FULL = 1200;

/** Passes `HBH (rtalert: 0x0000) (padn)`, `DSTOPT`, `RT6 (…)` and `frag (0x0000002a:0|1448)` (print-ip6.c, ip6_print). */
export function readExtensions(cursor: Cursor): ReadExtensions {
  const extensions: ExtensionText[] = [];
  let fragment: ReadExtensions["fragment"];
  for (;;) {
    const { word } = cursor;
    if (word === "HBH") extensions.push({ protocol: PROTOCOL.hopopt, octets: optionsOf(skipped(cursor)) });
    else if (word === "DSTOPT") extensions.push({ protocol: PROTOCOL["ipv6-opts"], octets: optionsOf(skipped(cursor)) });
    else if (word === "RT6" || word === "srcrt") {
      skipped(cursor);
      extensions.push({ protocol: PROTOCOL["ipv6-route"], octets: [0, 0, ROUTING_SPENT, 0, 0, 0, 0, 0] });
    } else if (word === "frag") {
      const found = /^\((?:(0x[0-9a-f]{1,8}):)?(\d{1,5})\|(\d{1,5})\)$/.exec(cursor.peek(1) ?? "");
      cursor.next();
      if (!found) break;
      cursor.next();
      const [offset, length] = [Number(found[2]) & ~7, Number(found[3])];
      const more = offset === 0 || (length % 8 === 0 && length >= MOSTLY_FULL);
      fragment = { offset, length };
      extensions.push({
        protocol: PROTOCOL["ipv6-frag"],
        octets: [0, 0, ...octetsOf((offset & 0xffff) | (more ? 1 : 0), 2), ...octetsOf(Number(found[1] ?? 0), 4)],
      });
    } else break;
  }
  return { extensions, ...(fragment && { fragment }) };
}

function skipped(cursor: Cursor): string {
  const words = [cursor.next()];
  for (let word = cursor.word; word !== undefined && words.length < MOST_WORDS; word = cursor.word) {
    if (word === "HBH" || word === "DSTOPT" || word === "RT6" || word === "frag" || protocolOf(word) !== undefined) break;
    const isBracketed = /^[([]|[)\]]$/.test(word) || words.some((one) => one?.startsWith("("));
    if (!isBracketed || /^\[(?:icmp6|udp|no|bad)$/.test(word)) break;
    words.push(cursor.next());
    // Brackets that are closed end what belongs to the header, unless others open.
    if (word.endsWith(")") && !(cursor.word ?? "").startsWith("(")) break;
  }
  return words.join(" ");
}

function optionsOf(text: string): number[] {
  const alert = /rtalert: 0x([0-9a-f]{1,4})/.exec(text)?.[1];
  if (alert === undefined) return [0, 0, PAD_N, 4, 0, 0, 0, 0];
  return [0, 0, ROUTER_ALERT, 2, ...octetsOf(Number.parseInt(alert, 16), 2), PAD_N, 0];
}
