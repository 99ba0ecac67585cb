import { choice, word } from "../codecs.ts";
import { invert, says } from "../condition.ts";
import { type Draw, not } from "../draw.ts";
import { type Args, type MatchResult, match, type PacketContext } from "../spec.ts";

const MAX = 2n ** 64n - 1n;

/** From, and to, which is as large as can be where none is given. */
interface Span {
  readonly from: bigint;
  readonly to: bigint;
}

function parseCount(text: string): bigint | undefined {
  if (!/^(0[xX][0-9a-fA-F]+|\d+)$/.test(text)) return undefined;
  const value = /^0[0-7]+$/.test(text) ? BigInt(`0o${text}`) : BigInt(text);
  return value <= MAX ? value : undefined;
}

const SPAN = word<Span>(
  "a number or a range (a:b)",
  (text) => {
    const [first = "", second, ...rest] = text.split(":");
    const from = first === "" && second ? 0n : parseCount(first);
    const to = second === undefined || second === "" ? MAX : parseCount(second);
    return from === undefined || to === undefined || rest.length > 0 || from > to ? undefined : { from, to };
  },
  ({ from, to }) => (to === 0n || to === MAX ? String(from) : `${from}:${to}`),
);

const MODES = ["packets", "bytes", "avgpkt"] as const;
const DIRECTIONS = ["original", "reply", "both"] as const;

const options = {
  span: { flag: "--connbytes", codec: SPAN, negatable: true, required: true },
  mode: { flag: "--connbytes-mode", codec: choice(MODES), required: true },
  direction: { flag: "--connbytes-dir", codec: choice(DIRECTIONS), required: true },
} as const;

type Counts = readonly [packets: number, octets: number];

/** A negated range is kept with its ends the other way round, which does not tell where they are the same (libxt_connbytes.c). */
function canonical(args: Args<typeof options>): Args<typeof options> {
  const { span } = args;
  return span?.not && span.value.from === span.value.to ? { ...args, span: { value: span.value, not: false } } : args;
}

function measure([packets, octets]: Counts, mode: (typeof MODES)[number]): number {
  if (mode === "packets") return packets;
  return mode === "bytes" ? octets : packets === 0 ? 0 : Math.floor(octets / packets);
}

/** xt_connbytes.c, connbytes_mt: what nobody counts does not match, not even negated. */
function connbytesMatch(args: Args<typeof options>, { connection }: PacketContext): MatchResult {
  const counters = connection?.counters;
  const { span } = canonical(args);
  if (!counters || !span) return false;
  if ("unknown" in counters) return counters;
  const { original, reply } = counters;
  const both: Counts = [original[0] + reply[0], original[1] + reply[1]];
  const counts = { original, reply, both }[args.direction?.value ?? "both"];
  const value = BigInt(measure(counts, args.mode?.value ?? "packets"));
  const { from, to } = span.value;
  return invert(value >= from && value <= to, span.not);
}

const WHAT = { packets: "packets", bytes: "octets", avgpkt: "octets per packet" } as const;
const WHERE = { original: "in the original direction", reply: "in the reply direction", both: "in both directions" } as const;

function drawConnbytes(d: Draw): string {
  const mode = d.pick(MODES);
  const value = mode === "packets" ? d.integer(0, 5) : d.integer(0, 10) * 30;
  const span = d.chance(2) ? String(value) : `${value}:${value + (mode === "packets" ? d.integer(1, 3) : d.integer(1, 200))}`;
  return `-m connbytes ${not(d)}--connbytes ${span} --connbytes-mode ${mode} --connbytes-dir ${d.pick(DIRECTIONS)}`;
}

const connbytes = match({
  name: "connbytes",
  options,
  canonical,
  explain: (args) =>
    says(canonical(args).span, ({ from, to }) => {
      const many = to === MAX ? `at least ${from}` : `${from} to ${to}`;
      return `connection has carried ${many} ${WHAT[args.mode?.value ?? "packets"]} ${WHERE[args.direction?.value ?? "both"]}`;
    }).join(""),
  compile: (args) => (context) => connbytesMatch(args, context),
  draw: drawConnbytes,
  doc: "Packets or octets that the connection has carried so far, this packet included.",
  examples: [
    {
      rule: "-m connbytes --connbytes 0:1000 --connbytes-mode avgpkt --connbytes-dir both",
      says: "connection has carried 0 to 1000 octets per packet in both directions",
    },
    {
      rule: "-m connbytes --connbytes 3:18446744073709551614 --connbytes-mode bytes --connbytes-dir original",
      says: "connection has carried 3 to 18446744073709551614 octets in the original direction",
    },
    {
      rule: "-m connbytes ! --connbytes 5: --connbytes-mode packets --connbytes-dir reply",
      saved: "-m connbytes ! --connbytes 5 --connbytes-mode packets --connbytes-dir reply",
      says: "not connection has carried at least 5 packets in the reply direction",
    },
  ],
});

export const specs = [connbytes];
