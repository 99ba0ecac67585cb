import { factWords, unlessAssumed } from "../assumption.ts";
import { FLAG, parseRange, type Range, saveRange, word } from "../codecs.ts";
import { holds, says } from "../condition.ts";
import { maybe, not, some } from "../draw.ts";
import { rangeWords, within } from "../ports.ts";
import { type Args, type MatchResult, match, type PacketContext } from "../spec.ts";

const ID = word<Range | string>(
  "a number, a range (a-b) or a name",
  (text) => (text === "root" ? [0, 0] : (parseRange(text, 0xfffffffe, "-") ?? (/^[a-z_][\w.-]*\$?$/i.test(text) ? text : undefined))),
  (id) => (typeof id === "string" ? id : saveRange(id, "-")),
);

function idWords(id: Range | string): string {
  return typeof id === "string" ? id : rangeWords(id);
}

const options = {
  socketExists: { flag: "--socket-exists", codec: FLAG, negatable: true },
  uid: { flag: "--uid-owner", codec: ID, negatable: true },
  gid: { flag: "--gid-owner", codec: ID, negatable: true },
  supplGroups: { flag: "--suppl-groups", codec: FLAG },
} as const;

function is(id: Range | string, assumed: string): boolean {
  return typeof id === "string" ? id === assumed : within(Number(assumed), id);
}

/** xt_owner.c, owner_mt: a packet without a local socket matches only where everything asked for is negated, which --suppl-groups cannot be. */
function ownerMatch(args: Args<typeof options>, context: PacketContext): MatchResult {
  const { socketExists, uid, gid, supplGroups } = args;
  if (context.local !== true) return [socketExists, uid, gid, supplGroups].every((option) => option === undefined || option.not);
  const owned = (["owner.uid", "owner.gid"] as const).some((key) => context.assume?.(key) !== undefined);
  const parts: readonly (() => MatchResult)[] = [
    () =>
      !socketExists ||
      (owned ? !socketExists.not : unlessAssumed(context, "owner.socket", (value) => (value === "yes") !== socketExists.not)),
    () => !uid || unlessAssumed(context, "owner.uid", (value) => holds(uid, (id) => is(id, value))),
    () => !gid || unlessAssumed(context, "owner.gid", (value) => holds(gid, (id) => is(id, value))),
  ];
  const results = parts.map((part) => part());
  return results.includes(false) ? false : (results.find((result) => result !== true) ?? true);
}

const owner = match({
  name: "owner",
  hooks: ["OUTPUT", "POSTROUTING"],
  options,
  check: (args) => {
    const given = Object.keys(args);
    if (args.supplGroups && (!args.gid || given.indexOf("gid") > given.indexOf("supplGroups"))) {
      return "--suppl-groups needs --gid-owner before it";
    }
    return args.socketExists || args.uid || args.gid ? undefined : "owner needs at least one option";
  },
  explain: (args) =>
    [
      ...says(args.socketExists, () => "sent by a local socket"),
      ...says(args.uid, (id) => `sent by user ${idWords(id)}`),
      ...says(args.gid, (id) => `sent by group ${idWords(id)}`),
    ].join(", "),
  compile: (args) => (context) => ownerMatch(args, context),
  // A capture does not show whose socket sent a packet: few rules should ask for it.
  draw: (d) => {
    if (!d.chance(30)) return undefined;
    const id = () => d.pick(["0", "1000", "0-10", "1-4294967294"]);
    const group = `${not(d)}--gid-owner ${id()}${maybe(d, 3, "--suppl-groups")}`;
    return `-m owner ${some(d, [`${not(d)}--socket-exists`, `${not(d)}--uid-owner ${id()}`, group])}`;
  },
  forks: factWords("owner.socket", "owner.uid", "owner.gid"),
  doc: "User and group of the local socket that sent the packet; a capture does not show it.",
  examples: [
    { rule: "-m owner --uid-owner root", saved: "-m owner --uid-owner 0", says: "sent by user 0" },
    { rule: "-m owner ! --uid-owner 0-10 --gid-owner 5", says: "not sent by user 0 to 10, sent by group 5" },
  ],
});

export const specs = [owner];
