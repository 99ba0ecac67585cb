import { FLAG } from "../codecs.ts";
import { target } from "../spec.ts";

/** xt_CONNSECMARK.c, connsecmark_tg: security marks are SELinux's business and decide no way of a packet here. */
const connsecmark = target({
  name: "CONNSECMARK",
  does: "something",
  tables: ["mangle", "security"],
  options: {
    save: { flag: "--save", codec: FLAG },
    restore: { flag: "--restore", codec: FLAG },
  },
  check: (args) => ((args.save === undefined) === (args.restore === undefined) ? "CONNSECMARK needs --save or --restore" : undefined),
  explain: (args) => (args.save ? "save the security mark to the connection" : "restore the security mark from the connection"),
  compile: () => () => ({ verdict: "CONTINUE" }),
  draw: (d) => `-j CONNSECMARK --${d.pick(["save", "restore"])}`,
  doc: "Copies the security mark between packet and connection.",
  examples: [
    { rule: "-j CONNSECMARK --save", says: "save the security mark to the connection" },
    { rule: "-j CONNSECMARK --restore", says: "restore the security mark from the connection" },
  ],
});

export const specs = [connsecmark];
