import { type Address, parseAddress } from "../model/address.ts";
import { isIcmp } from "../model/packet.ts";
import type { Hook } from "../model/rule.ts";
import { ORDINARY, ORDINARY_OF_ANY } from "../probe/ordinary.ts";
import { type Box, CHOICES, SPANS } from "../sets/box.ts";
import { FALSE, type Node } from "../sets/diagram.ts";
import { STATES } from "../sets/guard.ts";
import type { Field, Layout } from "../sets/layout.ts";
import type { Assignment } from "../sets/walk.ts";

/** One packet of a set: its bits, and the box of its values. */
export interface Point {
  readonly bits: Assignment;
  readonly box: Box;
}

const FIELDS: readonly Field[] = [
  "state",
  "fragment",
  "protocol",
  "flags",
  "mark",
  "srcType",
  "dstType",
  "in",
  "out",
  "dst",
  "src",
  "dport",
  "sport",
];
/** Besides those that are the most ordinary. */
const ADDRESSES = {
  4: { src: ["192.168.1.7"], dst: ["10.1.0.10"] },
  6: { src: ["fd00::7"], dst: ["fd01::10"] },
} as const;
const UNICAST = 1;
const LOCAL = 2;

/** The most ordinary packet of a set that has some. */
export function pointOf(layout: Layout, set: Node, hook: Hook): Point {
  const { diagrams } = layout;
  let left = set;
  const values = new Map<Field, number | bigint>();
  for (const field of FIELDS) {
    const wanted = wantedOf(layout, field, hook, Number(values.get("protocol") ?? 0));
    const known = wanted.map((value) => [value, diagrams.and(left, layout.withValue(field, value))] as const);
    const least = () => {
      const low = layout.least(left, field);
      // Not the first address of a network, which is no host's.
      const isAddress = field === "src" || field === "dst";
      const near = typeof low === "bigint" ? [low + 1n, low] : [low + 1, low];
      for (const value of isAddress && low < LAST[layout.universe.family] ? near : [low]) {
        const some = diagrams.and(left, layout.withValue(field, value));
        if (some !== FALSE) return [value, some] as const;
      }
      return [low, left] as const;
    };
    const [value, some] = known.find(([, part]) => part !== FALSE) ?? least();
    values.set(field, value);
    left = some;
  }
  const isSet = new Map<number, boolean>();
  for (let node = left; node >= 0; ) {
    const [bit, low] = [diagrams.bit(node), diagrams.low(node)];
    isSet.set(bit, low === FALSE);
    node = low === FALSE ? diagrams.high(node) : low;
  }
  return { bits: (bit) => isSet.get(bit) ?? false, box: boxOf(layout, values) };
}

const LAST: Readonly<Record<4 | 6, Address>> = { 4: 0xffffffff, 6: (1n << 128n) - 1n };

function wantedOf(layout: Layout, field: Field, hook: Hook, protocol: number): readonly (number | bigint)[] {
  const { family, devices } = layout.universe;
  switch (field) {
    case "src":
    case "dst":
      return [...ORDINARY[family][field], ...ADDRESSES[family][field]].flatMap((text) => parseAddress(text) ?? []);
    case "protocol":
      return ORDINARY[family].protocol;
    case "sport":
      return isIcmp(protocol) ? ORDINARY[family].icmp : ORDINARY_OF_ANY.sport;
    case "dport":
      return ORDINARY_OF_ANY.dport;
    case "in":
    case "out":
      return ORDINARY_OF_ANY[field].map((name) => devices.place(name));
    case "state":
      return [STATES.indexOf("NEW"), STATES.indexOf("INVALID")];
    case "fragment":
    case "mark":
      return [0];
    case "flags":
      return ORDINARY_OF_ANY.flags;
    case "srcType":
      return hook === "OUTPUT" ? [LOCAL, UNICAST] : [UNICAST];
    case "dstType":
      return hook === "INPUT" ? [LOCAL] : [UNICAST];
  }
}

function boxOf(layout: Layout, values: ReadonlyMap<Field, number | bigint>): Box {
  const value = (field: Field) => values.get(field) ?? 0;
  const spans = (Object.keys(SPANS) as (keyof typeof SPANS)[]).map((field) => [value(field), value(field)] as const);
  const choices = (Object.keys(CHOICES) as (keyof typeof CHOICES)[]).map((field) => 1 << Number(value(field)));
  const cubes = (["mark", "flags"] as const).map((field) => ({ value: Number(value(field)), mask: 0xffffffff }));
  return { ...layout.universe.all, spans, choices, cubes };
}
