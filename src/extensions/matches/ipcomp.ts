import { FLAG, range } from "../codecs.ts";
import { holds, says } from "../condition.ts";
import { maybe, over, spanOption } from "../draw.ts";
import { packetOctets, unsignedAt } from "../packet-octets.ts";
import { rangeWords, within } from "../ports.ts";
import { type Args, match } from "../spec.ts";
import { isLaterFragment, UNCAPTURED } from "../transport.ts";
import { withoutIdleRange, withoutWholeRange } from "../whole-range.ts";

const MAX = 0xffffffff;
const HEADER = 4;
const INDEX = 2;

const options = {
  spi: { flag: "--ipcompspi", codec: range(MAX, "a compression parameter index or a range (a:b)"), negatable: true },
  reserved: { flag: "--compres", codec: FLAG },
} as const;

/** Without the option it is index 0 that is asked for (libxt_ipcomp.c). */
function indexOf(args: Args<typeof options>) {
  return args.spi ?? { value: [0, 0] as const, not: false };
}

/** xt_ipcomp.c, comp_mt: it never looks at what --compres asks for. */
const ipcomp = match({
  name: "ipcomp",
  options,
  canonical: (args) => ({ ...args, spi: withoutWholeRange(indexOf(args), MAX) }),
  explain: (args) => says(withoutIdleRange(indexOf(args), MAX), (value) => `IPComp index ${rangeWords(value)}`).join("") || "IPComp",
  compile: (args) => (context) => {
    const { packet } = context;
    if (isLaterFragment(packet)) return false;
    if (packet.length - packet.headerLength < HEADER) return "hotdrop";
    const index = unsignedAt(packetOctets(packet), packet.headerLength + INDEX, 2);
    return index === undefined ? UNCAPTURED : holds(indexOf(args), (range) => within(index, range));
  },
  draw: (d) =>
    over(d, "ipcomp") ? `-m ipcomp ${spanOption(d, "--ipcompspi", d.integer(1, 4), 65_535, true)}${maybe(d, 6, "--compres")}` : undefined,
  doc: "Compression parameter index of IPComp.",
  examples: [
    {
      rule: "-p ipcomp -m ipcomp ! --ipcompspi 0x10:20",
      saved: "-p ipcomp -m ipcomp ! --ipcompspi 16:20",
      says: "not IPComp index 16 to 20",
    },
    { rule: "-p ipcomp -m ipcomp", saved: "-p ipcomp -m ipcomp --ipcompspi 0", says: "IPComp index 0" },
  ],
});

export const specs = [ipcomp];
