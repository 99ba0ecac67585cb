import type { Rule } from "../../model/rule.ts";
import { escaped } from "../host-place.ts";
import type { LintRule } from "../lint-rule.ts";
import { chainsOf, placeOfWords } from "../linted-rules.ts";

/** The sets that a rule looks into, or adds to. */
function setsOf({ matches, target }: Rule): readonly string[] {
  const uses = [
    ...matches.filter(({ name }) => name === "set"),
    ...(target?.kind === "extension" && target.name === "SET" ? [target] : []),
  ];
  const asks = new Set(["--match-set", "--add-set", "--del-set", "--map-set", "--set"]);
  return uses.flatMap(({ words }) => words.flatMap((word, i) => (asks.has(words[i - 1] ?? "") ? word : [])));
}

/** Rules about sets that there are not. */
export const rule: LintRule = {
  id: "NT061",
  name: "missing-set",
  severity: "error",
  group: "host",
  summary: "A rule names an ipset that the machine does not have.",
  why: `iptables-restore refuses the whole table then ("Set … doesn't exist"), so that the rules from before stay, or, after a boot, there are none at all.
Sets have to be restored before the rules (ipset restore).`,
  exceptions: `Nothing is said where the snapshot has no list of sets (ipset-save.txt).`,
  bad: {
    "iptables-save.txt": `*filter
:INPUT ACCEPT [0:0]
-A INPUT -m set --match-set blocklist src -j DROP
#                           ^^^^^^^^^ NT061: There is no set blocklist
COMMIT
`,
    "ipset-save.txt": `create blacklist hash:net family inet hashsize 1024 maxelem 65536
add blacklist 198.51.100.0/24
`,
  },
  good: {
    "iptables-save.txt": `*filter
:INPUT ACCEPT [0:0]
-A INPUT -m set --match-set blocklist src -j DROP
COMMIT
`,
    "ipset-save.txt": `create blocklist hash:net family inet hashsize 1024 maxelem 65536
add blocklist 198.51.100.0/24
`,
  },
  *check({ rulesets, host }) {
    for (const rules of rulesets) {
      const sets = host?.namespaces.get(rules.netns ?? "")?.sets;
      if (!sets) continue;
      const names = new Set(sets.map(({ name }) => name));
      const told = new Set<string>();
      for (const { chain } of chainsOf(rules)) {
        for (const rule of chain.rules) {
          for (const name of setsOf(rule)) {
            if (names.has(name) || told.has(name)) continue;
            told.add(name);
            yield {
              ...placeOfWords(rules, rule.line, new RegExp(`(?<=-set\\s+)${escaped(name)}(?=\\s|$)`)),
              message: `There is no set ${name}: iptables-restore refuses the table.`,
            };
          }
        }
      }
    }
  },
};
