import { changeHops, checkHops, drawHopChange, hopWords, SET, STEP } from "../hop-limit.ts";
import { target } from "../spec.ts";

const hl = target({
  name: "HL",
  does: "headers",
  families: [6],
  tables: ["mangle"],
  options: {
    set: { flag: "--hl-set", codec: SET },
    dec: { flag: "--hl-dec", codec: STEP },
    inc: { flag: "--hl-inc", codec: STEP },
  },
  check: (args) => checkHops("--hl-set, --hl-dec, --hl-inc", args),
  explain: (args) => hopWords("hop limit", args),
  compile: (args) => (context) => changeHops(args, context),
  draw: (d) => `-j HL ${drawHopChange(d, "--hl")}`,
  doc: "Changes the hop limit of an IPv6 packet.",
  examples: [
    { rule: "-j HL --hl-set 42", says: "set the hop limit to 42" },
    { rule: "-j HL --hl-dec 1", says: "lower the hop limit by 1" },
    { rule: "-j HL --hl-inc 5", says: "raise the hop limit by 5" },
  ],
});

export const specs = [hl];
