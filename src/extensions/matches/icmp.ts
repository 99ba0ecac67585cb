import { holds, says } from "../condition.ts";
import { not, over } from "../draw.ts";
import { drawIcmpType, ICMP_NAMES, ICMP_TYPE, icmpRanges, icmpWords } from "../icmp-types.ts";
import { match } from "../spec.ts";
import { headerOf } from "../transport.ts";

/** ip_tables.c, icmp_match. */
const icmp = match({
  name: "icmp",
  families: [4],
  options: { type: { flag: "--icmp-type", codec: ICMP_TYPE, negatable: true, required: true } },
  explain: (args) => says(args.type, (value) => (value.type === 255 ? "any ICMP" : `ICMP ${icmpWords(ICMP_NAMES, value)}`)).join(""),
  compile: (args) => (context) => {
    const found = headerOf(context, "icmp");
    if (found.kind === "missing") return found.result;
    const { type, code } = found.header;
    return holds(args.type, (want) => want.type === 255 || (want.type === type && code >= want.minCode && code <= want.maxCode));
  },
  space: ({ type }) =>
    type && type.value.type !== 255 ? { icmp: icmpRanges(type), exact: true } : { ...(type?.not && { icmp: [] }), exact: true },
  draw: (d) =>
    over(d, "icmp")
      ? `-m icmp ${not(d)}--icmp-type ${drawIcmpType(d, ["any", "0", "3", "3/1", "3/3", "3/4", "5", "8", "8/0", "11/0"])}`
      : undefined,
  doc: "Type and code of ICMP.",
  examples: [
    { rule: "-p icmp -m icmp --icmp-type 8", says: "ICMP echo-request" },
    { rule: "-p icmp -m icmp ! --icmp-type 3/1", says: "not ICMP host-unreachable" },
    { rule: "-p icmp -m icmp --icmp-type network-unreachable", saved: "-p icmp -m icmp --icmp-type 3/0", says: "ICMP network-unreachable" },
    { rule: "-p icmp -m icmp --icmp-type any", says: "any ICMP" },
    { rule: "-p icmp -m icmp --icmp-type 8/0", says: "ICMP type 8, code 0" },
  ],
});

export const specs = [icmp];
