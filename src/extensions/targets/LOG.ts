import { FLAG, parseNumber, quote, word } from "../codecs.ts";
import { maybe } from "../draw.ts";
import { target } from "../spec.ts";

const LEVELS = ["emerg", "alert", "crit", "err", "warning", "notice", "info", "debug"];
const OTHERS: Readonly<Record<string, number>> = { panic: 0, error: 3, warn: 4 };
const WARNING = 4;

const LEVEL = word(
  "a syslog level, 0 to 7 or a name",
  (name) => {
    const found = LEVELS.indexOf(name.toLowerCase());
    return parseNumber(name, 0, 7) ?? OTHERS[name.toLowerCase()] ?? (found < 0 ? undefined : found);
  },
  String,
);

// The kernel's target has room for 30 octets, the closing zero counted (struct xt_log_info).
const PREFIX = word("text", (prefix) => (prefix === "" ? undefined : prefix.slice(0, 29)), quote);

/** xt_LOG.c, log_tg. */
const log = target({
  name: "LOG",
  does: "nothing",
  options: {
    prefix: { flag: "--log-prefix", codec: PREFIX },
    level: { flag: "--log-level", codec: LEVEL },
    tcpSequence: { flag: "--log-tcp-sequence", codec: FLAG },
    tcpOptions: { flag: "--log-tcp-options", codec: FLAG },
    ipOptions: { flag: "--log-ip-options", codec: FLAG },
    uid: { flag: "--log-uid", codec: FLAG },
    macdecode: { flag: "--log-macdecode", codec: FLAG },
  },
  canonical: (args) => ({ ...args, level: args.level?.value === WARNING ? undefined : args.level }),
  explain: (args) => (args.prefix ? `log with prefix "${args.prefix.value}"` : "log"),
  steady: true,
  compile: (args) => () => ({ verdict: "CONTINUE", effects: [{ kind: "log", prefix: args.prefix?.value ?? "" }] }),
  draw: (d) => {
    const prefix = maybe(d, 2, `--log-prefix ${d.pick(["drop", '"in: "', '"a \\"b\\" "', `"${"p".repeat(29)}"`])}`);
    const about = ["tcp-sequence", "tcp-options", "ip-options", "uid", "macdecode"].map((name) => maybe(d, 6, `--log-${name}`));
    return `-j LOG${prefix}${maybe(d, 3, `--log-level ${d.pick([0, 1, 2, 3, 5, 6, 7])}`)}${about.join("")}`;
  },
  doc: "Writes the packet's header to the kernel log.",
  examples: [
    { rule: "-j LOG", says: "log" },
    {
      rule: '-j LOG --log-prefix "test: " --log-level debug --log-uid',
      saved: '-j LOG --log-prefix "test: " --log-level 7 --log-uid',
      says: 'log with prefix "test: "',
    },
    { rule: "-j LOG --log-prefix drop --log-level 4", saved: "-j LOG --log-prefix drop", says: 'log with prefix "drop"' },
  ],
});

export const specs = [log];
