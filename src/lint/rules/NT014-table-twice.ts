import type { LintRule } from "../lint-rule.ts";
import { placeOf, relatedLine } from "../linted-rules.ts";
import { tableStarts } from "../table-starts.ts";

/** Two parts of a file for one table. */
export const rule: LintRule = {
  id: "NT014",
  name: "table-twice",
  severity: "warning",
  group: "structure",
  summary: "A table begins twice in one file, and the second time empties it.",
  why: `iptables-restore flushes a table when it comes to its \`*\` line, unless it is run with --noflush. Of two parts for one table only the second stays: the rules of the first one are loaded
and gone a moment later. Files that were made by putting several together look like this.`,
  exceptions: "Files for `iptables-restore --noflush`. The other rules look at the last part only.",
  bad: `*filter
:INPUT DROP [0:0]
-A INPUT -i lo -j ACCEPT
COMMIT
*filter
#^^^ NT014: The table filter begins in line 1 already
:INPUT DROP [0:0]
-A INPUT -p tcp --dport 22 -j ACCEPT
COMMIT
`,
  good: `*filter
:INPUT DROP [0:0]
-A INPUT -i lo -j ACCEPT
-A INPUT -p tcp --dport 22 -j ACCEPT
COMMIT
*nat
:PREROUTING ACCEPT [0:0]
COMMIT
`,
  *check({ rulesets }) {
    for (const rules of rulesets) {
      const first = new Map<string, number>();
      for (const { name, line } of tableStarts(rules)) {
        const before = first.get(name);
        if (before === undefined) first.set(name, line);
        else {
          yield {
            ...placeOf(rules, line),
            message: `The table ${name} begins in line ${before} already: without --noflush, iptables-restore throws away here what stood there.`,
            related: [relatedLine(rules, before, `lost when line ${line} is read`)],
          };
        }
      }
    }
  },
};
