import { changeHops, checkHops, drawHopChange, hopWords, SET, STEP } from "../hop-limit.ts";
import { target } from "../spec.ts";

const ttl = target({
  name: "TTL",
  does: "headers",
  families: [4],
  tables: ["mangle"],
  options: {
    set: { flag: "--ttl-set", codec: SET },
    dec: { flag: "--ttl-dec", codec: STEP },
    inc: { flag: "--ttl-inc", codec: STEP },
  },
  check: (args) => checkHops("--ttl-set, --ttl-dec, --ttl-inc", args),
  explain: (args) => hopWords("TTL", args),
  compile: (args) => (context) => changeHops(args, context),
  draw: (d) => `-j TTL ${drawHopChange(d, "--ttl")}`,
  doc: "Changes the time to live of an IPv4 packet.",
  examples: [
    { rule: "-j TTL --ttl-set 42", says: "set the TTL to 42" },
    { rule: "-j TTL --ttl-dec 1", says: "lower the TTL by 1" },
    { rule: "-j TTL --ttl-inc 5", says: "raise the TTL by 5" },
  ],
});

export const specs = [ttl];
