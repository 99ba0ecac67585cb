import { factWords, forkUnlessAssumed } from "../assumption.ts";
import { FLAG, number, parseRange, type Range, saveRange, word } from "../codecs.ts";
import { maybe } from "../draw.ts";
import { type Args, type PacketContext, type TargetResult, target } from "../spec.ts";

const LAST = 65_535;

const BALANCE = word<Range>(
  "a range of queues (a:b)",
  (text) => {
    const range = text.includes(":") ? parseRange(text, LAST) : undefined;
    return range && range[0] < range[1] ? range : undefined;
  },
  saveRange,
);

const options = {
  num: { flag: "--queue-num", codec: number(0, LAST) },
  balance: { flag: "--queue-balance", codec: BALANCE },
  bypass: { flag: "--queue-bypass", codec: FLAG },
  cpuFanout: { flag: "--queue-cpu-fanout", codec: FLAG },
} as const;

function canonical(args: Args<typeof options>): Args<typeof options> {
  return { ...args, num: args.balance ? undefined : (args.num ?? { value: 0, not: false }) };
}

function check(args: Args<typeof options>): string | undefined {
  if (args.num && args.balance) return "NFQUEUE takes --queue-num or --queue-balance, not both";
  if (args.cpuFanout && !args.balance) return "--queue-cpu-fanout needs --queue-balance";
  return args.balance?.value[0] === 0 && args.balance.value[1] === LAST ? "--queue-balance takes at most 65535 queues" : undefined;
}

/** xt_NFQUEUE.c, nfqueue_tg_v3; with --queue-bypass the packet goes on to the next table where nobody listens (nf_queue.c, nf_queue). */
function queue({ num, balance, bypass }: Args<typeof options>, context: PacketContext): TargetResult {
  if (!bypass) return { verdict: "QUEUE" };
  const which = balance ? `its queue of ${balance.value.join(" to ")}` : `queue ${num?.value ?? 0}`;
  return forkUnlessAssumed(context, "nfqueue", {
    when: `a program listens on ${which}`,
    otherwise: `no program listens on ${which}`,
    yes: { verdict: "QUEUE" },
    no: { verdict: "ACCEPT", note: "nobody listens, and --queue-bypass lets it pass" },
  });
}

const nfqueue = target({
  name: "NFQUEUE",
  does: "queue",
  options,
  canonical,
  check,
  explain: (args) =>
    args.balance ? `hand to a program on queues ${args.balance.value.join(" to ")}` : `hand to a program on queue ${args.num?.value ?? 0}`,
  compile: (args) => (context) => queue(args, context),
  // What listens there decides, and nothing may: few packets should end so.
  draw: (d) => {
    if (!d.chance(30)) return undefined;
    const queues = d.chance(2) ? `--queue-num ${d.pick([0, 1, 65_535])}` : `--queue-balance ${d.pick(["0:1", "1:4", "0:65534"])}`;
    const fanout = queues.includes("balance") ? maybe(d, 3, "--queue-cpu-fanout") : "";
    return `-j NFQUEUE ${queues}${maybe(d, 3, "--queue-bypass")}${fanout}`;
  },
  forks: `with \`--queue-bypass\`, ${factWords("nfqueue")}`,
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
