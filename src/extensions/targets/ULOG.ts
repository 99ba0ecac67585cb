import { number, quote, word } from "../codecs.ts";
import { target } from "../spec.ts";

const LONGEST = 31;

/** ipt_ULOG.c of Linux before 3.17, ulog_tg. */
const ulog = target({
  name: "ULOG",
  does: "nothing",
  families: [4],
  options: {
    prefix: {
      flag: "--ulog-prefix",
      codec: word(`text of at most ${LONGEST} characters`, (text) => (text !== "" && text.length <= LONGEST ? text : undefined), quote),
    },
    group: { flag: "--ulog-nlgroup", codec: number(1, 32) },
    range: { flag: "--ulog-cprange", codec: number(0, 0xffffffff) },
    threshold: { flag: "--ulog-qthreshold", codec: number(1, 50) },
  },
  canonical: (args) => ({
    ...args,
    group: args.group?.value === 1 ? undefined : args.group,
    range: args.range?.value === 0 ? undefined : args.range,
    threshold: args.threshold?.value === 1 ? undefined : args.threshold,
  }),
  explain: (args) => `log to group ${args.group?.value ?? 1}${args.prefix ? ` with prefix "${args.prefix.value}"` : ""}`,
  compile: (args) => () => ({ verdict: "CONTINUE", effects: [{ kind: "log", prefix: args.prefix?.value ?? "" }] }),
  // Linux has not had it since 3.17, and would refuse every ruleset with it.
  draw: () => undefined,
  doc: "Handed a copy of the packet to a logging program, before NFLOG did.",
  examples: [
    { rule: "-j ULOG", says: "log to group 1" },
    {
      rule: '-j ULOG --ulog-nlgroup 2 --ulog-prefix "a b" --ulog-qthreshold 50',
      saved: '-j ULOG --ulog-prefix "a b" --ulog-nlgroup 2 --ulog-qthreshold 50',
      says: 'log to group 2 with prefix "a b"',
    },
  ],
});

export const specs = [ulog];
