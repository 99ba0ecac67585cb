import { ADDRESS_TYPES, type AddressType } from "../../src/extensions/address-types.ts";
import type { Draw } from "../../src/extensions/draw.ts";
import { matchSpec } from "../../src/extensions/registry.ts";
import type { PacketContext } from "../../src/extensions/spec.ts";
import type { Address } from "../../src/model/address.ts";
import { type Packet, PROTOCOL } from "../../src/model/packet.ts";
import { type Box, CHOICES, CUBES, SPANS, type Span } from "../../src/sets/box.ts";
import { LATER, STATES, type Universe } from "../../src/sets/guard.ts";
import { makePacket } from "../../src/wire/made-packet.ts";
import { context } from "../extensions/context.ts";
import type { TablePlan } from "./drawn-table.ts";

/** Those that a host may have a route of. */
const TYPES = ADDRESS_TYPES.slice(0, ADDRESS_TYPES.indexOf("PROHIBIT"));

/** A packet as a hook sees it, with what the sets have for it. */
export interface Aimed {
  readonly context: PacketContext;
  /** Its place among all packets; atoms are asked for one by one. */
  point(universe: Universe, atoms: Iterable<number>): Box;
}

/** A packet at or next to the border of a box in each of its properties, as far as there is such a packet at a hook. */
export function aimedAt(d: Draw, box: Box, universe: Universe, plan: TablePlan, inside = false): Aimed {
  const { devices, family } = universe;
  const value = ([low, high]: Span, d1: Draw, [least, most]: Span): number | bigint => {
    if (inside) return d1.pick([low, high, between(d1, low, high)]);
    const near = d1.pick([low, low, high, high, before(low), after(high), between(d1, low, high), between(d1, low, high)]);
    return near < least || near > most ? low : near;
  };
  const near = (name: keyof typeof SPANS) => value(box.spans[SPANS[name]] as Span, d, universe.all.spans[SPANS[name]] as Span);
  const bit = (name: keyof typeof CHOICES) => {
    const all = box.choices[CHOICES[name]] as number;
    const bits = Array.from({ length: name === "state" ? STATES.length : TYPES.length }, (_, i) => i).filter((i) => (all >> i) & 1);
    return d.pick(bits);
  };
  const bits = (name: keyof typeof CUBES) => {
    const { value: set, mask } = box.cubes[CUBES[name]] ?? { value: 0, mask: 0 };
    const flipped = !inside && d.chance(4) ? 1 << d.integer(0, 5) : 0;
    return (set ^ (d.pick([0, d.integer(0, 63), d.integer(0, 255)]) & ~mask) ^ flipped) >>> 0;
  };
  const device = (name: "in" | "out", possible: boolean): string => {
    if (!possible) return "";
    if (inside) return devices.name(box.spans[SPANS[name]] as Span) ?? "";
    const own = box.spans[SPANS[name]] as Span;
    const place = Number(value(own, d, devices.some));
    return devices.name([place, place]) || devices.name(own) || devices.name(devices.some) || "a0";
  };
  const { hook } = plan;
  const hasIn =
    hook === "PREROUTING" ||
    hook === "INPUT" ||
    hook === "FORWARD" ||
    (hook === "POSTROUTING" && (inside ? (box.spans[SPANS.in] as Span)[1] > 0 : d.chance(2)));
  const hasOut = hook === "FORWARD" || hook === "OUTPUT" || hook === "POSTROUTING";
  const wide = (box.spans[SPANS.protocol] as Span)[0] !== (box.spans[SPANS.protocol] as Span)[1];
  const icmp = family === 4 ? PROTOCOL.icmp : PROTOCOL.icmpv6;
  const protocol = wide && d.chance(2) ? d.pick([PROTOCOL.tcp, PROTOCOL.udp, icmp, PROTOCOL.sctp, PROTOCOL.gre]) : Number(near("protocol"));
  const [sport, dport] = [Number(near("sport")), Number(near("dport"))];
  const [src, dst] = [near("src") as Address, near("dst") as Address];
  const flags = bits("flags") & 0x3f;
  const isLater =
    (box.choices[CHOICES.fragment] as number) === LATER ||
    (((box.choices[CHOICES.fragment] as number) & LATER) !== 0 && d.chance(protocol === 6 || protocol === 17 ? 4 : 2));
  const whole = makePacket({ protocol, src, dst, sport, dport, flags, icmp: { type: sport >> 8, code: sport & 255 } });
  const packet = isLater ? laterFragment(whole, sport, dport, flags) : whole;
  const types = { src: TYPES[bit("srcType")] ?? "LOCAL", dst: TYPES[bit("dstType")] ?? "LOCAL" };
  const typeOf = (address: Address): AddressType => (address === src ? types.src : types.dst);
  const about = context({
    packet,
    family,
    hook,
    table: plan.table,
    backend: plan.backend,
    in: device("in", hasIn),
    out: device("out", hasOut),
    mark: bits("mark"),
    ctState: plan.table === "nat" && !inside ? d.pick(["NEW", "NEW", "RELATED"]) : (STATES[bit("state")] ?? "NEW"),
    addressType: typeOf,
    uses: () => [],
    assume: () => undefined,
    sets: new Map(),
  });
  return { context: about, point: (world, atoms) => pointOf(about, world, atoms, typeOf) };
}

