import { checkPrefixes, drawPrefixes, PREFIXES, prefixWords, translatePrefix } from "../prefix-translation.ts";
import { target } from "../spec.ts";

const snpt = target({
  name: "SNPT",
  does: "anything",
  families: [6],
  tables: ["mangle"],
  hooks: ["INPUT", "POSTROUTING"],
  options: PREFIXES,
  check: checkPrefixes,
  explain: (args) => `replace the source's prefix ${prefixWords(args)}`,
  compile: (args) => (context) => translatePrefix(args, "src", context),
  draw: (d) => `-j SNPT ${drawPrefixes(d, "src")}`,
  doc: "Replaces the prefix of the source without tracking connections and without changing checksums (RFC 6296).",
  examples: [
    {
      rule: "-j SNPT --src-pfx fd00:1:2::/48 --dst-pfx 2001:db8:1::/48",
      says: "replace the source's prefix fd00:1:2::/48 by 2001:db8:1::/48",
    },
    {
      rule: "-j SNPT --dst-pfx 2001:db8:1:2::/64 --src-pfx fd00::/ffff::",
      saved: "-j SNPT --src-pfx fd00::/16 --dst-pfx 2001:db8:1:2::/64",
      says: "replace the source's prefix fd00::/16 by 2001:db8:1:2::/64",
    },
  ],
});

export const specs = [snpt];
