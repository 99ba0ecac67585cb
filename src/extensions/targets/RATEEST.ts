import { word } from "../codecs.ts";
import { type Args, target } from "../spec.ts";

const NAME_SIZE = 15;
const SECOND = 1_000_000;
const QUARTER = SECOND / 4;
/** Doublings of a quarter of a second in the longest interval. */
const LONGEST = 5;
/** Doublings of the interval in the longest averaging time; iptables counts one more with a sign. */
const MOST = 29;

const UNITS: Readonly<Record<string, number>> = { u: 1, m: 1000 };

/** Microseconds, from a number with "s", "sec", "secs", "ms" … or "us" … behind it. */
function parseTime(text: string): number | undefined {
  const [, value = "", unit, prefix = ""] = /^((?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?)(([mu]?)s(?:ecs?)?)?$/i.exec(text) ?? [];
  if (value === "") return undefined;
  const factor = unit === undefined ? 1 : prefix === "" ? SECOND : (UNITS[prefix.toLowerCase()] ?? 1);
  return Math.floor(Number(value) * factor) % 2 ** 32;
}

function saveTime(time: number): string {
  if (time >= SECOND) return `${(time / SECOND).toFixed(1)}s`;
  return time >= 1000 ? `${(time / 1000).toFixed(1)}ms` : `${time}us`;
}

const TIME = word("a time (250ms, 2s)", parseTime, saveTime);

const options = {
  name: {
    flag: "--rateest-name",
    codec: word(
      "a name",
      (text) => text.slice(0, NAME_SIZE),
      (name) => name,
    ),
    required: true,
  },
  interval: { flag: "--rateest-interval", codec: TIME, required: true },
  average: { flag: "--rateest-ewmalog", codec: TIME, required: true },
} as const;

/** Doublings of a quarter of a second in the interval, and of the interval in the averaging time (libxt_RATEEST.c of iptables). */
function logarithms(args: Args<typeof options>): { readonly interval: number; readonly average: number } {
  const given = args.interval?.value ?? 0;
  let interval = 0;
  while (interval <= LONGEST && given > QUARTER * 2 ** interval) interval++;
  let average = 1;
  while (average <= MOST + 1 && given / -Math.log(1 - 2 ** -average) <= (args.average?.value ?? 0)) average++;
  return { interval, average: average - 1 };
}

function check(args: Args<typeof options>): string | undefined {
  const { interval, average } = logarithms(args);
  if (interval > LONGEST) return `--rateest-interval is at most ${saveTime(QUARTER * 2 ** LONGEST)}`;
  return average === 0 || average > MOST ? "--rateest-ewmalog does not fit --rateest-interval: it must be longer" : undefined;
}

function canonical(args: Args<typeof options>): Args<typeof options> {
  const { interval, average } = logarithms(args);
  const time = QUARTER * 2 ** interval;
  return {
    name: args.name,
    interval: { value: time, not: false },
    average: { value: (time * 2 ** average) % 2 ** 32, not: false },
  };
}

/** xt_RATEEST.c, xt_rateest_tg. */
const rateest = target({
  name: "RATEEST",
  does: "nothing",
  options,
  check,
  canonical,
  explain: (args) => `count for the rate estimator ${args.name?.value ?? ""}`,
  compile: () => () => ({ verdict: "CONTINUE" }),
  draw: (d) => {
    // Rules that share an estimator must agree about its times.
    const interval = d.pick(["250.0ms", "500.0ms", "1.0s", "2.0s", "8.0s"]);
    const average = d.pick(["16.0s", "64.0s", "512.0s"]);
    return `-j RATEEST --rateest-name ${d.name(`${Number.parseInt(interval, 10)}-${Number.parseInt(average, 10)}`)} --rateest-interval ${interval} --rateest-ewmalog ${average}`;
  },
  doc: "Counts the packet for a rate estimator, which the match rateest asks.",
  examples: [
    {
      rule: "-j RATEEST --rateest-name wan --rateest-interval 250ms --rateest-ewmalog 0.5s",
      saved: "-j RATEEST --rateest-name wan --rateest-interval 250.0ms --rateest-ewmalog 500.0ms",
      says: "count for the rate estimator wan",
    },
    {
      rule: "-j RATEEST --rateest-name a --rateest-interval 300msec --rateest-ewmalog 5secs",
      saved: "-j RATEEST --rateest-name a --rateest-interval 500.0ms --rateest-ewmalog 8.0s",
      says: "count for the rate estimator a",
    },
    {
      rule: "-j RATEEST --rateest-name a --rateest-interval 1s --rateest-ewmalog 1000s",
      saved: "-j RATEEST --rateest-name a --rateest-interval 1.0s --rateest-ewmalog 512.0s",
      says: "count for the rate estimator a",
    },
  ],
});

export const specs = [rateest];
