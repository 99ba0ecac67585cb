import { type Address, familyOf, formatAddress, isLoopback, isMulticast, parseAddress } from "../model/address.ts";
import { PROTOCOL, protocolName, TCP_FLAG } from "../model/packet.ts";
import type { CtState } from "../model/trace.ts";
import { type Box, CHOICES, CUBES, type Cube, SPANS, type Span } from "../sets/box.ts";
import { FIRST, hasPorts, STATES, type Universe } from "../sets/guard.ts";
import type { PacketDescription } from "../wire/made-packet.ts";

/** A packet as `nettrace packet` takes it, and the devices that it passes. */
export interface NaturalPacket {
  readonly description: PacketDescription;
  /** "tcp 10.20.0.1:40000 192.0.2.10:22" and the flags that belong to it. */
  readonly words: readonly string[];
  readonly in: string | undefined;
  readonly out: string | undefined;
}

const ADDRESSES: Readonly<Record<4 | 6, Readonly<Record<"src" | "dst", readonly string[]>>>> = {
  4: { src: ["198.51.100.7", "10.0.0.7"], dst: ["192.0.2.10", "203.0.113.10"] },
  6: { src: ["2001:db8:1::7"], dst: ["2001:db8:2::10"] },
};
const DEVICES = { in: ["eth0", "lan", "wan"], out: ["eth1", "wan", "lan"] } as const;
const CLIENT_PORT = 40_000;
const SERVER_PORTS = [80, 443, 22, 53];
const FLAGS = [TCP_FLAG.SYN, TCP_FLAG.ACK, TCP_FLAG.SYN | TCP_FLAG.ACK, TCP_FLAG.RST, TCP_FLAG.FIN | TCP_FLAG.ACK];

/** The most ordinary packet of a box; undefined where it has none that begins a connection, which is all that can be described. */
export function naturalPacket(box: Box, universe: Universe): NaturalPacket | undefined {
  const { family, devices } = universe;
  const [states, fragments] = [box.choices[CHOICES.state] as number, box.choices[CHOICES.fragment] as number];
  const has = (state: CtState) => (states & (1 << STATES.indexOf(state))) !== 0;
  const isNew = has("NEW");
  // Nothing is known of other conditions, and a mark is only there when something has set it.
  const isMarked = (box.cubes[CUBES.mark] as Cube).value !== 0;
  if ((fragments & FIRST) === 0 || (!isNew && !has("INVALID")) || box.atoms.length > 0 || isMarked) return undefined;
  const protocol = pick(spanOf(box, "protocol"), [PROTOCOL.tcp, PROTOCOL.udp, family === 4 ? PROTOCOL.icmp : PROTOCOL.icmpv6]);
  // SYN and FIN at once is what connection tracking takes for invalid (nf_conntrack_proto_tcp.c, tcp_error).
  const invalid = TCP_FLAG.SYN | TCP_FLAG.FIN;
  const flags = isNew ? flagsOf(box.cubes[CUBES.flags] as Cube) : protocol === PROTOCOL.tcp ? invalid : undefined;
  if (flags === undefined) return undefined;
  const [src, dst] = [addressOf(spanOf(box, "src"), ADDRESSES[family].src), addressOf(spanOf(box, "dst"), ADDRESSES[family].dst)];
  const [sport, dport] = [pick(spanOf(box, "sport"), [CLIENT_PORT]), pick(spanOf(box, "dport"), SERVER_PORTS)];
  const ports = hasPorts(protocol);
  const isIcmp = protocol === PROTOCOL.icmp || protocol === PROTOCOL.icmpv6;
  const message = isIcmp ? pick(spanOf(box, "sport"), [family === 4 ? 8 * 256 : 128 * 256]) : 0;
  const [type, code] = [message >> 8, message & 255];
  const description: PacketDescription = {
    protocol,
    src,
    dst,
    ...(ports && { sport, dport }),
    ...(protocol === PROTOCOL.tcp && { flags }),
    ...(isIcmp && { icmp: { type, code } }),
  };
  const words = [
    isIcmp ? "icmp" : protocolName(protocol),
    endpoint(src, ports ? sport : undefined),
    endpoint(dst, ports ? dport : undefined),
  ];
  if (protocol === PROTOCOL.tcp && flags !== TCP_FLAG.SYN) words.push("--flags", flagNames(flags));
  if (isIcmp && message !== (family === 4 ? 8 * 256 : 128 * 256))
    words.push("--type", String(type), ...(code ? ["--code", String(code)] : []));
  const device = (side: "in" | "out") => {
    const span = spanOf(box, side);
    const known = DEVICES[side].find((name) => devices.place(name) >= span[0] && devices.place(name) <= span[1]);
    return (known ?? devices.name(span)) || undefined;
  };
  return { description, words, in: device("in"), out: device("out") };
}

const spanOf = (box: Box, side: keyof typeof SPANS): Span => box.spans[SPANS[side]] as Span;

function pick([low, high]: Span, wanted: readonly number[]): number {
  return wanted.find((value) => value >= low && value <= high) ?? Number(low);
}

function addressOf([low, high]: Span, wanted: readonly string[]): Address {
  const inside = (value: Address) => value >= low && value <= high;
  const known = wanted.map(parseAddress).find((value) => value !== undefined && inside(value));
  if (known !== undefined) return known;
  // Not the first address of a network, which is no host's.
  const near: Address[] = typeof low === "number" ? [low + 1, low, Number(high) - 1] : [low + 1n, low, BigInt(high) - 1n];
  return near.find((value) => inside(value) && isOfHost(value)) ?? near.find(inside) ?? low;
}

function isOfHost(address: Address): boolean {
  return !isMulticast(address) && !isLoopback(address) && (typeof address !== "number" || (address > 0xffffff && address < 0xe0000000));
}

function flagsOf({ value, mask }: Cube): number {
  return FLAGS.find((flags) => ((flags ^ value) & mask & 0x3f) === 0) ?? value & 0x3f;
}

function flagNames(flags: number): string {
  return (
    Object.entries(TCP_FLAG)
      .filter(([, bit]) => (flags & bit) !== 0)
      .map(([name]) => name)
      .join() || "none"
  );
}

function endpoint(address: Address, port: number | undefined): string {
  const text = formatAddress(address);
  if (port === undefined) return text;
  return familyOf(address) === 6 ? `[${text}]:${port}` : `${text}:${port}`;
}
