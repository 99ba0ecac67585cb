import type { Family } from "../model/address.ts";
import type { Mutable } from "../model/mutable.ts";
import type { Icmp, Packet } from "../model/packet.ts";
import { decodeIp } from "./ip.ts";
import { address6, u8, u16, u32 } from "./octets.ts";
import { type Defect, lacking } from "./transport.ts";

const TYPE = 0;
const CODE = 1;
const ID = 4;
const SEQUENCE = 6;
const POINTER = 4;
const MTU_4 = 6;
const MTU_6 = 4;
const TARGET = 8;
const TARGET_END = 24;
const HEADER = 8;
const REDIRECT_OPTIONS = 40;
const LINK_LAYER_OPTION = 2;
const REDIRECTED_OPTION = 4;
// RFC 4884 section 3: the quoted datagram's length, in words of 32 bits (ICMP) or 64 (ICMPv6).
const QUOTE_LENGTH_4 = 5;
const QUOTE_LENGTH_6 = 4;

const UNREACHABLE = 3;
const PARAMETER_PROBLEM = 12;
const FRAGMENTATION_NEEDED = 4;
const ERRORS_4: ReadonlySet<number> = new Set([UNREACHABLE, 4, 5, 11, PARAMETER_PROBLEM]);
const WITH_ID_4: ReadonlySet<number> = new Set([0, 8, 13, 14, 15, 16, 17, 18]);
const EXTENSIBLE_4: ReadonlySet<number> = new Set([UNREACHABLE, 11, PARAMETER_PROBLEM]);

const TOO_BIG = 2;
const PARAMETER_PROBLEM_6 = 4;
const FIRST_INFORMATIONAL = 128;
const WITH_ID_6: ReadonlySet<number> = new Set([128, 129]);
const REDIRECT_6 = 137;
const WITH_TARGET_6: ReadonlySet<number> = new Set([135, 136, REDIRECT_6]);
const EXTENSIBLE_6: ReadonlySet<number> = new Set([1, 3]);

// The kernel never looks into the quote of a quote; one level more than that keeps hostile nesting from growing the stack.
const DEEPEST_QUOTE = 2;

/** Decodes an ICMP (RFC 792) or ICMPv6 (RFC 4443, RFC 4861) message, with the packet that an error quotes. */
export function decodeIcmp(family: Family, bytes: Uint8Array, total: number, depth: number): Icmp | Defect {
  const missing = lacking(bytes.length, total, HEADER);
  if (missing) return missing;
  const type = u8(bytes, TYPE);
  const code = u8(bytes, CODE);
  const icmp: Mutable<Icmp> = { kind: "icmp", type, code };
  if ((family === 4 ? WITH_ID_4 : WITH_ID_6).has(type)) {
    icmp.id = u16(bytes, ID);
    icmp.sequence = u16(bytes, SEQUENCE);
    return icmp;
  }
  if (family === 4 && type === UNREACHABLE && code === FRAGMENTATION_NEEDED) icmp.mtu = u16(bytes, MTU_4);
  if (family === 4 && type === PARAMETER_PROBLEM) icmp.pointer = u8(bytes, POINTER);
  if (family === 6 && type === PARAMETER_PROBLEM_6) icmp.pointer = u32(bytes, POINTER);
  if (family === 6 && type === TOO_BIG) icmp.mtu = u32(bytes, MTU_6);
  if (family === 6 && WITH_TARGET_6.has(type) && bytes.length >= TARGET_END) icmp.target = address6(bytes, TARGET);
  if (family === 6 && type === REDIRECT_6) {
    const quoted = decodeRedirected(bytes, depth);
    if (quoted) icmp.quoted = quoted;
  }
  if (family === 4 ? ERRORS_4.has(type) : type < FIRST_INFORMATIONAL) {
    const quoted = decodeQuote(family, bytes, type, depth);
    if (quoted) icmp.quoted = quoted;
  }
  return icmp;
}

/** The packet that an ICMPv6 redirect is about, in its option (RFC 4861 section 4.6.3); that with a link-layer address may come before. */
function decodeRedirected(bytes: Uint8Array, depth: number): Packet | undefined {
  const first = REDIRECT_OPTIONS;
  const at = u8(bytes, first) === LINK_LAYER_OPTION ? first + 8 * u8(bytes, first + 1) : first;
  if (depth >= DEEPEST_QUOTE || u8(bytes, at) !== REDIRECTED_OPTION || u8(bytes, at + 1) === 0) return undefined;
  const quoted = decodeIp(bytes, at + HEADER, bytes.length, Number.POSITIVE_INFINITY, depth + 1);
  return typeof quoted === "string" ? undefined : quoted;
}

function decodeQuote(family: Family, bytes: Uint8Array, type: number, depth: number): Packet | undefined {
  if (depth >= DEEPEST_QUOTE) return undefined;
  let said = 0;
  if (family === 4 && EXTENSIBLE_4.has(type)) said = 4 * u8(bytes, QUOTE_LENGTH_4);
  if (family === 6 && EXTENSIBLE_6.has(type)) said = 8 * u8(bytes, QUOTE_LENGTH_6);
  const end = said > 0 ? Math.min(bytes.length, HEADER + said) : bytes.length;
  // The sender of the error cut the quote, so a total length that reaches further is no defect.
  const quoted = decodeIp(bytes, HEADER, end, Number.POSITIVE_INFINITY, depth + 1);
  return typeof quoted === "string" ? undefined : quoted;
}
