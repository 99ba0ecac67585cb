import { holds, says } from "../condition.ts";
import { not } from "../draw.ts";
import { DSCP, DSCP_CLASS, drawDscp, dscpWords } from "../dscp-classes.ts";
import { type Args, match } from "../spec.ts";

const options = {
  dscp: { flag: "--dscp", codec: DSCP, negatable: true },
  dscpClass: { flag: "--dscp-class", codec: DSCP_CLASS, negatable: true },
} as const;

function canonical(args: Args<typeof options>): Args<typeof options> {
  return { dscp: args.dscp ?? args.dscpClass };
}

/** xt_dscp.c, dscp_mt. */
const dscp = match({
  name: "dscp",
  options,
  canonical,
  check: (args) =>
    args.dscp && args.dscpClass
      ? "dscp takes --dscp or --dscp-class, not both"
      : args.dscp || args.dscpClass
        ? undefined
        : "dscp needs --dscp or --dscp-class",
  explain: (args) => says(canonical(args).dscp, dscpWords).join(""),
  compile: (args) => {
    const wanted = canonical(args).dscp;
    return ({ packet }) => holds(wanted, (value) => packet.tos >> 2 === value);
  },
  draw: (d) => `-m dscp ${not(d)}--dscp ${DSCP.save(drawDscp(d))}`,
  doc: "Differentiated services code point: the upper six bits of TOS or traffic class.",
  examples: [
    { rule: "-m dscp --dscp-class EF", saved: "-m dscp --dscp 0x2e", says: "DSCP 0x2e (EF)" },
    { rule: "-m dscp ! --dscp 10", saved: "-m dscp ! --dscp 0x0a", says: "not DSCP 0x0a (AF11)" },
  ],
});

export const specs = [dscp];
