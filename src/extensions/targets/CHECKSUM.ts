import { FLAG } from "../codecs.ts";
import { target } from "../spec.ts";

/** xt_CHECKSUM.c, checksum_tg. */
const checksum = target({
  name: "CHECKSUM",
  does: "nothing",
  tables: ["mangle"],
  options: { fill: { flag: "--checksum-fill", codec: FLAG, required: true } },
  explain: () => "fill in the checksum",
  compile: () => () => ({ verdict: "CONTINUE" }),
  draw: () => "-j CHECKSUM --checksum-fill",
  doc: "Computes a checksum that was left to the network card.",
  examples: [
    { rule: "-j CHECKSUM --checksum-fill", says: "fill in the checksum" },
    { rule: "-p udp -j CHECKSUM --checksum-fill", says: "fill in the checksum" },
  ],
});

export const specs = [checksum];
