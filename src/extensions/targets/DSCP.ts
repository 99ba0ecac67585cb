import { DSCP, DSCP_CLASS, drawDscp, dscpWords } from "../dscp-classes.ts";
import { type Args, target } from "../spec.ts";

const options = {
  dscp: { flag: "--set-dscp", codec: DSCP },
  dscpClass: { flag: "--set-dscp-class", codec: DSCP_CLASS },
} as const;

const ECN_BITS = 3;

function canonical(args: Args<typeof options>): Args<typeof options> {
  return { dscp: args.dscp ?? args.dscpClass };
}

/** xt_DSCP.c, dscp_tg and dscp_tg6: the two bits of ECN stay. */
const dscp = target({
  name: "DSCP",
  does: "headers",
  tables: ["mangle"],
  options,
  canonical,
  check: (args) => ((args.dscp === undefined) === (args.dscpClass === undefined) ? "DSCP needs --set-dscp or --set-dscp-class" : undefined),
  explain: (args) => `set ${dscpWords(canonical(args).dscp?.value ?? 0)}`,
  compile: (args) => {
    const value = canonical(args).dscp?.value ?? 0;
    return ({ packet }) => ({ verdict: "CONTINUE", effects: [{ kind: "set-tos", value: (value << 2) | (packet.tos & ECN_BITS) }] });
  },
  draw: (d) => `-j DSCP --set-dscp ${DSCP.save(drawDscp(d))}`,
  doc: "Sets the differentiated services code point.",
  examples: [
    { rule: "-j DSCP --set-dscp-class EF", saved: "-j DSCP --set-dscp 0x2e", says: "set DSCP 0x2e (EF)" },
    { rule: "-j DSCP --set-dscp 0x3f", says: "set DSCP 0x3f" },
  ],
});

export const specs = [dscp];
