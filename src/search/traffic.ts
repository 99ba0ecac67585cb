import { formatAddress } from "../model/address.ts";
import { PROTOCOL, protocolName } from "../model/packet.ts";
import type { Hook } from "../model/rule.ts";
import { FALSE, type Node } from "../sets/diagram.ts";
import { STATES } from "../sets/guard.ts";
import type { Field, Layout, Spans } from "../sets/layout.ts";

/** Spans of a field that are told one by one. */
const MOST = 6;

/** A set of packets in words, and whether these say all of it: its fields one by one, which may belong together otherwise. */
export interface Traffic {
  readonly text: string;
  readonly isExact: boolean;
}

/** "tcp from anywhere to 10.0.0.0/24 port 22, in on eth0" */
export function trafficOf(layout: Layout, set: Node, entering: Node, hook: Hook): Traffic {
  const { diagrams } = layout;
  const told = new Map<Field, Spans | undefined>();
  let product = entering;
  for (const field of FIELDS) {
    const [own, all] = [layout.values(set, field, MOST), layout.values(entering, field, MOST)];
    if (own && all && JSON.stringify(own, plain) === JSON.stringify(all, plain)) continue;
    told.set(field, own);
    if (own) product = diagrams.and(product, layout.withSpans(field, own));
  }
  return { text: wordsOf(layout, told, hook), isExact: diagrams.minus(product, set) === FALSE };
}

const FIELDS = [
  "protocol",
  "src",
  "dst",
  "sport",
  "dport",
  "in",
  "out",
  "state",
  "mark",
  "flags",
  "fragment",
  "srcType",
  "dstType",
] as const;
const plain = (_: string, value: unknown) => (typeof value === "bigint" ? `${value}n` : value);

function wordsOf(layout: Layout, told: ReadonlyMap<Field, Spans | undefined>, hook: Hook): string {
  const { devices, family } = layout.universe;
  const list = (field: Field, word: (span: readonly [number | bigint, number | bigint]) => string): string | undefined => {
    if (!told.has(field)) return undefined;
    return told.get(field)?.map(word).join(", ") ?? "many";
  };
  const number = ([low, high]: readonly [number | bigint, number | bigint]) => (low === high ? `${low}` : `${low}:${high}`);
  const address = (field: "src" | "dst") => list(field, (span) => networkText(span, family)) ?? "anywhere";
  const device = ([low, high]: readonly [number | bigint, number | bigint]) => {
    const name = devices.name([low, high]) ?? "";
    return low === high ? name || "none" : `${name} and others`;
  };
  const protocols = told.get("protocol");
  const icmp = family === 4 ? PROTOCOL.icmp : PROTOCOL.icmpv6;
  const isIcmp = protocols?.length === 1 && protocols[0]?.[0] === icmp && protocols[0]?.[1] === icmp;
  const protocol = list("protocol", ([low, high]) => (low === high ? protocolName(Number(low)) : `protocols ${low}-${high}`)) ?? "packets";
  const type = list("sport", ([low, high]) => {
    const code = (value: number) => `${value >> 8}/${value & 255}`;
    if (Number(low) % 256 === 0 && Number(high) === Number(low) + 255) return `${Number(low) >> 8}`;
    return low === high ? code(Number(low)) : `${code(Number(low))}-${code(Number(high))}`;
  });
  const sport = list("sport", number);
  const dport = list("dport", number);
  const parts = [
    isIcmp && type !== undefined ? `${protocol} type ${type}` : protocol,
    `from ${address("src")}`,
    ...(!isIcmp && sport !== undefined ? [`port ${sport}`] : []),
    `to ${address("dst")}`,
    ...(dport !== undefined ? [`port ${dport}`] : []),
  ];
  const mark = list("mark", ([low, high]) => (low === high ? `0x${low.toString(16)}` : `0x${low.toString(16)}-0x${high.toString(16)}`));
  const more = [
    told.has("in") ? `in on ${list("in", device)}` : undefined,
    told.has("out") ? `out on ${list("out", device)}` : undefined,
    told.has("state") ? `state ${list("state", ([low, high]) => STATES.slice(Number(low), Number(high) + 1).join(", "))}` : undefined,
    mark === undefined ? undefined : `mark ${mark}`,
    told.has("flags") ? "some TCP flags" : undefined,
    told.get("fragment")?.[0]?.[0] === 1 ? "later fragments" : undefined,
    told.has("srcType") ? "from some types of addresses" : undefined,
    told.has("dstType") ? "to some types of addresses" : undefined,
  ].filter((part) => part !== undefined);
  return [parts.join(" "), ...more, hook].join(", ");
}

/** "10.0.0.0/24", "10.0.0.1", "10.0.0.1-10.0.0.9" */
function networkText([low, high]: readonly [number | bigint, number | bigint], family: 4 | 6): string {
  if (low === high) return formatAddress(low);
  const size = BigInt(high) - BigInt(low) + 1n;
  const bits = size.toString(2).length - 1;
  const isNetwork = size === 1n << BigInt(bits) && BigInt(low) % size === 0n;
  return isNetwork ? `${formatAddress(low)}/${(family === 4 ? 32 : 128) - bits}` : `${formatAddress(low)}-${formatAddress(high)}`;
}
