import { checkPrefixes, drawPrefixes, PREFIXES, prefixWords, translatePrefix } from "../prefix-translation.ts";
import { target } from "../spec.ts";

const dnpt = target({
  name: "DNPT",
  does: "anything",
  families: [6],
  tables: ["mangle"],
  hooks: ["PREROUTING", "OUTPUT"],
  options: PREFIXES,
  check: checkPrefixes,
  explain: (args) => `replace the destination's prefix ${prefixWords(args)}`,
  compile: (args) => (context) => translatePrefix(args, "dst", context),
  draw: (d) => `-j DNPT ${drawPrefixes(d, "dst")}`,
  doc: "Replaces the prefix of the destination without tracking connections and without changing checksums (RFC 6296).",
  examples: [
    {
      rule: "-j DNPT --src-pfx fd00:1:2::/48 --dst-pfx 2001:db8:1::/48",
      says: "replace the destination's prefix fd00:1:2::/48 by 2001:db8:1::/48",
    },
    {
      rule: "-j DNPT --dst-pfx 2001:db8:1:2::/64 --src-pfx fd00::/ffff::",
      saved: "-j DNPT --src-pfx fd00::/16 --dst-pfx 2001:db8:1:2::/64",
      says: "replace the destination's prefix fd00::/16 by 2001:db8:1:2::/64",
    },
  ],
});

export const specs = [dnpt];
