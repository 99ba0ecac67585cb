import { TCP_FLAG } from "../../model/packet.ts";
import type { Negatable } from "../../model/rule.ts";
import { FLAG, number } from "../codecs.ts";
import { holds, oneOf, says } from "../condition.ts";
import { type Draw, not, over, some } from "../draw.ts";
import { endsInExtensions } from "../ipv6-headers.ts";
import { drawPortOptions, nftPortsHold, PORT_OPTIONS, portWords, within, withoutFullRange } from "../ports.ts";
import { portSpace } from "../space.ts";
import { type Args, type Codec, type MatchResult, match, type PacketContext } from "../spec.ts";
import { nftPortsOf, portsOf, tcpOptionsComplete, UNCAPTURED } from "../transport.ts";

const TCP_HEADER = 20;

interface Flags {
  readonly mask: number;
  readonly set: number;
}

const NAMES = ["FIN", "SYN", "RST", "PSH", "ACK", "URG"] as const;
const SYN: Flags = { mask: TCP_FLAG.FIN | TCP_FLAG.SYN | TCP_FLAG.RST | TCP_FLAG.ACK, set: TCP_FLAG.SYN };

function parseFlags(text: string | undefined): number | undefined {
  let bits = 0;
  for (const part of (text ?? "").split(",").filter((part) => part !== "")) {
    const name = part.toUpperCase();
    if (name === "ALL") bits |= 0x3f;
    else if (name !== "NONE") {
      const known = NAMES.find((flag) => flag === name);
      if (known === undefined) return undefined;
      bits |= TCP_FLAG[known];
    }
  }
  return bits;
}

function names(bits: number): readonly string[] {
  return NAMES.filter((name) => (bits & TCP_FLAG[name]) !== 0);
}

const FLAGS: Codec<Flags> = {
  words: 2,
  expected: "two lists of FIN, SYN, RST, PSH, ACK, URG, ALL or NONE: those to look at and those that must be set",
  parse: ([first, second]) => {
    const mask = parseFlags(first);
    const set = parseFlags(second);
    return mask === undefined || set === undefined ? undefined : { mask, set };
  },
  save: ({ mask, set }) => [mask, set].map((bits) => names(bits).join(",") || "NONE").join(" "),
};

const options = {
  ...PORT_OPTIONS,
  option: { flag: "--tcp-option", codec: number(1, 255), negatable: true },
  flags: { flag: "--tcp-flags", codec: FLAGS, negatable: true },
  syn: { flag: "--syn", codec: FLAG, negatable: true },
} as const;

function effective(args: Args<typeof options>): Args<typeof options> {
  const flags: Negatable<Flags> | undefined = args.syn ? { value: SYN, not: args.syn.not } : args.flags;
  return {
    sport: withoutFullRange(args.sport),
    dport: withoutFullRange(args.dport),
    option: args.option,
    flags: flags && flags.value.mask === 0 && flags.value.set === 0 && !flags.not ? undefined : flags,
  };
}

/** iptables-save leaves flags out of which none is looked at, even where no packet can match them (libxt_tcp.c, tcp_save). */
function canonical(given: Args<typeof options>): Args<typeof options> {
  const args = effective(given);
  return { ...args, flags: args.flags?.value.mask === 0 && !args.flags.not ? undefined : args.flags };
}

function drawFlags(d: Draw): string {
  return FLAGS.save({ mask: d.integer(0, 0x3f), set: 0 }).split(" ")[0] ?? "";
}

function flagWords({ mask, set }: Flags): string {
  if (mask === SYN.mask && set === SYN.set) return "TCP connection request (SYN without ACK, RST, FIN)";
  const on = names(set);
  const off = names(mask & ~set);
  return [`TCP flags ${on.length ? `${oneOf(on, "and")} set` : ""}`, off.length ? `${oneOf(off, "and")} not set` : ""]
    .filter((part) => part !== "")
    .join(on.length && off.length ? ", " : "")
    .replace("flags  ", "flags ");
}

/** xt_tcpudp.c, tcp_mt: a header whose own length is too small counts only where options are asked for. */
function tcpMatch(args: Args<typeof options>, context: PacketContext): MatchResult {
  const { packet } = context;
  if (packet.fragment?.offset === 8) return "hotdrop";
  const ports = portsOf(context, TCP_HEADER);
  if (ports.kind === "missing") return ports.result;
  if (!holds(args.sport, (range) => within(ports.sport, range)) || !holds(args.dport, (range) => within(ports.dport, range))) return false;
  if (!args.flags && !args.option) return true;
  const { transport, payload } = packet;
  const set = transport?.kind === "tcp" ? transport.flags : payload[13];
  if (set === undefined) return UNCAPTURED;
  if (!holds(args.flags, (flags) => (set & flags.mask) === flags.set)) return false;
  if (!args.option) return true;
  const end = transport?.kind === "tcp" ? transport.headerLength : ((payload[12] ?? 0) >> 4) * 4;
  if (end < TCP_HEADER) return "hotdrop";
  if (transport?.kind === "tcp" ? !tcpOptionsComplete(packet, transport) : payload.length < end)
    return { unknown: "the TCP options, which were not captured" };
  const added = transport?.kind === "tcp" ? transport.options : [];
  return holds(args.option, (kind) => added.some((option) => option.kind === kind) || hasOption(payload.subarray(TCP_HEADER, end), kind));
}

