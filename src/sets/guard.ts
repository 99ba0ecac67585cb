import { ADDRESS_TYPES, type AddressType } from "../extensions/address-types.ts";
import { matchSpec } from "../extensions/registry.ts";
import type { BitSpace, Space } from "../extensions/space.ts";
import { type Address, type AddressMask, type Family, masked, maskLength } from "../model/address.ts";
import type { MatchUse, Negatable, Rule, Ruleset } from "../model/rule.ts";
import { CT_STATES } from "../model/trace.ts";
import { type Box, CHOICES, CUBES, type Cube, intersection, SPANS, type Span } from "./box.ts";
import type { Devices } from "./devices.ts";

/** The states, each a bit of a box's choice. */
export const STATES = CT_STATES;
/** The types of addresses, likewise. */
const TYPES: readonly AddressType[] = ADDRESS_TYPES;

/** The bits of a box's `fragment`: whole packets and first fragments, and all others. */
export const FIRST = 1;
export const LATER = 2;

const LAST_ADDRESS: Readonly<Record<Family, Address>> = { 4: 0xffffffff, 6: (1n << 128n) - 1n };
const LAST_PORT = 65_535;
const LAST_PROTOCOL = 255;
const FLAGS = 0x3f;
/** More boxes than these for one rule are not worked with: it is taken for one that may match anything. */
const MOST = 512;

/** The packets that a rule matches: surely those of `under`, at most those of `over`; of an exact one both are the same. */
export interface Guard {
  readonly over: readonly Box[];
  readonly under: readonly Box[];
  readonly exact: boolean;
  /** One of its matches changes what other rules see of a packet. */
  readonly changes: boolean;
  /** Its conditions on what no header value says, by number (see `Universe.atom`). */
  readonly atoms: readonly number[];
}

/** Gives what a match of a rule says a name, where that cannot be told from the packet alone; the same name has the same answer. */
export type Naming = (rule: Rule, use: MatchUse | undefined) => string;

/** What the boxes of one ruleset have in common: its family, the names of its devices, its conditions that are not about header values. */
export class Universe {
  readonly family: Family;
  readonly backend: Ruleset["backend"];
  readonly devices: Devices;
  /** All packets, with any device or none. */
  readonly all: Box;
  readonly #atoms = new Map<string, number>();
  readonly #uses: (MatchUse | undefined)[] = [];
  readonly #naming: Naming | undefined;

  constructor(family: Family, backend: Ruleset["backend"], devices: Devices, naming?: Naming) {
    this.family = family;
    this.backend = backend;
    this.devices = devices;
    this.#naming = naming;
    const addresses: Span = family === 4 ? [0, LAST_ADDRESS[4]] : [0n, LAST_ADDRESS[6]];
    const ports: Span = [0, LAST_PORT];
    const any: Cube = { value: 0, mask: 0 };
    this.all = {
      spans: [addresses, addresses, [0, LAST_PROTOCOL], ports, ports, devices.all, devices.all],
      choices: [bitsOf(STATES, STATES), FIRST | LATER, bitsOf(TYPES, TYPES), bitsOf(TYPES, TYPES)],
      cubes: [any, any],
      atoms: [],
    };
  }

  /** The number of a condition; the same one has the same. */
  atom(use: MatchUse): number {
    // Negated it is another one: a packet that lacks what is looked at may meet neither.
    return this.#numbered(`${use.name} ${use.words.join(" ")}`, use);
  }

