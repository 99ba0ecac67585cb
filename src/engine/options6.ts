import { isMulticast } from "../model/address.ts";
import type { Packet } from "../model/packet.ts";
import type { Extension } from "./extensions6.ts";

const PAD1 = 0;
const PADN = 1;
const ROUTER_ALERT = 5;
const IOAM = 0x31;
const JUMBO = 0xc2;
const CALIPSO = 7;
const MOST_PADDING = 7;
const UNKNOWN_OPTION = 2;
const WRONG_FIELD = 0;

/** Why a packet is dropped for its options, and the parameter problem that it is answered with. */
export interface OptionFault {
  readonly text: string;
  readonly problem?: { readonly code: number; readonly pointer: number };
}

/** What the host lets packets have (net.ipv6.max_hbh_opts_number and its like); negative where unknown options are refused. */
export interface OptionLimits {
  readonly number: number;
  readonly length: number;
}

/** Reads hop-by-hop or destination options (net/ipv6/exthdrs.c, ip6_parse_tlv); undefined when nothing is wrong with them. */
export function optionFault(packet: Packet, header: Extension, limits: OptionLimits): OptionFault | undefined {
  const { octets, at: start } = header;
  const what = header.name === "hop-by-hop" ? "hop-by-hop" : "destination";
  const bad: OptionFault = { text: `its ${what} options are malformed` };
  if (octets.length > limits.length) return { text: `its ${what} options are longer than this host allows` };
  let padding = 0;
  let count = 0;
  for (let at = 2; at < octets.length; ) {
    const type = octets[at] ?? 0;
    if (type === PAD1) {
      if (++padding > MOST_PADDING) return bad;
      at++;
      continue;
    }
    if (octets.length - at < 2) return bad;
    const size = (octets[at + 1] ?? 0) + 2;
    if (at + size > octets.length) return bad;
    if (type === PADN) {
      padding += size;
      if (padding > MOST_PADDING || octets.slice(at + 2, at + size).some((octet) => octet !== 0)) return bad;
    } else {
      if (++count > Math.abs(limits.number)) return { text: `it has more ${what} options than this host allows` };
      const fault = header.name === "hop-by-hop" ? hopOption(packet, octets, at, start) : "unknown";
      if (fault === "unknown") {
        const refused = unknownOption(packet, type, start + at, limits.number < 0, what);
        if (refused) return refused;
      } else if (fault) return fault;
      padding = 0;
    }
    at += size;
  }
  return undefined;
}

/** Whether bridge netfilter drops a packet for its hop-by-hop options, of which it only looks at a jumbo payload (nf_ip6_check_hbh_len). */
export function isDroppedOnBridge(packet: Packet, { octets, at: start }: Extension): boolean {
  let at = 2;
  while (at < octets.length) {
    const type = octets[at];
    const size = type === PAD1 ? 1 : (octets[at + 1] ?? 0) + 2;
    if ((type !== PAD1 && octets.length - at < 2) || at + size > octets.length) return true;
    if (type === JUMBO && jumboFault(packet, octets, at, start)) return true;
    at += size;
  }
  return false;
}

function hopOption(packet: Packet, octets: readonly number[], at: number, start: number): OptionFault | "unknown" | undefined {
  const length = octets[at + 1] ?? 0;
  switch (octets[at]) {
    case ROUTER_ALERT:
      return length === 2 ? undefined : { text: "its router alert option has a wrong length" };
    case IOAM:
      return (start + at) % 4 === 0 ? undefined : { text: "its IOAM option does not begin at a multiple of four" };
    case CALIPSO:
      return length < 8 || (octets[at + 6] ?? 0) * 4 + 8 > length ? { text: "its CALIPSO option is malformed" } : "unknown";
    case JUMBO:
      return jumboFault(packet, octets, at, start);
    default:
      return "unknown";
  }
}

/** ipv6_hop_jumbo */
function jumboFault(packet: Packet, octets: readonly number[], at: number, start: number): OptionFault {
  if (octets[at + 1] !== 4 || ((start + at) & 3) !== 2) return { text: "its jumbo payload option has a wrong length or place" };
  const size = octets.slice(at + 2, at + 6).reduce((sum, octet) => sum * 256 + octet, 0);
  const text = "its jumbo payload option is not for a packet of this length";
  if (size <= 65_535) return { text, problem: { code: WRONG_FIELD, pointer: start + at + 2 } };
  return { text, ...(packet.length > 40 && { problem: { code: WRONG_FIELD, pointer: start + at } }) };
}

/** ip6_tlvopt_unknown: what becomes of an unknown option stands in its two highest bits. */
function unknownOption(packet: Packet, type: number, pointer: number, refused: boolean, what: string): OptionFault | undefined {
  const action = type >> 6;
  if (!refused && action === 0) return undefined;
  const text = `it has an unknown ${what} option (0x${type.toString(16)})${refused ? "" : ", which asks to discard it"}`;
  if (refused || action === 1 || (action === 3 && isMulticast(packet.dst))) return { text };
  return { text, problem: { code: UNKNOWN_OPTION, pointer } };
}
