import { FLAG, word } from "../codecs.ts";
import { maybe, not } from "../draw.ts";
import { askSet } from "../ipset/named.ts";
import { drawSetUse, SET_USE } from "../set-words.ts";
import { type Args, type MatchResult, match, type PacketContext } from "../spec.ts";

const COUNT = word("a number", (text) => (/^\d{1,20}$/.test(text) ? BigInt(text) : undefined), String);

const options = {
  set: { flag: "--match-set", codec: SET_USE, negatable: true, required: true },
  returnNomatch: { flag: "--return-nomatch", codec: FLAG },
  updateCounters: { flag: "--update-counters", codec: FLAG, negatable: true },
  updateSubcounters: { flag: "--update-subcounters", codec: FLAG, negatable: true },
  packetsEq: { flag: "--packets-eq", codec: COUNT, negatable: true },
  packetsLt: { flag: "--packets-lt", codec: COUNT },
  packetsGt: { flag: "--packets-gt", codec: COUNT },
  bytesEq: { flag: "--bytes-eq", codec: COUNT, negatable: true },
  bytesLt: { flag: "--bytes-lt", codec: COUNT },
  bytesGt: { flag: "--bytes-gt", codec: COUNT },
} as const;

function asksCounters(args: Args<typeof options>): boolean {
  return [args.packetsEq, args.packetsLt, args.packetsGt, args.bytesEq, args.bytesLt, args.bytesGt].some((option) => option);
}

/** xt_set.c, set_match_v4. */
function setMatch(args: Args<typeof options>, context: PacketContext): MatchResult {
  if (!args.set) return false;
  const { name, directions } = args.set.value;
  const answer = askSet(name, directions, args.returnNomatch !== undefined, context);
  if (answer.kind === "unknown") return { unknown: answer.needs };
  const counted = answer.kind === "match" && asksCounters(args) && context.sets?.get(name)?.options.has("counters");
  return counted ? { unknown: `the counters of the member of set ${name}` } : (answer.kind === "match") !== args.set.not;
}

/** Updates are what happens anyway, so that only their absence is saved (libxt_set.c). */
function canonical(args: Args<typeof options>): Args<typeof options> {
  const { updateCounters, updateSubcounters } = args;
  return {
    ...args,
    updateCounters: updateCounters?.not ? updateCounters : undefined,
    updateSubcounters: updateSubcounters?.not ? updateSubcounters : undefined,
  };
}

function check(args: Args<typeof options>): string | undefined {
  const several = (...given: readonly unknown[]) => given.filter((option) => option !== undefined).length > 1;
  if (several(args.packetsEq, args.packetsLt, args.packetsGt)) return "only one of --packets-eq, --packets-lt and --packets-gt is possible";
  if (several(args.bytesEq, args.bytesLt, args.bytesGt)) return "only one of --bytes-eq, --bytes-lt and --bytes-gt is possible";
  return undefined;
}

const set = match({
  name: "set",
  options,
  check,
  canonical,
  explain: (args) =>
    `${args.set?.not ? "not " : ""}in set ${args.set?.value.name ?? ""}${args.returnNomatch ? " as a nomatch member" : ""}`,
  compile: (args) => (context) => setMatch(args, context),
  draw: (d) => {
    const use = drawSetUse(d);
    if (use === undefined) return undefined;
    const flags = `${maybe(d, 6, "--return-nomatch")}${maybe(d, 6, "! --update-counters")}${maybe(d, 6, "! --update-subcounters")}`;
    // Counters that a set was saved with are not followed: few rules should ask for them.
    const what = d.pick(["packets", "bytes"]);
    const counted = d.pick([`${not(d)}--${what}-eq`, `--${what}-lt`, `--${what}-gt`]);
    return `-m set ${not(d)}--match-set ${use}${flags}${maybe(d, 30, `${counted} ${d.integer(0, 100)}`)}`;
  },
  doc: "Membership of addresses, ports and devices in an ipset.",
  examples: [
    { rule: "-m set ! --match-set blocklist src", says: "not in set blocklist" },
    { rule: "-m set --match-set services dst,dst", says: "in set services" },
    { rule: "-m set --match-set a src --return-nomatch ! --update-counters --packets-gt 5", says: "in set a as a nomatch member" },
  ],
});

export const specs = [set];
