import { number } from "../codecs.ts";
import { holds, says } from "../condition.ts";
import { drawHops } from "../hop-limit.ts";
import { match } from "../spec.ts";

const OCTET = number(0, 255);

/** xt_hl.c, ttl_mt. */
const ttl = match({
  name: "ttl",
  families: [4],
  options: {
    eq: { flag: "--ttl-eq", aliases: ["--ttl"], codec: OCTET, negatable: true },
    lt: { flag: "--ttl-lt", codec: OCTET },
    gt: { flag: "--ttl-gt", codec: OCTET },
  },
  check: (args) =>
    [args.eq, args.lt, args.gt].filter((option) => option).length === 1
      ? undefined
      : "ttl needs exactly one of --ttl-eq, --ttl-lt, --ttl-gt",
  explain: (args) =>
    [...says(args.eq, (n) => `TTL ${n}`), ...says(args.lt, (n) => `TTL below ${n}`), ...says(args.gt, (n) => `TTL above ${n}`)].join(", "),
  compile:
    (args) =>
    ({ packet }) =>
      holds(args.eq, (n) => packet.ttl === n) && holds(args.lt, (n) => packet.ttl < n) && holds(args.gt, (n) => packet.ttl > n),
  draw: (d) => `-m ttl ${drawHops(d, "--ttl")}`,
  doc: "Time to live of an IPv4 packet.",
  examples: [
    { rule: "-m ttl --ttl 5", saved: "-m ttl --ttl-eq 5", says: "TTL 5" },
    { rule: "-m ttl ! --ttl-eq 64", says: "not TTL 64" },
    { rule: "-m ttl --ttl-lt 5", says: "TTL below 5" },
  ],
});

export const specs = [ttl];
