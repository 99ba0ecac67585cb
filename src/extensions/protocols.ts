import { PROTOCOL } from "../model/packet.ts";
import { parseNumber } from "./codecs.ts";

const ALIASES: Readonly<Record<string, number>> = { ...PROTOCOL, "ipv6-icmp": 58, icmp6: 58, "mobility-header": 135, "ipv6-mh": 135 };

/** Reads a protocol's number or name (IANA protocol-numbers). */
export function parseProtocol(text: string): number | undefined {
  return parseNumber(text, 0, 255) ?? ALIASES[text.toLowerCase()];
}
