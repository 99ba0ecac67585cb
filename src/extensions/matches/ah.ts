import { PROTOCOL } from "../../model/packet.ts";
import { FLAG, number } from "../codecs.ts";
import { holds, says } from "../condition.ts";
import { maybe, not, over, spanOption } from "../draw.ts";
import { findIpv6Header, ipv6HeaderLength, UNSEEN_HEADER, withoutHeader } from "../ipv6-headers.ts";
import { unsignedAt } from "../packet-octets.ts";
import { rangeWords, within } from "../ports.ts";
import { type Args, type MatchResult, match, type PacketContext } from "../spec.ts";
import { SPI_RANGE, withoutAllSpis } from "../spi.ts";
import { headerOf } from "../transport.ts";
import { withoutIdleRange, withoutWholeRange } from "../whole-range.ts";

const MAX = 0xffffffff;

const options = { spi: { flag: "--ahspi", codec: SPI_RANGE, negatable: true } } as const;

function canonical(args: Args<typeof options>): Args<typeof options> {
  return { spi: withoutAllSpis(args.spi) };
}

/** ipt_ah.c, ah_mt. */
const ah = match({
  name: "ah",
  families: [4],
  options,
  canonical,
  explain: (args) => says(canonical(args).spi, (value) => `AH security association ${rangeWords(value)}`).join("") || "AH",
  compile: (args) => (context) => {
    const found = headerOf(context, "spi");
    return found.kind === "missing" ? found.result : holds(args.spi, (value) => within(found.header.spi, value));
  },
  draw: (d) => (over(d, "ah") ? `-m ah${d.chance(6) ? "" : ` ${spanOption(d, "--ahspi", d.integer(1, 4), 0xffffffff, true)}`}` : undefined),
  doc: "Security parameter index of an IPv4 authentication header.",
  examples: [
    { rule: "-p ah -m ah --ahspi 0", says: "AH security association 0" },
    { rule: "-p ah -m ah ! --ahspi 1:2", says: "not AH security association 1 to 2" },
  ],
});

const options6 = {
  ...options,
  length: { flag: "--ahlen", codec: number(0, MAX), negatable: true },
  reserved: { flag: "--ahres", codec: FLAG },
} as const;

/** ip6t_ah.c, ah_mt6: a length of 0 is any. */
function ahMatch6(args: Args<typeof options6>, context: PacketContext): MatchResult {
  const found = findIpv6Header(context, PROTOCOL.ah);
  if (found.kind !== "found") return withoutHeader(found);
  const { octets, at } = found;
  if (context.packet.length < at + 12) return "hotdrop";
  const field = octets[at + 1];
  const reserved = unsignedAt(octets, at + 2, 2);
  const spi = unsignedAt(octets, at + 4, 4);
  if (field === undefined || reserved === undefined || spi === undefined) return UNSEEN_HEADER;
  const size = ipv6HeaderLength(PROTOCOL.ah, field);
  if (context.packet.length - at < size) return "hotdrop";
  if (!holds(args.spi, (value) => within(spi, value))) return false;
  if (args.length?.value && (args.length.value === size) === args.length.not) return false;
  return !(args.reserved && reserved !== 0);
}

const ah6 = match({
  name: "ah",
  families: [6],
  options: options6,
  canonical: (args) => ({
    ...args,
    spi: withoutWholeRange(args.spi, MAX),
    length: args.length?.value === 0 && !args.length.not ? undefined : args.length,
  }),
  explain: (args) =>
    [
      ...says(withoutIdleRange(args.spi, MAX), (value) => `AH security association ${rangeWords(value)}`),
      ...says(args.length?.value ? args.length : undefined, (octets) => `AH header of ${octets} octets`),
      ...says(args.reserved, () => "AH reserved field 0"),
    ].join(", ") || "AH",
  compile: (args) => (context) => ahMatch6(args, context),
  draw: (d) =>
    `-m ah${d.chance(6) ? "" : ` ${spanOption(d, "--ahspi", d.integer(1, 4), MAX, true)}`}${maybe(d, 3, `${not(d)}--ahlen ${d.pick([12, 16, 24])}`)}${maybe(d, 4, "--ahres")}`,
  doc: "The IPv6 authentication header, which is an extension header.",
  examples: [
    { rule: "-m ah ! --ahspi 5 --ahlen 24 --ahres", says: "not AH security association 5, AH header of 24 octets, AH reserved field 0" },
    {
      rule: "-m ah --ahspi 0:4294967295 --ahlen 0",
      saved: "-m ah",
      says: "AH",
    },
  ],
});

export const specs = [ah, ah6];