/** Where a later fragment has in the place of ports what the whole packet has in them. */
function laterFragment(whole: Packet, sport: number, dport: number, flags: number): Packet {
  const { transport: _, ...rest } = whole;
  const payload = new Uint8Array(40);
  payload.set([sport >> 8, sport & 255, dport >> 8, dport & 255]);
  payload[13] = flags;
  return { ...rest, dontFragment: false, length: whole.headerLength + 40, payload, fragment: { offset: 1480, more: false } };
}

function pointOf(about: PacketContext, universe: Universe, atoms: Iterable<number>, typeOf: (address: Address) => AddressType): Box {
  const { packet, ctState, mark } = about;
  const { transport, payload } = packet;
  const [sport, dport] =
    transport?.kind === "icmp"
      ? [transport.type * 256 + transport.code, 0]
      : transport && "sport" in transport
        ? [transport.sport, transport.dport]
        : [(payload[0] ?? 0) * 256 + (payload[1] ?? 0), (payload[2] ?? 0) * 256 + (payload[3] ?? 0)];
  const flags = transport?.kind === "tcp" ? transport.flags & 0x3f : (payload[13] ?? 0) & 0x3f;
  const places = [
    packet.src,
    packet.dst,
    packet.protocol,
    sport,
    dport,
    universe.devices.place(about.in),
    universe.devices.place(about.out),
  ];
  return {
    spans: places.map((value) => [value, value] as const),
    choices: [
      1 << STATES.indexOf(ctState),
      packet.fragment && packet.fragment.offset > 0 ? LATER : 1,
      1 << ADDRESS_TYPES.indexOf(typeOf(packet.src)),
      1 << ADDRESS_TYPES.indexOf(typeOf(packet.dst)),
    ],
    cubes: [
      { value: mark, mask: 0xffffffff },
      { value: flags, mask: 0xffffffff },
    ],
    atoms: [...atoms].map((atom) => (answer(about, universe, atom) === true ? atom : -atom)).sort((a, b) => Math.abs(a) - Math.abs(b)),
  };
}

function answer(about: PacketContext, universe: Universe, atom: number): unknown {
  const use = universe.atomUse(atom);
  const spec = use && matchSpec(use.name, universe.family);
  return use?.args && spec?.compile(use.args as never)(about);
}

const before = (value: Address): Address => (typeof value === "number" ? value - 1 : value - 1n);
const after = (value: Address): Address => (typeof value === "number" ? value + 1 : value + 1n);

function between(d: Draw, low: Address, high: Address): Address {
  const part = d.integer(0, 1000);
  if (typeof low === "number") return low + Math.floor(((Number(high) - low) * part) / 1000);
  return low + ((BigInt(high) - low) * BigInt(part)) / 1000n;
}
