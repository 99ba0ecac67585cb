import { TCP_FLAG } from "../../model/packet.ts";
import { factWords, unlessAssumed } from "../assumption.ts";
import { number, word } from "../codecs.ts";
import { says } from "../condition.ts";
import { type Draw, maybe, not, over } from "../draw.ts";
import { type Args, type MatchResult, match, type PacketContext } from "../spec.ts";
import { headerOf } from "../transport.ts";

/** What iptables keeps of a name (MAXGENRELEN). */
const LONGEST = 31;

const GENRE = word<string>(
  "the name of an operating system",
  (text) => (text === "" ? undefined : text.slice(0, LONGEST)),
  (genre) => genre,
);

const options = {
  genre: { flag: "--genre", codec: GENRE, negatable: true, required: true },
  ttl: { flag: "--ttl", codec: number(0, 2) },
  log: { flag: "--log", codec: number(0, 2) },
} as const;

/** xt_osf.c, xt_osf_match_packet: only a SYN has a fingerprint; those that it is held against are loaded into the kernel by hand. */
function osfMatch(args: Args<typeof options>, context: PacketContext): MatchResult {
  const found = headerOf(context, "tcp");
  if (found.kind === "missing") return found.result === "hotdrop" ? false : found.result;
  if ((found.header.flags & TCP_FLAG.SYN) === 0) return false;
  const { value: genre = "", not: negated = false } = args.genre ?? {};
  return unlessAssumed(context, "osf.genre", (value) => (value.toLowerCase() === genre.toLowerCase()) !== negated);
}

// The fingerprints are not part of a snapshot: few rules should ask for them.
function drawOsf(d: Draw): string | undefined {
  if (!over(d, "tcp") || !d.chance(6)) return undefined;
  return `-m osf ${not(d)}--genre ${d.pick(["Linux", "Windows", "unknown"])}${maybe(d, 2, `--ttl ${d.integer(0, 2)}`)}`;
}

const osf = match({
  name: "osf",
  families: [4],
  hooks: ["PREROUTING", "INPUT", "FORWARD"],
  options,
  explain: (args) => says(args.genre, (genre) => `SYN of an operating system like ${genre}`).join(""),
  compile: (args) => (context) => osfMatch(args, context),
  draw: drawOsf,
  forks: factWords("osf.genre"),
  doc: "The operating system that a TCP SYN looks like, by fingerprints that are loaded into the kernel.",
  examples: [
    {
      rule: "-p tcp -m osf --log 0 --ttl 2 --genre Linux",
      saved: "-p tcp -m osf --genre Linux --ttl 2 --log 0",
      says: "SYN of an operating system like Linux",
    },
    { rule: "-p tcp -m osf ! --genre Windows", says: "not SYN of an operating system like Windows" },
  ],
});

export const specs = [osf];
