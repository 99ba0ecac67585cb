import { hex } from "../codecs.ts";
import { holds, says } from "../condition.ts";
import { not } from "../draw.ts";
import { underMask } from "../marks.ts";
import { match } from "../spec.ts";
import { drawTos, TOS_VALUE } from "../tos-names.ts";

/** xt_dscp.c, tos_mt. */
const tos = match({
  name: "tos",
  options: { tos: { flag: "--tos", codec: TOS_VALUE, negatable: true, required: true } },
  explain: (args) =>
    says(args.tos, ({ value, mask }) => `TOS ${hex(value, 2)}${mask === 0xff ? "" : ` in the bits ${hex(mask, 2)}`}`).join(""),
  compile:
    (args) =>
    ({ packet }) =>
      holds(args.tos, (value) => underMask(packet.tos, value)),
  draw: (d) => `-m tos ${not(d)}--tos ${drawTos(d)}`,
  doc: "The TOS or traffic class octet, under a mask.",
  examples: [
    { rule: "-m tos --tos Minimize-Delay", saved: "-m tos --tos 0x10/0x3f", says: "TOS 0x10 in the bits 0x3f" },
    { rule: "-m tos ! --tos 0xff", saved: "-m tos ! --tos 0xff/0xff", says: "not TOS 0xff" },
  ],
});

export const specs = [tos];
