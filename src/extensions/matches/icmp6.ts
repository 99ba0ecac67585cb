import { holds, says } from "../condition.ts";
import { not, over } from "../draw.ts";
import { drawIcmpType, ICMP6_NAMES, ICMP6_TYPE, icmpRanges, icmpWords } from "../icmp-types.ts";
import { match } from "../spec.ts";
import { headerOf } from "../transport.ts";

/** ip6_tables.c, icmp6_match. */
const icmp6 = match({
  name: "icmp6",
  families: [6],
  options: { type: { flag: "--icmpv6-type", codec: ICMP6_TYPE, negatable: true, required: true } },
  explain: (args) => says(args.type, (value) => `ICMPv6 ${icmpWords(ICMP6_NAMES, value)}`).join(""),
  compile: (args) => (context) => {
    const found = headerOf(context, "icmp");
    if (found.kind === "missing") return found.result;
    const { type, code } = found.header;
    return holds(args.type, (want) => want.type === type && code >= want.minCode && code <= want.maxCode);
  },
  space: ({ type }) => (type ? { icmp: icmpRanges(type), exact: true } : { exact: true }),
  draw: (d) =>
    over(d, "icmpv6")
      ? `-m icmp6 ${not(d)}--icmpv6-type ${drawIcmpType(d, ["1/0", "1/4", "2", "3", "128", "128/0", "129", "135", "136"])}`
      : undefined,
  doc: "Type and code of ICMPv6.",
  examples: [
    {
      rule: "-p ipv6-icmp -m icmp6 --icmpv6-type neighbor-solicitation",
      saved: "-p ipv6-icmp -m icmp6 --icmpv6-type 135",
      says: "ICMPv6 neighbour-solicitation",
    },
    { rule: "-p ipv6-icmp -m icmp6 ! --icmpv6-type 1/0", says: "not ICMPv6 no-route" },
  ],
});

export const specs = [icmp6];