/** tcp_find_option: only the kind of an option is looked at, not whether it fits. */
function hasOption(octets: Uint8Array, kind: number): boolean {
  for (let at = 0; at < octets.length; ) {
    const found = octets[at] ?? 0;
    if (found === kind) return true;
    at += found < 2 ? 1 : octets[at + 1] || 1;
  }
  return false;
}

/**
 * iptables-nft loads ports and flags as plain octets: too little data is no match instead of a drop, and a later fragment's data is taken
 * for them (nf_tables_core.c, nft_payload_fast_eval).
 */
function nftMatch(args: Args<typeof options>, context: PacketContext): MatchResult {
  if (args.sport || args.dport) {
    const ports = nftPortsOf(context);
    if (ports.kind === "missing") return ports.result;
    if (!nftPortsHold(args, ports)) return false;
  }
  if (!args.flags) return true;
  const { packet } = context;
  if (endsInExtensions(packet) || packet.length - packet.headerLength < 14) return false;
  const octet = packet.transport?.kind === "tcp" ? packet.transport.flags : packet.payload[13];
  if (octet === undefined) return UNCAPTURED;
  return holds(args.flags, ({ mask, set }) => (octet & mask) === set);
}

const tcp = match({
  name: "tcp",
  options,
  canonical,
  explain: (given) => {
    const args = effective(given);
    const words = [...portWords("TCP", args), ...says(args.flags, flagWords), ...says(args.option, (kind) => `TCP option ${kind}`)];
    return words.join(", ") || "TCP";
  },
  reads: (args) => (args.option ? "more" : args.flags || args.syn ? "flags" : "nothing"),
  compile: (given) => {
    const args = effective(given);
    // iptables-nft leaves rules with a TCP option, or without anything to compare, to the kernel's own match.
    const isLoaded = !args.option && (args.sport ?? args.dport ?? args.flags) !== undefined;
    return (context) => (context.backend === "nft" && isLoaded ? nftMatch(args, context) : tcpMatch(args, context));
  },
  space: (given) => {
    const args = effective(given);
    const { flags } = args;
    const looked = flags && { flags: { value: flags.value.set, mask: flags.value.mask, not: flags.not } };
    return { ...portSpace(args, !args.option), ...looked };
  },
  draw: (d) => {
    if (!over(d, "tcp")) return undefined;
    // `--tcp-flags NONE SYN` never matches, and is not in what iptables saves.
    const flags = d.chance(3) ? "FIN,SYN,RST,ACK SYN" : `${drawFlags(d)} ${drawFlags(d)}`.replace(/^NONE .*/, "NONE NONE");
    const ports = drawPortOptions(d);
    const others = [`${not(d)}--tcp-option ${d.integer(1, d.chance(4) ? 255 : 8)}`, `${not(d)}--tcp-flags ${flags}`];
    return `-m tcp ${some(d, d.chance(2) ? ports : [...ports, ...others])}`;
  },
  doc: "Ports, flags and options of TCP.",
  examples: [
    { rule: "-p tcp -m tcp --dport 8080", says: "TCP destination port 8080" },
    {
      rule: "-p tcp -m tcp ! --sport 1024: --dport ssh",
      saved: "-p tcp -m tcp ! --sport 1024:65535 --dport 22",
      says: "not TCP source port 1024 to 65535, TCP destination port 22",
    },
    {
      rule: "-p tcp -m tcp --syn",
      saved: "-p tcp -m tcp --tcp-flags FIN,SYN,RST,ACK SYN",
      says: "TCP connection request (SYN without ACK, RST, FIN)",
    },
    {
      rule: "-p tcp -m tcp --tcp-flags ALL NONE",
      saved: "-p tcp -m tcp --tcp-flags FIN,SYN,RST,PSH,ACK,URG NONE",
      says: "TCP flags FIN, SYN, RST, PSH, ACK and URG not set",
    },
    { rule: "-p tcp -m tcp ! --tcp-option 5 --tcp-flags SYN,RST SYN", says: "TCP flags SYN set, RST not set, not TCP option 5" },
    { rule: "-p tcp -m tcp --dport 0:65535", saved: "-p tcp -m tcp", says: "TCP" },
  ],
});

export const specs = [tcp];
