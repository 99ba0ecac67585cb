import { range } from "../codecs.ts";
import { holds, says } from "../condition.ts";
import { spanOption } from "../draw.ts";
import { rangeWords, within } from "../ports.ts";
import { match } from "../spec.ts";

/** xt_length.c, length_mt. */
const length = match({
  name: "length",
  options: { length: { flag: "--length", codec: range(65535), negatable: true, required: true } },
  explain: (args) => says(args.length, (value) => `length ${rangeWords(value)} octets`).join(""),
  compile:
    (args) =>
    ({ packet }) =>
      holds(args.length, (value) => within(packet.length, value)),
  draw: (d) => `-m length ${spanOption(d, "--length", d.integer(20, d.chance(2) ? 100 : 1500), 65_535, true)}`,
  doc: "Length of the whole IP packet.",
  examples: [
    { rule: "-m length --length :2", saved: "-m length --length 0:2", says: "length 0 to 2 octets" },
    { rule: "-m length ! --length 5:5", saved: "-m length ! --length 5", says: "not length 5 octets" },
  ],
});

export const specs = [length];
