import type { Negatable } from "../../model/rule.ts";
import { FLAG, word } from "../codecs.ts";
import { holds } from "../condition.ts";
import { maybe, not } from "../draw.ts";
import type { CounterTest } from "../ipset/counters.ts";
import type { Asking } from "../ipset/lookup.ts";
import { askSet, membershipWords } from "../ipset/named.ts";
import { drawSetUse, SET_USE, type SetUse } from "../set-words.ts";
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

/** The counters that are asked for; undefined where none is (ip_set_match_counter). */
function counterTest(args: Args<typeof options>): CounterTest | undefined {
  const test =
    (eq: Args<typeof options>["packetsEq"], lt: Args<typeof options>["packetsLt"], gt: Args<typeof options>["packetsGt"]) =>
    (count: bigint) =>
      holds(eq, (value) => count === value) && holds(lt, (value) => count < value) && holds(gt, (value) => count > value);
  const asked = [args.packetsEq, args.packetsLt, args.packetsGt, args.bytesEq, args.bytesLt, args.bytesGt].some((option) => option);
  if (!asked) return undefined;
  return { packets: test(args.packetsEq, args.packetsLt, args.packetsGt), bytes: test(args.bytesEq, args.bytesLt, args.bytesGt) };
}

/** xt_set.c, set_match_v4. */
function setMatch({ set, ...asking }: Asking & { readonly set: Negatable<SetUse> }, context: PacketContext): MatchResult {
  const { name } = set.value;
  const answer = askSet(name, asking, context);
  if (answer.kind === "unknown") return { unknown: answer.needs };
  context.remark?.(() => membershipWords(name, answer));
  return (answer.kind === "match") !== set.not;
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
  // Each look at a member moves its counters on (ip_set_core.c, ip_set_match_extensions).
  fickle: (args) => counterTest(args) !== undefined,
  compile: (args) => {
    if (!args.set) return () => false;
    const test = counterTest(args);
    const asking = {
      set: args.set,
      directions: args.set.value.directions,
      returnNomatch: args.returnNomatch !== undefined,
      counts: args.updateCounters?.not !== true,
      countsInside: args.updateSubcounters?.not !== true,
      ...(test && { test }),
    };
    return (context) => setMatch(asking, context);
  },
  draw: (d) => {
    const use = drawSetUse(d);
    if (use === undefined) return undefined;
    const flags = `${maybe(d, 6, "--return-nomatch")}${maybe(d, 6, "! --update-counters")}${maybe(d, 6, "! --update-subcounters")}`;
    const what = d.pick(["packets", "bytes"]);
    const counted = d.pick([`${not(d)}--${what}-eq`, `--${what}-lt`, `--${what}-gt`]);
    return `-m set ${not(d)}--match-set ${use}${flags}${maybe(d, 4, `${counted} ${d.integer(0, 100)}`)}`;
  },
  doc: "Membership of addresses, ports and devices in an ipset.",
  examples: [
    { rule: "-m set ! --match-set blocklist src", says: "not in set blocklist" },
    { rule: "-m set --match-set services dst,dst", says: "in set services" },
    { rule: "-m set --match-set a src --return-nomatch ! --update-counters --packets-gt 5", says: "in set a as a nomatch member" },
  ],
});

export const specs = [set];
