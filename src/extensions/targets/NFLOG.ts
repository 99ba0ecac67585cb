import { number, quote, word } from "../codecs.ts";
import { maybe } from "../draw.ts";
import { target } from "../spec.ts";

// The kernel's legacy target has room for less than nft_log (struct xt_nflog_info, NF_LOG_PREFIXLEN).
const LONGEST = { legacy: 63, nft: 127 } as const;

/** xt_NFLOG.c, nflog_tg. */
const nflog = target({
  name: "NFLOG",
  does: "nothing",
  options: {
    prefix: { flag: "--nflog-prefix", codec: word("text", (text) => (text === "" ? undefined : text.slice(0, LONGEST.nft)), quote) },
    group: { flag: "--nflog-group", codec: number(0, 65_535) },
    range: { flag: "--nflog-range", codec: number(0, 0xffffffff) },
    size: { flag: "--nflog-size", codec: number(0, 0xffffffff) },
    threshold: { flag: "--nflog-threshold", codec: number(0, 65_535) },
  },
  canonical: (args) => ({
    ...args,
    group: args.group?.value === 0 ? undefined : args.group,
    range: args.range?.value === 0 ? undefined : args.range,
    threshold: args.threshold?.value === 0 ? undefined : args.threshold,
  }),
  explain: (args) => `log to group ${args.group?.value ?? 0}${args.prefix ? ` with prefix "${args.prefix.value}"` : ""}`,
  steady: true,
  compile:
    (args) =>
    ({ backend }) => ({
      verdict: "CONTINUE",
      effects: [{ kind: "log", prefix: args.prefix?.value.slice(0, LONGEST[backend]) ?? "" }],
    }),
  draw: (d) => {
    const prefix = maybe(d, 2, `--nflog-prefix ${d.pick(["p", '"a b"', `"${"p".repeat(LONGEST.legacy)}"`])}`);
    const size = maybe(d, 4, `--nflog-size ${d.pick([0, 20, 128])}`);
    return `-j NFLOG${prefix} --nflog-group ${d.integer(1, 65_535)}${size}${maybe(d, 4, `--nflog-threshold ${d.integer(1, 20)}`)}`;
  },
  doc: "Hands a copy of the packet to a logging program.",
  examples: [
    { rule: "-j NFLOG --nflog-group 0", saved: "-j NFLOG", says: "log to group 0" },
    {
      rule: '-j NFLOG --nflog-prefix "a b" --nflog-group 3 --nflog-threshold 4 --nflog-size 6',
      saved: '-j NFLOG --nflog-prefix "a b" --nflog-group 3 --nflog-size 6 --nflog-threshold 4',
      says: 'log to group 3 with prefix "a b"',
    },
  ],
});

export const specs = [nflog];
