import { word } from "../codecs.ts";
import { target } from "../spec.ts";

function save(value: number): string {
  return [value >>> 16, value & 0xffff].map((half) => half.toString(16).padStart(4, "0")).join(":");
}

function parse(text: string): number | undefined {
  const [, major, minor] = /^([0-9a-fA-F]{1,4}):([0-9a-fA-F]{1,4})$/.exec(text) ?? [];
  return major === undefined || minor === undefined ? undefined : Number.parseInt(major, 16) * 65_536 + Number.parseInt(minor, 16);
}

/** xt_CLASSIFY.c, classify_tg. */
const classify = target({
  name: "CLASSIFY",
  does: "nothing",
  hooks: ["FORWARD", "OUTPUT", "POSTROUTING"],
  options: { class: { flag: "--set-class", codec: word("a class (major:minor in hexadecimal)", parse, save), required: true } },
  explain: (args) => `set priority class ${save(args.class?.value ?? 0)}`,
  compile: (args) => () => ({ verdict: "CONTINUE", effects: [{ kind: "set-priority", value: args.class?.value ?? 0 }] }),
  draw: (d) => `-j CLASSIFY --set-class ${save(d.pick([0, 1, 0x10001, 0xffffffff, d.integer(0, 0xffffffff)]))}`,
  doc: "Puts the packet into a class of the queueing discipline.",
  examples: [
    { rule: "-j CLASSIFY --set-class 1:a", saved: "-j CLASSIFY --set-class 0001:000a", says: "set priority class 0001:000a" },
    { rule: "-j CLASSIFY --set-class 0000:ffff", says: "set priority class 0000:ffff" },
  ],
});

export const specs = [classify];
