import { formatAddress, masked, maskOf } from "../../model/address.ts";
import { FLAG, number, parseAddressOf, word } from "../codecs.ts";
import { type Draw, maybe, not } from "../draw.ts";
import { recentCheck, recentRemove, recentSet } from "../recent-table.ts";
import { type Args, type MatchResult, match, type PacketContext } from "../spec.ts";

const MAX_HITS = 65_535;
/** What iptables keeps of a name (XT_RECENT_NAME_LEN). */
const LONGEST_NAME = 199;

const options = {
  set: { flag: "--set", codec: FLAG, negatable: true },
  rcheck: { flag: "--rcheck", codec: FLAG, negatable: true },
  update: { flag: "--update", codec: FLAG, negatable: true },
  remove: { flag: "--remove", codec: FLAG, negatable: true },
  seconds: { flag: "--seconds", codec: number(1, 0xffffffff) },
  reap: { flag: "--reap", codec: FLAG },
  hitcount: { flag: "--hitcount", codec: number(0, MAX_HITS) },
  rttl: { flag: "--rttl", codec: FLAG },
  name: {
    flag: "--name",
    codec: word(
      "a list name",
      (text) => /^[^/]+$/.exec(text)?.[0].slice(0, LONGEST_NAME),
      (name) => name,
    ),
  },
  mask: { flag: "--mask", codec: word("an address mask", parseAddressOf, formatAddress) },
  rsource: { flag: "--rsource", codec: FLAG },
  rdest: { flag: "--rdest", codec: FLAG },
} as const;

type RecentArgs = Args<typeof options>;
const GIVEN = { value: true, not: false } as const;

function actionOf(args: RecentArgs): "set" | "rcheck" | "update" | "remove" | undefined {
  const given = (["set", "rcheck", "update", "remove"] as const).filter((name) => args[name] !== undefined);
  return given.length === 1 ? given[0] : undefined;
}

function canonical(args: RecentArgs, family: 4 | 6): RecentArgs {
  return {
    ...args,
    name: args.name ?? { value: "DEFAULT", not: false },
    mask: args.mask ?? { value: maskOf(family, family === 4 ? 32 : 128), not: false },
    rsource: args.rdest ? undefined : GIVEN,
    hitcount: args.hitcount?.value === 0 ? undefined : args.hitcount,
  };
}

function check(args: RecentArgs): string | undefined {
  const action = actionOf(args);
  if (action === undefined) return "recent needs exactly one of --set, --rcheck, --update, --remove";
  if ((action === "set" || action === "remove") && (args.seconds || args.hitcount || args.rttl || args.reap)) {
    return `--${action} goes without --seconds, --hitcount, --rttl and --reap`;
  }
  return args.reap && !args.seconds ? "--reap needs --seconds" : undefined;
}

/** xt_recent.c, recent_mt. */
function recentMatch(args: RecentArgs, context: PacketContext): MatchResult {
  const not = [args.set, args.rcheck, args.update, args.remove].some((option) => option?.not);
  const { src, dst, family } = context.packet;
  const address = masked(args.rdest ? dst : src, args.mask?.value ?? maskOf(family, family === 4 ? 32 : 128));
  // A forwarded packet that already lost a hop counts with the TTL that it came with.
  const hops = context.out !== "" && context.local !== true ? 1 : 0;
  const entry = {
    context,
    list: `${context.netns}:${args.name?.value ?? "DEFAULT"}`,
    address: formatAddress(address),
    ttl: (context.packet.ttl + hops) & 0xff,
    compareTtl: args.rttl !== undefined,
  };
  switch (actionOf(args)) {
    case "set":
      return recentSet(entry) !== not;
    case "remove":
      return recentRemove(entry) !== not;
    default: {
      const asked = { seconds: args.seconds?.value ?? 0, hits: args.hitcount?.value ?? 0, reap: args.reap !== undefined };
      return recentCheck(entry, { ...asked, update: args.update !== undefined, not });
    }
  }
}

