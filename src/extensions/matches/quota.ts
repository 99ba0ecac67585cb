import { word } from "../codecs.ts";
import { says } from "../condition.ts";
import { not } from "../draw.ts";
import { type Args, match, type PacketContext } from "../spec.ts";

const MAX = 2n ** 64n - 1n;

const OCTETS = word<bigint>(
  "a number of octets",
  (text) => {
    if (!/^(0[xX][0-9a-fA-F]+|\d+)$/.test(text)) return undefined;
    const octal = /^0[0-7]+$/.test(text);
    if (!octal && /^0\d/.test(text)) return undefined;
    const value = BigInt(octal ? `0o${text}` : text);
    return value <= MAX ? value : undefined;
  },
  String,
);

const options = { quota: { flag: "--quota", codec: OCTETS, negatable: true, required: true } } as const;

/** xt_quota.c, quota_mt: the first packet that is more than what is left uses it up. */
function quotaMatch(args: Args<typeof options>, context: PacketContext): boolean {
  const key = `quota:${context.ruleKey}`;
  const left = context.cells.get<bigint>(key) ?? args.quota?.value ?? 0n;
  const octets = BigInt(context.packet.length);
  const enough = left >= octets;
  context.cells.set(key, enough ? left - octets : 0n);
  return enough !== (args.quota?.not === true);
}

const quota = match({
  name: "quota",
  shared: true,
  options,
  explain: (args) => says(args.quota, (octets) => `quota of ${octets} octets`).join(""),
  compile: (args) => (context) => quotaMatch(args, context),
  draw: (d) => `-m quota ${not(d)}--quota ${d.chance(4) ? d.pick([0, MAX]) : d.integer(1, 12) * 40}`,
  doc: "So many octets, and then no more; the first packet finds the quota unused.",
  examples: [
    { rule: "-m quota --quota 0x10", saved: "-m quota --quota 16", says: "quota of 16 octets" },
    { rule: "-m quota ! --quota 18446744073709551615", says: "not quota of 18446744073709551615 octets" },
  ],
});

export const specs = [quota];
