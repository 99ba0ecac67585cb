import { choice, number, word } from "../codecs.ts";
import { says } from "../condition.ts";
import { not } from "../draw.ts";
import { type Args, type MatchResult, match, type PacketContext } from "../spec.ts";

/** xt_statistic.c keeps probabilities in 31 bits. */
const ONE = 0x80000000;

const PROBABILITY = word(
  "a number from 0 to 1",
  (text) => (/^(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?$/.test(text) && Number(text) <= 1 ? Math.round(Number(text) * ONE) : undefined),
  (share) => (share / ONE).toFixed(11),
);

const options = {
  mode: { flag: "--mode", codec: choice(["random", "nth"]), required: true },
  probability: { flag: "--probability", codec: PROBABILITY, negatable: true },
  every: { flag: "--every", codec: number(1, 0xffffffff), negatable: true },
  packet: { flag: "--packet", codec: number(0, 0xffffffff) },
} as const;

function random(args: Args<typeof options>): MatchResult {
  const share = args.probability?.value ?? 0;
  if (share >= ONE) return args.probability?.not !== true;
  if (share === 0) return args.probability?.not === true;
  return { unknown: `chance: the kernel decides with a probability of ${Number((share / ONE).toFixed(4))}` };
}

/** xt_statistic.c, statistic_mt: a counter per rule that starts so that packet number `--packet` (from 0) is the first to match. */
function nth(args: Args<typeof options>, context: PacketContext): boolean {
  const last = (args.every?.value ?? 1) - 1;
  const key = `statistic:${context.ruleKey}`;
  const before = context.cells.get<number>(key) ?? last - (args.packet?.value ?? 0);
  const now = before === last ? 0 : before + 1;
  context.cells.set(key, now);
  return (now === 0) !== (args.every?.not === true);
}

const statistic = match({
  name: "statistic",
  shared: { among: (args) => args.mode?.value === "nth" },
  options,
  check: (args) => {
    if (args.mode?.value === "random") return args.probability ? undefined : "--mode random needs --probability";
    if (!args.every || !args.packet) return "--mode nth needs --every and --packet";
    return args.packet.value < args.every.value ? undefined : "--packet must be below --every";
  },
  explain: (args) =>
    args.mode?.value === "random"
      ? says(args.probability, (share) => `random with probability ${Number((share / ONE).toFixed(4))}`).join("")
      : says(args.every, (every) => `one in ${every} packets, from packet ${args.packet?.value ?? 0}`).join(""),
  fickle: () => true,
  compile: (args) => {
    if (args.mode?.value === "nth") return (context) => nth(args, context);
    const result = random(args);
    return () => result;
  },
  draw: (d) => {
    // Chance cannot be replayed: few rules should be left to it.
    if (d.chance(30)) return `-m statistic --mode random ${not(d)}--probability ${PROBABILITY.save(d.pick([0.5, 0.25, 1e-9]) * ONE)}`;
    if (d.chance(6)) return `-m statistic --mode random ${not(d)}--probability ${PROBABILITY.save(d.pick([0, ONE]))}`;
    const every = d.integer(1, 4);
    return `-m statistic --mode nth ${not(d)}--every ${every} --packet ${d.integer(0, every - 1)}`;
  },
  forks: "the random numbers of `--mode random`",
  doc: "Every nth packet, or packets at random; chance cannot be replayed.",
  examples: [
    {
      rule: "-m statistic --mode random --probability 0.5",
      saved: "-m statistic --mode random --probability 0.50000000000",
      says: "random with probability 0.5",
    },
    {
      rule: "-m statistic --mode random --probability 0.3333",
      saved: "-m statistic --mode random --probability 0.33330000006",
      says: "random with probability 0.3333",
    },
    { rule: "-m statistic --mode nth ! --every 5 --packet 2", says: "not one in 5 packets, from packet 2" },
  ],
});

export const specs = [statistic];
