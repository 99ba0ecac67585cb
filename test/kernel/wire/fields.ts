import { formatAddress, parseAddress } from "../../../src/model/address.ts";
import { PROTOCOL } from "../../../src/model/packet.ts";
import { read } from "./octets.ts";
import { measure } from "./patch.ts";

/** A field of a packet's headers: where it is, and its name for people. */
interface Field {
  readonly name: string;
  readonly at: number;
  readonly size: number;
}

type Layout = readonly (readonly [name: string, size: number])[];

const IPV4: Layout = [
  ["version and header length", 1],
  ["TOS", 1],
  ["total length", 2],
  ["id", 2],
  ["fragment field", 2],
  ["TTL", 1],
  ["protocol", 1],
  ["header checksum", 2],
  ["source", 4],
  ["destination", 4],
];
const IPV6: Layout = [
  ["version, traffic class and flow label", 4],
  ["payload length", 2],
  ["next header", 1],
  ["hop limit", 1],
  ["source", 16],
  ["destination", 16],
];
const PORTS: Layout = [
  ["source port", 2],
  ["destination port", 2],
];
const ICMP: Layout = [
  ["type", 1],
  ["code", 1],
  ["checksum", 2],
];
const TRANSPORTS: ReadonlyMap<number, readonly [name: string, layout: Layout]> = new Map([
  [
    PROTOCOL.tcp,
    [
      "TCP",
      [
        ...PORTS,
        ["sequence number", 4],
        ["acknowledgment number", 4],
        ["data offset", 1],
        ["flags", 1],
        ["window", 2],
        ["checksum", 2],
        ["urgent pointer", 2],
      ],
    ],
  ],
  [PROTOCOL.udp, ["UDP", [...PORTS, ["length", 2], ["checksum", 2]]]],
  [PROTOCOL.udplite, ["UDP-Lite", [...PORTS, ["coverage", 2], ["checksum", 2]]]],
  [PROTOCOL.sctp, ["SCTP", [...PORTS, ["tag", 4], ["checksum", 4]]]],
  [PROTOCOL.dccp, ["DCCP", [...PORTS, ["data offset, CCVal and coverage", 2], ["checksum", 2]]]],
  [PROTOCOL.icmp, ["ICMP", [...ICMP, ["id", 2], ["sequence number or MTU", 2]]]],
  [PROTOCOL.icmpv6, ["ICMPv6", [...ICMP, ["id or MTU", 2], ["sequence number", 2]]]],
]);
const ICMP_HEADER = 8;
const ERRORS: Readonly<Record<number, (type: number) => boolean>> = {
  [PROTOCOL.icmp]: (type) => [3, 4, 5, 11, 12].includes(type),
  [PROTOCOL.icmpv6]: (type) => type < 128,
};

function place(layout: Layout, prefix: string, from: number): Field[] {
  let at = from;
  return layout.map(([name, size]) => {
    const field = { name: `${prefix}${name}`, at, size };
    at += size;
    return field;
  });
}

/** The fields of an IP packet, with those of a packet that it quotes; what they leave over is options and data. */
function fieldsOf(octets: Uint8Array, from: number, prefix: string): Field[] {
  const packet = octets.subarray(from);
  const four = read(packet, 0, 1) >> 4 === 4;
  const { header, protocol } = measure(packet);
  const fields = place(four ? IPV4 : IPV6, `${prefix}${four ? "IPv4" : "IPv6"} `, from);
  const known = TRANSPORTS.get(protocol);
  if (!known || (four && (read(packet, 6, 2) & 0x1fff) > 0)) return fields;
  fields.push(...place(known[1], `${prefix}${known[0]} `, from + header));
  const quote = header + ICMP_HEADER;
  const quotes = ERRORS[protocol]?.(read(packet, header, 1)) && packet.length > quote && prefix === "";
  return quotes ? [...fields, ...fieldsOf(octets, from + quote, "quoted ")] : fields;
}

function shown(octets: Uint8Array, { name, at, size }: Field): string {
  if (!/(source|destination)$/.test(name))
    return `0x${read(octets, at, size)
      .toString(16)
      .padStart(2 * size, "0")}`;
  const groups = Array.from(octets.subarray(at, at + size));
  const text =
    size === 4 ? groups.join(".") : groups.map((o, i) => `${i > 0 && i % 2 === 0 ? ":" : ""}${o.toString(16).padStart(2, "0")}`).join("");
  return formatAddress(parseAddress(text) ?? 0);
}

/** In words, the first field in which the kernel's packet is not the one expected; a checksum only when nothing else differs. */
export function firstDifference(expected: Uint8Array, kernel: Uint8Array): string | undefined {
  const fields = fieldsOf(expected, 0, "").filter(({ at, size }) => at + size <= expected.length);
  const differing = fields.filter(({ at, size }) => at + size > kernel.length || read(expected, at, size) !== read(kernel, at, size));
  const first = differing.find(({ name }) => !/checksum$/.test(name));
  const words = (field: Field) => `${field.name}: expected ${shown(expected, field)}, kernel ${shown(kernel, field)} at octet ${field.at}`;
  if (first) return words(first);
  if (expected.length !== kernel.length) return `length: expected ${expected.length} octets, kernel ${kernel.length}`;
  const inField = new Set(fields.flatMap(({ at, size }) => Array.from({ length: size }, (_, i) => at + i)));
  const at = expected.findIndex((octet, i) => octet !== kernel[i] && !inField.has(i));
  if (at >= 0) return words({ name: "options or data", at, size: 1 });
  return differing[0] && words(differing[0]);
}
