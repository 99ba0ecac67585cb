import { type Address, familyOf, parseAddress } from "../model/address.ts";
import { isIcmp, PROTOCOL, TCP_FLAG } from "../model/packet.ts";
import type { PacketWords } from "../model/packet-words.ts";
import { leastLength, type PacketDescription } from "../wire/made-packet.ts";
import { UsageFailure } from "./failure.ts";
import { protocolNumber } from "./filters.ts";

const WITH_PORTS: ReadonlySet<number> = new Set([PROTOCOL.tcp, PROTOCOL.udp, PROTOCOL.sctp, PROTOCOL.dccp, PROTOCOL.udplite]);
const CLIENT_PORT = 40000;
const ECHO = { 4: 8, 6: 128 } as const;
const TYPES_4: Readonly<Record<string, number>> = {
  "echo-reply": 0,
  "destination-unreachable": 3,
  redirect: 5,
  "echo-request": 8,
  "time-exceeded": 11,
  "parameter-problem": 12,
  "timestamp-request": 13,
  "timestamp-reply": 14,
};
const TYPES_6: Readonly<Record<string, number>> = {
  "destination-unreachable": 1,
  "packet-too-big": 2,
  "time-exceeded": 3,
  "parameter-problem": 4,
  "echo-request": 128,
  "echo-reply": 129,
};

/** Reads the words into a description; whatever does not fit together is refused with a sentence. */
export function describePacket(words: PacketWords): PacketDescription {
  const source = readEndpoint(words.src, "the source");
  const target = readEndpoint(words.dst, "the destination");
  const family = familyOf(source.address);
  if (family !== familyOf(target.address)) throw new UsageFailure(`${words.src} and ${words.dst} are of different address families`);
  const named = protocolNumber(words.protocol);
  const protocol = named === PROTOCOL.icmp && family === 6 ? PROTOCOL.icmpv6 : named;
  const ports = WITH_PORTS.has(protocol);
  if (!ports && (source.port !== undefined || target.port !== undefined)) throw new UsageFailure(`${words.protocol} has no ports`);
  if (ports && target.port === undefined)
    throw new UsageFailure(`${words.dst}: ${words.protocol} needs a destination port, as in ${bracket(words.dst)}:80`);
  if (!isIcmp(protocol) && (words.type !== undefined || words.code !== undefined))
    throw new UsageFailure(`--type and --code are for icmp, not for ${words.protocol}`);
  if (protocol !== PROTOCOL.tcp && words.flags !== undefined) throw new UsageFailure(`--flags are for tcp, not for ${words.protocol}`);
  const description: PacketDescription = {
    protocol,
    src: source.address,
    dst: target.address,
    ...(ports && { sport: source.port ?? CLIENT_PORT, dport: target.port ?? 0 }),
    ...(words.ttl !== undefined && { ttl: words.ttl }),
    ...(words.tos !== undefined && { tos: words.tos }),
    ...(words.length !== undefined && { length: words.length }),
    ...(words.flags !== undefined && { flags: readFlags(words.flags) }),
    ...(isIcmp(protocol) && { icmp: { type: readType(words.type, family), code: words.code ?? 0 } }),
  };
  const least = leastLength(description);
  if (words.length !== undefined && words.length < least)
    throw new UsageFailure(`--length ${words.length} is too short: the headers alone take ${least} octets`);
  return description;
}

function bracket(text: string): string {
  return text.includes(":") ? `[${text}]` : text;
}

function readEndpoint(text: string, what: string): { readonly address: Address; readonly port?: number } {
  const match = /^\[([^\]]+)\](?::(\d+))?$/.exec(text) ?? /^([^:]+)(?::(\d+))?$/.exec(text) ?? /^(.+)$/.exec(text);
  const address = parseAddress(match?.[1] ?? "");
  const port = match?.[2] === undefined ? undefined : Number(match[2]);
  if (address === undefined) throw new UsageFailure(`${what} is an address, or an address and a port like 192.0.2.10:80, found "${text}"`);
  if (port !== undefined && port > 65535) throw new UsageFailure(`${what}: a port is at most 65535, found ${port}`);
  return port === undefined ? { address } : { address, port };
}

function readFlags(text: string): number {
  if (/^none$/i.test(text)) return 0;
  const known: Readonly<Record<string, number>> = TCP_FLAG;
  return text.split(/[,+|]/).reduce((bits, name) => {
    const bit = known[name.trim().toUpperCase()];
    if (bit === undefined) throw new UsageFailure(`--flags: "${name}" is not a TCP flag: expected ${Object.keys(TCP_FLAG).join(", ")}`);
    return bits | bit;
  }, 0);
}

function readType(text: string | undefined, family: 4 | 6): number {
  if (text === undefined) return ECHO[family];
  const names = family === 4 ? TYPES_4 : TYPES_6;
  const number = names[text.toLowerCase()] ?? (/^\d{1,3}$/.test(text) ? Number(text) : undefined);
  if (number === undefined || number > 255)
    throw new UsageFailure(`--type: "${text}" is not an ICMP type: expected ${Object.keys(names).join(", ")} or a number`);
  return number;
}
