import type { Negatable } from "../../model/rule.ts";
import { FLAG, parseRange, type Range, saveRange, word } from "../codecs.ts";
import { says } from "../condition.ts";
import { maybe, not, some } from "../draw.ts";
import { rangeWords } from "../ports.ts";
import { match } from "../spec.ts";

const ID = word<Range | string>(
  "a number, a range (a-b) or a name",
  (text) => (text === "root" ? [0, 0] : (parseRange(text, 0xfffffffe, "-") ?? (/^[a-z_][\w.-]*\$?$/i.test(text) ? text : undefined))),
  (id) => (typeof id === "string" ? id : saveRange(id, "-")),
);

function idWords(id: Range | string): string {
  return typeof id === "string" ? id : rangeWords(id);
}

/** xt_owner.c, owner_mt: a packet without a local socket matches only where everything asked for is negated. */
const owner = match({
  name: "owner",
  hooks: ["OUTPUT", "POSTROUTING"],
  options: {
    socketExists: { flag: "--socket-exists", codec: FLAG, negatable: true },
    uid: { flag: "--uid-owner", codec: ID, negatable: true },
    gid: { flag: "--gid-owner", codec: ID, negatable: true },
    supplGroups: { flag: "--suppl-groups", codec: FLAG },
  },
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
  compile: (args) => (context) => {
    if (context.frameType === "outgoing") return { unknown: "the owner of the local socket" };
    return [args.socketExists, args.uid, args.gid].every((option: Negatable<unknown> | undefined) => option === undefined || option.not);
  },
  // A capture does not show whose socket sent a packet: few rules should ask for it.
  draw: (d) => {
    if (!d.chance(30)) return undefined;
    const id = () => d.pick(["0", "1000", "0-10", "1-4294967294"]);
    const group = `${not(d)}--gid-owner ${id()}${maybe(d, 3, "--suppl-groups")}`;
    return `-m owner ${some(d, [`${not(d)}--socket-exists`, `${not(d)}--uid-owner ${id()}`, group])}`;
  },
  doc: "User and group of the local socket that sent the packet; a capture does not show it.",
  examples: [
    { rule: "-m owner --uid-owner root", saved: "-m owner --uid-owner 0", says: "sent by user 0" },
    { rule: "-m owner ! --uid-owner 0-10 --gid-owner 5", says: "not sent by user 0 to 10, sent by group 5" },
  ],
});

export const specs = [owner];