  #numbered(key: string, use: MatchUse | undefined): number {
    const known = this.#atoms.get(key);
    if (known !== undefined) return known;
    const number = this.#uses.push(use);
    this.#atoms.set(key, number);
    return number;
  }

  /** What a condition is. */
  atomUse(number: number): MatchUse | undefined {
    return this.#uses[Math.abs(number) - 1];
  }

  /** Whether addresses of this host are among some types of addresses. */
  isLocal(types: number): boolean {
    return (types & bitsOf(TYPES, ["LOCAL"])) !== 0;
  }

  /** The packets that a rule matches. */
  guard(rule: Rule): Guard {
    const parts: (readonly Box[])[] = [];
    const sureParts: (readonly Box[])[] = [];
    let known = true;
    const atoms: number[] = [];
    const add = (boxes: readonly Box[] | undefined, sure = boxes) => {
      if (boxes) parts.push(boxes);
      if (sure) sureParts.push(sure);
      else known = false;
    };
    const condition = (number: number): readonly Box[] => {
      atoms.push(number);
      return [{ ...this.all, atoms: [number] }];
    };
    // What cannot be told from a packet has a name of its own, where whoever asks gives it one.
    const named = (use: MatchUse | undefined, other: string) => {
      const name = this.#naming?.(rule, use);
      return name === undefined ? undefined : condition(this.#numbered(name + other, use));
    };
    if (rule.protocol)
      add(this.#spans(SPANS.protocol, turned([rule.protocol.value, rule.protocol.value], rule.protocol.not, LAST_PROTOCOL)));
    for (const [side, option] of [
      ["src", rule.source],
      ["dst", rule.destination],
    ] as const) {
      if (option) add(this.#addresses(side, option) ?? named(undefined, side));
    }
    if (rule.inInterface) add(this.#device(SPANS.in, rule.inInterface));
    if (rule.outInterface) add(this.#device(SPANS.out, rule.outInterface));
    if (rule.fragment) add([this.#choice(CHOICES.fragment, rule.fragment.not ? FIRST : LATER)]);
    for (const use of rule.matches) {
      const spec = matchSpec(use.name, this.family);
      const space = use.args && spec?.space?.(use.args as never);
      if (space) {
        for (const boxes of this.#ofSpace(space)) add(boxes);
        const first = [this.#choice(CHOICES.fragment, FIRST)];
        if (TRANSPORTS.has(use.name)) add(this.#takesOctets(use) ? [this.all] : first, first);
        if (space.exact) continue;
      }
      add(!spec || !use.args || spec.fickle?.(use.args as never) ? named(use, "") : condition(this.atom(use)));
    }
    const changes = rule.matches.some(({ name, args }) => args && matchSpec(name, this.family)?.alters?.(args as never));
    const over = product(this.all, parts);
    if (!over) {
      const one = named(undefined, "all");
      return { over: one ?? [this.all], under: one ?? [], exact: one !== undefined, changes, atoms };
    }
    const same = parts.length === sureParts.length && parts.every((part, i) => part === sureParts[i]);
    const under = !known || changes ? [] : same ? over : (product(this.all, sureParts) ?? []);
    return { over, under, exact: known && same && !changes, changes, atoms };
  }

  /** iptables-nft takes what a later fragment has in the place of ports for ports (nf_tables_core.c, nft_payload_fast_eval). */
  #takesOctets({ name }: MatchUse): boolean {
    return this.backend === "nft" && (name === "tcp" || name === "udp");
  }

  #ofSpace(space: Space): readonly (readonly Box[])[] {
    const { sport, dport, port, src, dst, icmp, flags, mark, states, srcTypes, dstTypes } = space;
    const boxes: (readonly Box[])[] = [];
    if (sport) boxes.push(this.#spans(SPANS.sport, sport));
    if (dport) boxes.push(this.#spans(SPANS.dport, dport));
    if (port) boxes.push([...this.#spans(SPANS.sport, port), ...this.#spans(SPANS.dport, port)]);
    if (icmp) boxes.push(this.#spans(SPANS.sport, icmp));
    if (src) boxes.push(this.#spans(SPANS.src, src));
    if (dst) boxes.push(this.#spans(SPANS.dst, dst));
    if (flags) boxes.push(this.#cubes(CUBES.flags, flags, FLAGS));
    if (mark) boxes.push(this.#cubes(CUBES.mark, mark, 0xffffffff));
    if (states) boxes.push(states.length === 0 ? [] : [this.#choice(CHOICES.state, bitsOf(STATES, states))]);
    if (srcTypes) boxes.push([this.#choice(CHOICES.srcType, bitsOf(TYPES, srcTypes))]);
    if (dstTypes) boxes.push([this.#choice(CHOICES.dstType, bitsOf(TYPES, dstTypes))]);
    return boxes;
  }

  #spans(dimension: number, spans: readonly Span[]): readonly Box[] {
    // A range may end before it begins (`-m udp --dport 9:1`): nothing lies in it.
    const some = spans.filter(([low, high]) => low <= high);
    return some.map((span) => ({ ...this.all, spans: this.all.spans.map((own, d) => (d === dimension ? span : own)) }));
  }

  #choice(dimension: number, bits: number): Box {
    return { ...this.all, choices: this.all.choices.map((own, d) => (d === dimension ? bits : own)) };
  }

  #cubes(dimension: number, { value, mask, not }: BitSpace, all: number): readonly Box[] {
    const box = (cube: Cube): Box => ({ ...this.all, cubes: this.all.cubes.map((own, d) => (d === dimension ? cube : own)) });
    // Asked for are bits that are not looked at.
    if ((value & ~mask) !== 0) return not ? [this.all] : [];
    if (!not) return [box({ value, mask: (mask & all) >>> 0 })];
    const boxes: Box[] = [];
    let before: Cube = { value: 0, mask: 0 };
    for (let bits = mask & all; bits !== 0; bits &= bits - 1) {
      const bit = bits & -bits;
      const grown = (before.mask | bit) >>> 0;
      boxes.push(box({ value: (before.value | (~value & bit)) >>> 0, mask: grown }));
      before = { value: (before.value | (value & bit)) >>> 0, mask: grown };
    }
    return boxes;
  }

  #addresses(side: "src" | "dst", { value, not }: Negatable<AddressMask>): readonly Box[] | undefined {
    const span = spanOf(value, this.family);
    return span && this.#spans(SPANS[side], turned(span, not, LAST_ADDRESS[this.family]));
  }

  #device(dimension: number, { value, not }: Negatable<string>): readonly Box[] {
    return this.#spans(dimension, turned(this.devices.span(value), not, this.devices.all[1]));
  }
}

/** Matches that look at the transport header, which only the beginning of a packet has. */
const TRANSPORTS: ReadonlySet<string> = new Set(["tcp", "udp", "udplite", "multiport", "icmp", "icmp6"]);

function bitsOf<T>(all: readonly T[], some: readonly T[]): number {
  return some.reduce((bits, one) => bits | (1 << all.indexOf(one)), 0);
}

/** What a span leaves of all values up to a last one where it is negated. */
function turned([low, high]: Span, not: boolean, last: Address): readonly Span[] {
  if (!not) return [[low, high]];
  const zero = typeof last === "number" ? 0 : 0n;
  const spans: Span[] = [];
  if (low > zero) spans.push([zero, typeof low === "number" ? low - 1 : low - 1n]);
  if (high < last) spans.push([typeof high === "number" ? high + 1 : high + 1n, last]);
  return spans;
}

/** The addresses under a mask; undefined where that has holes. */
function spanOf({ address, mask }: AddressMask, family: Family): Span | undefined {
  if (maskLength(mask) === undefined) return undefined;
  const low = masked(address, mask);
  if (typeof low === "number") return [low, (low | ~Number(mask)) >>> 0];
  return [low, low | (BigInt(LAST_ADDRESS[family]) ^ BigInt(mask))];
}

/** The packets that are in one box of each list; undefined when these are too many. */
function product(all: Box, parts: readonly (readonly Box[])[]): readonly Box[] | undefined {
  let boxes: readonly Box[] = [all];
  for (const part of parts) {
    boxes = boxes.flatMap((one) => part.flatMap((other) => intersection(one, other) ?? []));
    if (boxes.length > MOST) return undefined;
  }
  return boxes;
}
