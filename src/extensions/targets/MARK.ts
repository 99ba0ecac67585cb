import { drawChange } from "../draw-mark.ts";
import { MARK_OPTIONS, markOptionsGiven, xmarkOf } from "../mark-options.ts";
import { changed, changeWords } from "../marks.ts";
import { target } from "../spec.ts";

/** xt_mark.c, mark_tg. */
const mark = target({
  name: "MARK",
  does: "mark",
  options: MARK_OPTIONS,
  canonical: (args) => ({ xmark: xmarkOf(args) }),
  check: (args) =>
    markOptionsGiven(args) === 1 ? undefined : "MARK needs exactly one of --set-xmark, --set-mark, --and-mark, --or-mark, --xor-mark",
  explain: (args) => changeWords("mark", xmarkOf(args)?.value ?? { value: 0, mask: 0 }),
  steady: true,
  compile: (args) => {
    const change = xmarkOf(args)?.value ?? { value: 0, mask: 0 };
    return (context) => ({ verdict: "CONTINUE", effects: [{ kind: "set-mark", value: changed(context.mark, change) }] });
  },
  draw: (d) => `-j MARK --set-xmark ${drawChange(d)}`,
  doc: "Sets or changes the packet's mark.",
  examples: [
    { rule: "-j MARK --set-mark 0x1/0x3", saved: "-j MARK --set-xmark 0x1/0x3", says: "set mark 0x1 in the bits 0x3" },
    { rule: "-j MARK --and-mark 0xf0", saved: "-j MARK --set-xmark 0x0/0xffffff0f", says: "clear the bits 0xffffff0f of the mark" },
    { rule: "-j MARK --or-mark 0x4000", saved: "-j MARK --set-xmark 0x4000/0x4000", says: "set the bits 0x4000 of the mark" },
    { rule: "-j MARK --xor-mark 0xf0", saved: "-j MARK --set-xmark 0xf0/0x0", says: "turn round the bits 0xf0 of the mark" },
    { rule: "-j MARK --set-xmark 4294967295", saved: "-j MARK --set-xmark 0xffffffff/0xffffffff", says: "set mark 0xffffffff" },
  ],
});

export const specs = [mark];
