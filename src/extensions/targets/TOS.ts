import { hex, type Masked, parseNumber, word } from "../codecs.ts";
import { changed, changeWords } from "../marks.ts";
import { type Args, type Codec, target } from "../spec.ts";
import { drawTos, TOS_VALUE } from "../tos-names.ts";

function fromBits(build: (bits: number) => Masked): Codec<Masked> {
  const parse = (text: string) => {
    const bits = parseNumber(text, 0, 255);
    return bits === undefined ? undefined : build(bits);
  };
  return word("a number of 8 bits", parse, TOS_VALUE.save);
}

const options = {
  set: { flag: "--set-tos", codec: TOS_VALUE },
  and: { flag: "--and-tos", codec: fromBits((bits) => ({ value: 0, mask: ~bits & 0xff })) },
  or: { flag: "--or-tos", codec: fromBits((bits) => ({ value: bits, mask: bits })) },
  xor: { flag: "--xor-tos", codec: fromBits((bits) => ({ value: bits, mask: 0 })) },
} as const;

function canonical(args: Args<typeof options>): Args<typeof options> {
  return { set: args.set ?? args.and ?? args.or ?? args.xor };
}

/** xt_DSCP.c, tos_tg and tos_tg6. */
const tos = target({
  name: "TOS",
  does: "headers",
  tables: ["mangle"],
  options,
  canonical,
  check: (args) =>
    Object.values(args).filter((option) => option).length === 1
      ? undefined
      : "TOS needs exactly one of --set-tos, --and-tos, --or-tos, --xor-tos",
  explain: (args) => {
    const change = canonical(args).set?.value ?? { value: 0, mask: 0 };
    return change.mask === 0xff ? `set TOS ${hex(change.value, 2)}` : changeWords("TOS", change);
  },
  compile: (args) => {
    const change = canonical(args).set?.value ?? { value: 0, mask: 0 };
    return ({ packet }) => ({ verdict: "CONTINUE", effects: [{ kind: "set-tos", value: changed(packet.tos, change) & 0xff }] });
  },
  draw: (d) => `-j TOS --set-tos ${drawTos(d)}`,
  doc: "Changes the TOS or traffic class octet.",
  examples: [
    { rule: "-j TOS --set-tos 0x1f", saved: "-j TOS --set-tos 0x1f/0xff", says: "set TOS 0x1f" },
    { rule: "-j TOS --set-tos Minimize-Delay", saved: "-j TOS --set-tos 0x10/0x3f", says: "set TOS 0x10 in the bits 0x3f" },
    { rule: "-j TOS --and-tos 0x12", saved: "-j TOS --set-tos 0x00/0xed", says: "clear the bits 0xed of the TOS" },
    { rule: "-j TOS --or-tos 0x12", saved: "-j TOS --set-tos 0x12/0x12", says: "set the bits 0x12 of the TOS" },
    { rule: "-j TOS --xor-tos 0x12", saved: "-j TOS --set-tos 0x12/0x00", says: "turn round the bits 0x12 of the TOS" },
  ],
});

export const specs = [tos];
