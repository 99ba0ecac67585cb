import { FLAG, number, word } from "../codecs.ts";
import { says } from "../condition.ts";
import { not } from "../draw.ts";
import { type Args, type MatchResult, match, type PacketContext } from "../spec.ts";

const MAX_BIT = 127;
const NUMBER = number(0, MAX_BIT);

/** A label's number, or a name that only the host's connlabel.conf resolves. */
const LABEL = word<number | string>(
  `a label's number from 0 to ${MAX_BIT}, or its name`,
  (text) => NUMBER.parse([text]) ?? (/^\D/.test(text) ? text : undefined),
  (label) => `"${label}"`,
);

const options = {
  label: { flag: "--label", codec: LABEL, negatable: true, required: true },
  set: { flag: "--set", codec: FLAG },
} as const;

/** xt_connlabel.c, connlabel_mt: with --set a label that is not there is set, and then matches; a template has no room for any. */
function labelMatch(args: Args<typeof options>, { connection, cells }: PacketContext): MatchResult {
  const inverted = args.label?.not === true;
  if (!connection || connection.template) return inverted;
  const key = `connlabel:${connection.id}:${args.label?.value}`;
  const known = cells.get<boolean>(key);
  if (known === true) return !inverted;
  if (args.set) {
    cells.set(key, true);
    return !inverted;
  }
  if (known === undefined && connection.older) return { unknown: "the labels of the connection, which is older than the capture" };
  return inverted;
}

const connlabel = match({
  name: "connlabel",
  options,
  explain: (args) => says(args.label, (label) => `connection ${args.set ? "that gets, or has," : "with"} label ${label}`).join(""),
  fickle: () => true,
  compile: (args) => (context) => labelMatch(args, context),
  draw: (d) => `-m connlabel ${not(d)}--label "${d.integer(0, 3)}"${d.chance(3) ? " --set" : ""}`,
  forks: "the labels of connections that are older than the capture",
  doc: "Labels of the connection; it can also set one.",
  examples: [
    { rule: '-m connlabel --label "40"', says: "connection with label 40" },
    {
      rule: "-m connlabel ! --label 0x29 --set",
      saved: '-m connlabel ! --label "41" --set',
      says: "not connection that gets, or has, label 41",
    },
  ],
});

export const specs = [connlabel];
