import { FLAG, number, word } from "../codecs.ts";
import { maybe } from "../draw.ts";
import { target } from "../spec.ts";

/** What MAX_IDLETIMER_LABEL_SIZE of xt_IDLETIMER.h leaves beside the closing zero. */
const LABEL_SIZE = 27;

/** Longest time of which the milliseconds are a positive int (idletimer_tg_helper). */
const LONGEST = Math.floor(0x7fffffff / 1000) - 1;

/** Files that the folder of timers in sysfs has of its own (idletimer_check_sysfs_name). */
const TAKEN = ["power", "subsystem", "uevent"];

const LABEL = word(
  "a label",
  (text) => (text === "" || TAKEN.includes(text) ? undefined : text.slice(0, LABEL_SIZE)),
  (label) => label,
);

/** xt_IDLETIMER.c, idletimer_tg_target. */
const idletimer = target({
  name: "IDLETIMER",
  does: "nothing",
  options: {
    timeout: { flag: "--timeout", codec: number(1, LONGEST), required: true },
    label: { flag: "--label", codec: LABEL, required: true },
    alarm: { flag: "--alarm", codec: FLAG },
  },
  explain: (args) => `start the idle timer ${args.label?.value ?? ""} again (${args.timeout?.value ?? 0} s)`,
  compile: () => () => ({ verdict: "CONTINUE" }),
  draw: (d) => {
    // Timers belong to the whole machine, and those that share a label must be of one kind.
    const alarm = maybe(d, 3, "--alarm");
    return `-j IDLETIMER --timeout ${d.pick([1, 60, LONGEST])} --label ${d.name(alarm === "" ? "idle" : "alarm")}${alarm}`;
  },
  doc: "Starts a timer again that tells programs when no packet came for a while.",
  examples: [
    { rule: "-j IDLETIMER --timeout 42 --label wan", says: "start the idle timer wan again (42 s)" },
    {
      rule: "-j IDLETIMER --alarm --label wan --timeout 0x10",
      saved: "-j IDLETIMER --timeout 16 --label wan --alarm",
      says: "start the idle timer wan again (16 s)",
    },
  ],
});

export const specs = [idletimer];
