import { choices, number } from "../codecs.ts";
import { holds, invertAll, oneOf, says } from "../condition.ts";
import { not, over, some } from "../draw.ts";
import { type Octets, packetOctets } from "../packet-octets.ts";
import { drawPortOptions, LOOSE_PORT_OPTIONS, portWords, within } from "../ports.ts";
import { type Args, type MatchResult, match, type PacketContext } from "../spec.ts";
import { portsOf, UNCAPTURED } from "../transport.ts";

const TYPES = ["REQUEST", "RESPONSE", "DATA", "ACK", "DATAACK", "CLOSEREQ", "CLOSE", "RESET", "SYNC", "SYNCACK", "INVALID"] as const;
type Type = (typeof TYPES)[number];

const HEADER = 12;
const OFFSET = 4;
const TYPE = 8;

const options = {
  ...LOOSE_PORT_OPTIONS,
  types: { flag: "--dccp-types", codec: choices(TYPES), negatable: true },
  option: { flag: "--dccp-option", codec: number(1, 255), negatable: true },
} as const;

/** Octets before the options (include/linux/dccp.h, __dccp_hdr_len): the generic header, long or short, and what the type adds. */
function headerLength(type: number, long: boolean): number {
  const name: Type | undefined = TYPES[type];
  const more = name === "DATA" ? 0 : name === "REQUEST" ? 4 : name === undefined || /^RES|^INV/.test(name) ? 12 : 8;
  return HEADER + (long ? 4 : 0) + more;
}

/** xt_dccp.c, dccp_find_option. */
function hasOption(octets: Octets, start: number, total: number, option: number): MatchResult {
  const words = octets[start + OFFSET];
  const field = octets[start + TYPE];
  if (words === undefined || field === undefined) return UNCAPTURED;
  const before = headerLength((field >> 1) & 15, (field & 1) === 1);
  if (words * 4 < before) return "hotdrop";
  const end = start + words * 4;
  if (words * 4 === before) return false;
  if (end > total) return "hotdrop";
  for (let at = start + before; at < end; ) {
    const kind = octets[at];
    if (kind === undefined) return UNCAPTURED;
    if (kind === option) return true;
    const length = kind < 2 ? 1 : at + 1 < end ? octets[at + 1] : 1;
    if (length === undefined) return UNCAPTURED;
    at += length || 1;
  }
  return false;
}

/** xt_dccp.c, dccp_mt. */
function dccpMatch(args: Args<typeof options>, context: PacketContext): MatchResult {
  const ports = portsOf(context, HEADER);
  if (ports.kind === "missing") return ports.result;
  if (!holds(args.sport, (range) => within(ports.sport, range)) || !holds(args.dport, (range) => within(ports.dport, range))) return false;
  const { packet } = context;
  const octets = packetOctets(packet);
  const field = octets[packet.headerLength + TYPE];
  if (args.types) {
    if (field === undefined) return UNCAPTURED;
    // INVALID stands for every type that has no name.
    const type = TYPES[(field >> 1) & 15] ?? "INVALID";
    if (args.types.value.includes(type) === args.types.not) return false;
  }
  return args.option ? invertAll(hasOption(octets, packet.headerLength, packet.length, args.option.value), args.option.not) : true;
}

const dccp = match({
  name: "dccp",
  options,
  explain: (args) =>
    [
      ...portWords("DCCP", args),
      ...says(args.types, (list) => `DCCP packet of type ${oneOf(list)}`),
      ...says(args.option, (option) => `DCCP option ${option}`),
    ].join(", ") || "DCCP",
  compile: (args) => (context) => dccpMatch(args, context),
  draw: (d) => {
    if (!over(d, "dccp")) return undefined;
    const types = TYPES.filter(() => d.chance(4)).join() || d.pick(TYPES);
    const own = [`${not(d)}--dccp-types ${types}`, `${not(d)}--dccp-option ${d.pick([1, 2, 32, 37, 255])}`];
    return `-m dccp ${some(d, [...drawPortOptions(d, true), ...own])}`;
  },
  doc: "Ports, packet type and options of DCCP.",
  examples: [
    {
      rule: "-p dccp -m dccp --dport 5001 ! --dccp-types ACK,REQUEST",
      saved: "-p dccp -m dccp --dport 5001 ! --dccp-types REQUEST,ACK",
      says: "DCCP destination port 5001, not DCCP packet of type REQUEST or ACK",
    },
    { rule: "-p dccp -m dccp --dccp-option 37", says: "DCCP option 37" },
    { rule: "-p dccp -m dccp ! --sport 0:65535", says: "not DCCP source port 0 to 65535" },
  ],
});

export const specs = [dccp];
