import { PROTOCOL } from "../model/packet.ts";

/** Names that iproute2 gives to numbers (rt_tables, rt_scopes, rt_protos): `ip -N` prints the numbers instead. */
const TABLES = new Map([
  ["253", "default"],
  ["254", "main"],
  ["255", "local"],
]);

const SCOPES = new Map([
  ["0", "global"],
  ["200", "site"],
  ["253", "link"],
  ["254", "host"],
  ["255", "nowhere"],
]);

const ROUTE_PROTOCOLS = new Map([
  ["0", "unspec"],
  ["1", "redirect"],
  ["2", "kernel"],
  ["3", "boot"],
  ["4", "static"],
  ["8", "gated"],
  ["9", "ra"],
  ["11", "zebra"],
  ["12", "bird"],
  ["16", "dhcp"],
  ["18", "keepalived"],
  ["42", "babel"],
  ["186", "bgp"],
  ["187", "isis"],
  ["188", "ospf"],
  ["189", "rip"],
  ["192", "eigrp"],
]);

/** RFC 2474, RFC 2597 and RFC 3246 code points as values of the whole octet (rt_dsfield). */
const DS_FIELDS = new Map<string, number>([
  ["default", 0],
  ["CS1", 0x20],
  ["CS2", 0x40],
  ["CS3", 0x60],
  ["CS4", 0x80],
  ["CS5", 0xa0],
  ["CS6", 0xc0],
  ["CS7", 0xe0],
  ["EF", 0xb8],
  ...[1, 2, 3, 4].flatMap((cls) => [1, 2, 3].map((drop): [string, number] => [`AF${cls}${drop}`, (cls * 8 + drop * 2) * 4])),
]);

/** A table as "main", "local", "default" or as it is written. */
export function tableName(text: string): string {
  return TABLES.get(text) ?? text;
}

/** A scope by name. */
export function scopeName(text: string): string {
  return SCOPES.get(text) ?? text;
}

/** Who made a route, by name. */
export function routeProtocolName(text: string): string {
  return ROUTE_PROTOCOLS.get(text) ?? text;
}

/** A type-of-service octet as a hexadecimal number or a name; undefined when it is neither. */
export function dsField(text: string): number | undefined {
  const named = DS_FIELDS.get(text);
  if (named !== undefined) return named;
  const value = /^(0[xX])?[0-9a-fA-F]{1,2}$/.test(text) ? Number.parseInt(text.replace(/^0x/i, ""), 16) : Number.NaN;
  return Number.isNaN(value) ? undefined : value;
}

const PROTOCOL_NUMBERS = new Map<string, number>([...Object.entries(PROTOCOL), ["ipv6-icmp", PROTOCOL.icmpv6], ["ip", 0], ["all", 0]]);

/** An IP protocol by number or by the name that /etc/protocols gives it. */
export function protocolNumber(text: string): number | undefined {
  if (/^\d{1,3}$/.test(text)) return Number(text) <= 255 ? Number(text) : undefined;
  return PROTOCOL_NUMBERS.get(text.replace(/^ipproto-/, ""));
}

/** An unsigned number of at most 32 bits, decimal or with 0x; undefined when the text is something else. */
export function unsigned(text: string): number | undefined {
  if (!/^(0[xX][0-9a-fA-F]{1,8}|\d{1,10})$/.test(text)) return undefined;
  const value = Number(text);
  return value <= 0xffffffff ? value : undefined;
}