/** Whether another rule names the same list with another mask: that of the rule that was loaded first holds for all (recent_mt_check). */
function isDisputed(args: RecentArgs, context: PacketContext): boolean {
  const family = context.packet.family;
  const { name, mask } = canonical(args, family);
  const others = ((context.uses?.("recent") ?? []) as readonly RecentArgs[]).map((other) => canonical(other, family));
  return others.some((other) => other.name?.value === name?.value && other.mask?.value !== mask?.value);
}

function explain(args: RecentArgs): string {
  const who = `${args.rdest ? "destination" : "source"} address`;
  const list = `list ${args.name?.value ?? "DEFAULT"}`;
  const not = [args.set, args.rcheck, args.update, args.remove].some((option) => option?.not) ? "not " : "";
  if (args.set) return `${not}${who} entered in ${list}`;
  if (args.remove) return `${not}${who} removed from ${list}`;
  const hits = args.hitcount?.value ? ` at least ${args.hitcount.value} times` : "";
  const span = args.seconds ? ` within ${args.seconds.value} seconds` : "";
  return `${not}${who} in ${list}${hits}${span}${args.update ? ", seen again" : ""}`;
}

function drawRecent(d: Draw): string {
  // Most rules share a list, so that one finds what another one wrote.
  const list = d.chance(6) ? d.name("list") : d.pick(["DEFAULT", "seen"]);
  const masks = d.family === 4 ? ["255.255.255.0", "0.0.0.0", "255.255.0.255"] : ["ffff:ffff::", "::", "ffff::ffff"];
  const full = formatAddress(maskOf(d.family, d.family === 4 ? 32 : 128));
  // Of a list with several masks nothing is known.
  const mask = d.chance(40) || list === "seen" ? masks[0] : list === "DEFAULT" ? full : d.pick(masks);
  const where = `--name ${list} --mask ${mask} ${d.pick(["--rsource", "--rsource", "--rdest"])}`;
  if (d.chance(2)) return `-m recent ${not(d)}${d.pick(["--set", "--set", "--remove"])} ${where}`;
  const seconds = maybe(d, 2, `--seconds ${d.pick([1, 60, 3600])}${maybe(d, 6, "--reap")}`);
  const hits = maybe(d, 2, `--hitcount ${d.chance(12) ? 255 : d.integer(1, 4)}`);
  return `-m recent ${not(d)}${d.pick(["--rcheck", "--update"])}${seconds}${hits}${maybe(d, 5, "--rttl")} ${where}`;
}

const recent = match({
  name: "recent",
  shared: true,
  options,
  canonical,
  check,
  explain,
  compile: (args) => {
    let disputed: boolean | undefined;
    return (context) => {
      disputed ??= isDisputed(args, context);
      if (disputed)
        return { unknown: `which of the rules that give list ${args.name?.value ?? "DEFAULT"} different masks was there first` };
      return recentMatch(args, context);
    };
  },
  draw: drawRecent,
  forks: "which of several rules that give one list different masks was there first",
  doc: "Lists of addresses that were seen lately; a replay begins with empty lists.",
  examples: [
    {
      rule: "-m recent --set",
      saved: "-m recent --set --name DEFAULT --mask 255.255.255.255 --rsource",
      says: "source address entered in list DEFAULT",
    },
    {
      rule: "-m recent --update --seconds 60 --hitcount 4 --rttl --name ssh --rdest",
      saved: "-m recent --update --seconds 60 --hitcount 4 --rttl --name ssh --mask 255.255.255.255 --rdest",
      says: "destination address in list ssh at least 4 times within 60 seconds, seen again",
    },
    { rule: "-m recent ! --rcheck --name bad --mask 255.255.255.0 --rsource", says: "not source address in list bad" },
  ],
});

export const specs = [recent];
