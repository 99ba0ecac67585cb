import { masked } from "../codecs.ts";
import { holds, says } from "../condition.ts";
import { not } from "../draw.ts";
import { drawMasked } from "../draw-mark.ts";
import { markWords, underMask } from "../marks.ts";
import { match } from "../spec.ts";

/** xt_connmark.c, connmark_mt: without a connection it never matches, not even negated. */
const connmark = match({
  name: "connmark",
  options: { mark: { flag: "--mark", codec: masked(32, false), negatable: true, required: true } },
  explain: (args) => says(args.mark, (value) => markWords("connection mark", value)).join(""),
  compile:
    (args) =>
    ({ connection }) =>
      connection !== undefined && holds(args.mark, (value) => underMask(connection.mark, value)),
  draw: (d) => `-m connmark ${not(d)}--mark ${drawMasked(d)}`,
  doc: "The mark of the packet's connection, under a mask.",
  examples: [
    { rule: "-m connmark --mark 0/0xffffffff", saved: "-m connmark --mark 0x0", says: "connection mark 0x0" },
    { rule: "-m connmark ! --mark 0x10/0xf0", says: "not connection mark 0x10 in the bits 0xf0" },
  ],
});

export const specs = [connmark];
