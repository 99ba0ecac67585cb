import { type Masked, masked } from "../codecs.ts";
import { holds, says } from "../condition.ts";
import { not } from "../draw.ts";
import { drawMasked } from "../draw-mark.ts";
import { markWords, underMask } from "../marks.ts";
import { match } from "../spec.ts";

/** xt_mark.c, mark_mt. */
const mark = match({
  name: "mark",
  options: { mark: { flag: "--mark", codec: masked(32, false), negatable: true, required: true } },
  explain: (args) => says(args.mark, (value: Masked) => markWords("mark", value)).join(""),
  reads: () => "nothing",
  compile: (args) => (context) => holds(args.mark, (value) => underMask(context.mark, value)),
  space: ({ mark: option }) => (option ? { mark: { ...option.value, not: option.not }, exact: true } : { exact: true }),
  draw: (d) => `-m mark ${not(d)}--mark ${drawMasked(d)}`,
  doc: "The packet's mark, under a mask.",
  examples: [
    { rule: "-m mark --mark 1", saved: "-m mark --mark 0x1", says: "mark 0x1" },
    { rule: "-m mark ! --mark 0x5/0xf", says: "not mark 0x5 in the bits 0xf" },
  ],
});

export const specs = [mark];
