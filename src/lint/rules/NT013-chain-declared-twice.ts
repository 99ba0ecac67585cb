import type { LintRule } from "../lint-rule.ts";
import { placeOf, relatedLine } from "../linted-rules.ts";

/** Two lines that declare one chain. */
export const rule: LintRule = {
  id: "NT013",
  name: "chain-declared-twice",
  severity: "error",
  group: "structure",
  summary: "A chain is declared twice in its table.",
  why: `iptables-legacy-restore refuses the file ("error creating chain: File exists"), and the table is not loaded. iptables-nft-restore takes it. For a built-in chain both take it, and the
second policy counts.`,
  exceptions: "None; for a built-in chain with the same policy both times it is a hint.",
  bad: `*filter
:INPUT DROP [0:0]
:SSH - [0:0]
:SSH - [0:0]
#^^^ NT013: The chain SSH is declared in line 3 already
-A INPUT -p tcp --dport 22 -j SSH
-A SSH -s 192.0.2.0/24 -j ACCEPT
COMMIT
`,
  good: `*filter
:INPUT DROP [0:0]
:SSH - [0:0]
-A INPUT -p tcp --dport 22 -j SSH
-A SSH -s 192.0.2.0/24 -j ACCEPT
COMMIT
`,
  *check({ rulesets }) {
    for (const rules of rulesets) {
      let declared = new Map<string, { readonly line: number; readonly policy: string }>();
      for (const [index, text] of rules.lines.entries()) {
        if (/^\s*\*/.test(text)) declared = new Map();
        const [, name, policy = "-"] = /^\s*:(\S+)\s+(\S+)/.exec(text) ?? [];
        if (name === undefined) continue;
        const before = declared.get(name);
        declared.set(name, { line: index + 1, policy });
        if (!before) continue;
        const userDefined = policy === "-";
        const other = !userDefined && policy !== before.policy;
        const consequence = userDefined ? "iptables-legacy-restore refuses the file" : `the policy ${policy} counts`;
        yield {
          ...placeOf(rules, index + 1),
          message: `The chain ${name} is declared in line ${before.line} already: ${consequence}.`,
          ...(!userDefined && { severity: other ? ("warning" as const) : ("hint" as const) }),
          related: [relatedLine(rules, before.line, "the first declaration")],
        };
      }
    }
  },
};
