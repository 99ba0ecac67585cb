import { FLAG, number, parseRange, type Range, saveRange, word } from "../codecs.ts";
import { maybe } from "../draw.ts";
import { type Args, target } from "../spec.ts";

const BALANCE = word<Range>(
  "a range of queues (a:b)",
  (text) => {
    const range = text.includes(":") ? parseRange(text, 65_535) : undefined;
    return range && range[0] < range[1] ? range : undefined;
  },
  saveRange,
);

const options = {
  num: { flag: "--queue-num", codec: number(0, 65_535) },
  balance: { flag: "--queue-balance", codec: BALANCE },
  bypass: { flag: "--queue-bypass", codec: FLAG },
  cpuFanout: { flag: "--queue-cpu-fanout", codec: FLAG },
} as const;

function canonical(args: Args<typeof options>): Args<typeof options> {
  return { ...args, num: args.balance ? undefined : (args.num ?? { value: 0, not: false }) };
}

/** xt_NFQUEUE.c, nfqueue_tg. */
const nfqueue = target({
  name: "NFQUEUE",
  options,
  canonical,
  check: (args) => (args.num && args.balance ? "NFQUEUE takes --queue-num or --queue-balance, not both" : undefined),
  explain: (args) =>
    args.balance ? `hand to a program on queues ${args.balance.value.join(" to ")}` : `hand to a program on queue ${args.num?.value ?? 0}`,
  compile: () => () => ({ verdict: "QUEUE" }),
  // What listens there decides, and nothing may: few packets should end so.
  draw: (d) => {
    if (!d.chance(30)) return undefined;
    const queues = d.chance(2) ? `--queue-num ${d.pick([0, 1, 65_535])}` : `--queue-balance ${d.pick(["0:1", "1:4", "0:65534"])}`;
    const fanout = queues.includes("balance") ? maybe(d, 3, "--queue-cpu-fanout") : "";
    return `-j NFQUEUE ${queues}${maybe(d, 3, "--queue-bypass")}${fanout}`;
  },
  doc: "Hands the packet to a program, which decides.",
  examples: [
    { rule: "-j NFQUEUE", saved: "-j NFQUEUE --queue-num 0", says: "hand to a program on queue 0" },
    {
      rule: "-j NFQUEUE --queue-bypass --queue-balance 0:6",
      saved: "-j NFQUEUE --queue-balance 0:6 --queue-bypass",
      says: "hand to a program on queues 0 to 6",
    },
  ],
});

export const specs = [nfqueue];
