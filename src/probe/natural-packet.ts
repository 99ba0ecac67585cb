import { type Address, isLoopback, isMulticast, parseAddress } from "../model/address.ts";
import { hasPorts, isIcmp, PROTOCOL, TCP_FLAG } from "../model/packet.ts";
import type { CtState } from "../model/trace.ts";
import { type Box, CHOICES, CUBES, type Cube, SPANS, type Span } from "../sets/box.ts";
import { FIRST, STATES, type Universe } from "../sets/guard.ts";
import type { PacketDescription } from "../wire/made-packet.ts";
import { ORDINARY, ORDINARY_OF_ANY } from "./ordinary.ts";

/** A packet as `nettrace packet` takes it, with nothing said that goes without saying, and the devices that it passes. */
export interface NaturalPacket {
  readonly description: PacketDescription;
  readonly in: string | undefined;
  readonly out: string | undefined;
}

/** The most ordinary packet of a box; undefined where it has none that begins a connection, which is all that can be described. */
export function naturalPacket(box: Box, universe: Universe): NaturalPacket | undefined {
  const { family, devices } = universe;
  const ordinary = { ...ORDINARY[family], ...ORDINARY_OF_ANY };
  const [states, fragments] = [box.choices[CHOICES.state] as number, box.choices[CHOICES.fragment] as number];
  const has = (state: CtState) => (states & (1 << STATES.indexOf(state))) !== 0;
  const isNew = has("NEW");
  // Nothing is known of other conditions, and a mark is only there when something has set it.
  const isMarked = (box.cubes[CUBES.mark] as Cube).value !== 0;
  if ((fragments & FIRST) === 0 || (!isNew && !has("INVALID")) || box.atoms.length > 0 || isMarked) return undefined;
  const protocol = pick(spanOf(box, "protocol"), ordinary.protocol);
  // SYN and FIN at once is what connection tracking takes for invalid (nf_conntrack_proto_tcp.c, tcp_error).
  const invalid = TCP_FLAG.SYN | TCP_FLAG.FIN;
  const flags = isNew ? flagsOf(box.cubes[CUBES.flags] as Cube) : protocol === PROTOCOL.tcp ? invalid : undefined;
  if (flags === undefined) return undefined;
  const [src, dst] = [addressOf(spanOf(box, "src"), ordinary.src), addressOf(spanOf(box, "dst"), ordinary.dst)];
  // Nobody can send to no address, nor from it over a wire.
  if (isNone(src) || isNone(dst)) return undefined;
  const message = pick(spanOf(box, "sport"), ordinary.icmp);
  const description: PacketDescription = {
    protocol,
    src,
    dst,
    ...(hasPorts(protocol) && { sport: pick(spanOf(box, "sport"), ordinary.sport), dport: pick(spanOf(box, "dport"), ordinary.dport) }),
    ...(protocol === PROTOCOL.tcp && flags !== TCP_FLAG.SYN && { flags }),
    ...(isIcmp(protocol) && message !== ordinary.icmp[0] && { icmp: { type: message >> 8, code: message & 255 } }),
  };
  const device = (side: "in" | "out") => {
    const span = spanOf(box, side);
    const known = ordinary[side].find((name) => devices.place(name) >= span[0] && devices.place(name) <= span[1]);
    return (known ?? devices.name(span)) || undefined;
  };
  return { description, in: device("in"), out: device("out") };
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

const isNone = (address: Address): boolean => BigInt(address) === 0n;

function isOfHost(address: Address): boolean {
  if (isMulticast(address) || isLoopback(address)) return false;
  // Of IPv6 what is below 2000::/3 is nobody's (IANA, IPv6 address space).
  return typeof address === "number" ? address > 0xffffff && address < 0xe0000000 : address >= 1n << 125n;
}

function flagsOf({ value, mask }: Cube): number {
  return ORDINARY_OF_ANY.flags.find((flags) => ((flags ^ value) & mask & 0x3f) === 0) ?? value & 0x3f;
}
