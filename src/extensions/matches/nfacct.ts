import { factWords, unlessAssumed } from "../assumption.ts";
import { word } from "../codecs.ts";
import { says } from "../condition.ts";
import { match } from "../spec.ts";

const NAME = word<string>(
  "the name of an accounting object",
  (text) => (text.length > 0 && text.length < 32 ? text : undefined),
  // iptables 1.8.9 prints two blanks (libxt_nfacct.c, nfacct_save).
  (name) => ` ${name}`,
);

/** xt_nfacct.c, nfacct_mt: an object without a quota always matches, one with a quota when that is used up. */
const nfacct = match({
  name: "nfacct",
  options: { name: { flag: "--nfacct-name", codec: NAME, required: true } },
  explain: (args) => says(args.name, (name) => `counted by accounting object ${name}`).join(""),
  fickle: () => true,
  compile: () => (context) => unlessAssumed(context, "nfacct", (value) => value === "match"),
  // The object has to be there before the rule is.
  draw: () => undefined,
  forks: factWords("nfacct"),
  doc: "Counts the packet in an accounting object; matches unless that has a quota and is below it, which no snapshot shows.",
  examples: [
    {
      rule: "-m nfacct --nfacct-name http-traffic",
      saved: "-m nfacct --nfacct-name  http-traffic",
      says: "counted by accounting object http-traffic",
    },
    { rule: "-p tcp -m nfacct --nfacct-name x", saved: "-p tcp -m nfacct --nfacct-name  x", says: "counted by accounting object x" },
  ],
});

export const specs = [nfacct];
