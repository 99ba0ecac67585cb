import { number } from "../codecs.ts";
import { holds, says } from "../condition.ts";
import { drawHops } from "../hop-limit.ts";
import { match } from "../spec.ts";

const OCTET = number(0, 255);

/** xt_hl.c, hl_mt6. */
const hl = match({
  name: "hl",
  families: [6],
  options: {
    eq: { flag: "--hl-eq", aliases: ["--hl"], codec: OCTET, negatable: true },
    lt: { flag: "--hl-lt", codec: OCTET },
    gt: { flag: "--hl-gt", codec: OCTET },
  },
  check: (args) =>
    [args.eq, args.lt, args.gt].filter((option) => option).length === 1 ? undefined : "hl needs exactly one of --hl-eq, --hl-lt, --hl-gt",
  explain: (args) =>
    [
      ...says(args.eq, (n) => `hop limit ${n}`),
      ...says(args.lt, (n) => `hop limit below ${n}`),
      ...says(args.gt, (n) => `hop limit above ${n}`),
    ].join(", "),
  compile:
    (args) =>
    ({ packet }) =>
      holds(args.eq, (n) => packet.ttl === n) && holds(args.lt, (n) => packet.ttl < n) && holds(args.gt, (n) => packet.ttl > n),
  draw: (d) => `-m hl ${drawHops(d, "--hl")}`,
  doc: "Hop limit of an IPv6 packet.",
  examples: [
    { rule: "-m hl --hl 5", saved: "-m hl --hl-eq 5", says: "hop limit 5" },
    { rule: "-m hl ! --hl-eq 64", says: "not hop limit 64" },
    { rule: "-m hl --hl-lt 5", says: "hop limit below 5" },
  ],
});

export const specs = [hl];
