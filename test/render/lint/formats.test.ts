import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { DEFAULT_CONFIG } from "../../../src/lint/config.ts";
import { RULES } from "../../../src/lint/index.ts";
import { type LintReport, lint } from "../../../src/lint/run.ts";
import { lintGithub } from "../../../src/render/lint/github.ts";
import { lintGitlab } from "../../../src/render/lint/gitlab.ts";
import { lintJson } from "../../../src/render/lint/json.ts";
import { lintJunit } from "../../../src/render/lint/junit.ts";
import { pageText } from "../../../src/render/lint/page.ts";
import { lintSarif } from "../../../src/render/lint/sarif.ts";
import { lintTable } from "../../../src/render/lint/table.ts";
import { contextOf, linted } from "../../lint/example.ts";

const TEXT = `*filter
:INPUT ACCEPT [0:0]
:OLD - [0:0]
-A INPUT -i lo -j ACCEPT
-A INPUT -j DROP
[7:420] -A INPUT -p tcp -m tcp --dport 22 -m comment --comment "a<b & 50%, c:d" -j ACCEPT
COMMIT
`;
const STYLE = { width: 80, colour: false, ascii: false };

function reportOf(text: string, file: string): LintReport {
  return lint({ rulesets: [linted(text, file)], config: DEFAULT_CONFIG });
}

const REPORT = reportOf(TEXT, "etc/my rules,v4.txt");
const ALL = RULES.map((rule) => lint(contextOf(rule.bad)));

describe("table", () => {
  const lines = TEXT.split("\n");
  const table = (report: LintReport, style = STYLE) => [...lintTable(report, (_, line) => lines[line - 1] ?? "", style, 0.2)].join("");

  it("shows where, what, the lines as they are written, and how to learn more", () => {
    expect(table(reportOf(TEXT, "rules.txt"))).toBe(`rules.txt:3:1 hint NT008 unused-chain
  No rule jumps or goes to the chain OLD of the table filter.

  3 │ :OLD - [0:0]
    │ ^^^^^^^^^^^^
  Why this matters: nettrace lint --explain NT008

rules.txt:6:9 error NT012 unreachable-rule
  This rule can never match: line 5 drops every packet that gets there.

  5 │ -A INPUT -j DROP
    │ ────────────────
  6 │ [7:420] -A INPUT -p tcp -m tcp --dport 22 -m comment --comment "a<b & 50%…
    │         ${"^".repeat(66)}
  Why this matters: nettrace lint --explain NT012

1 error, 1 hint in 3 rules (0.2 s)
`);
  });

  it("has no character but ASCII where the terminal has none, and says so when nothing is found", () => {
    const text = table(reportOf(TEXT, "rules.txt"), { ...STYLE, ascii: true });
    expect([...text].filter((c) => c > "~")).toEqual([]);
    expect(table(reportOf("*filter\n:INPUT DROP [0:0]\nCOMMIT\n", "rules.txt"))).toBe("nothing found in 0 rules (0.2 s)\n");
  });

  it("does not let a ruleset speak to the terminal", () => {
    const control = String.fromCharCode(27);
    const text = table(
      reportOf(`*filter\n:INPUT ACCEPT [0:0]\n-A INPUT -j DROP\n-A INPUT -m comment --comment "${control}[2J" -j DROP\nCOMMIT\n`, "r"),
    );
    expect(text).toContain("·[2J");
    expect(text).not.toContain(control);
    const told = table(reportOf(`*filter\n:INPUT ACCEPT [0:0]\n-A INPUT --x${control}[2J -j DROP\nCOMMIT\n`, "r"));
    expect(told).toContain('Unknown flag "--x·[2J"');
    expect(told).not.toContain(control);
  });
});

describe("sarif", () => {
  // zod takes this format for that of whole URLs, which paths need not be.
  const relaxed = (key: string, value: unknown) => (key === "format" && value === "uri-reference" ? undefined : value);
  const schema = z.fromJSONSchema(JSON.parse(readFileSync("test/render/lint/sarif-2.1.0-rtm.5.json", "utf8"), relaxed));

  it("is valid by the schema of SARIF 2.1.0, for findings of every rule", () => {
    const seen = new Set(ALL.flatMap(({ findings }) => findings.map(({ rule }) => rule)));
    expect(RULES.map(({ id }) => id).filter((id) => !seen.has(id))).toEqual([]);
    for (const report of [REPORT, ...ALL]) {
      const log = JSON.parse(lintSarif(report, RULES, "1.2.3"));
      expect(schema.safeParse(log).error?.issues ?? []).toEqual([]);
      expect(schema.safeParse({ ...log, runs: [{ ...log.runs[0], results: [{ level: "bad" }] }] }).success).toBe(false);
    }
  });

  it("says where, how bad, what belongs to it and how to mend it", () => {
    const { runs } = JSON.parse(lintSarif(REPORT, RULES, "1.2.3"));
    const [hint, error] = runs[0].results;
    expect(hint).toMatchObject({ ruleId: "NT008", level: "note" });
    expect(runs[0].tool.driver.rules[error.ruleIndex].id).toBe("NT012");
    expect(error.locations[0].physicalLocation).toMatchObject({
      artifactLocation: { uri: "etc/my%20rules%2Cv4.txt", index: 0 },
      region: { startLine: 6, startColumn: 9, endColumn: 90 },
    });
    expect(error.relatedLocations[0].physicalLocation.region.startLine).toBe(5);
    expect(error.fixes[0].artifactChanges[0].replacements).toEqual([
      { deletedRegion: { startLine: 6, startColumn: 1, endLine: 7, endColumn: 1 } },
    ]);
    expect(error.partialFingerprints["nettrace/v1"]).toMatch(/^[0-9a-f]{32}$/);
  });
});

describe("junit", () => {
  it("has a failure for each finding, and escapes what XML needs escaped", () => {
    const text = lintJunit(REPORT);
    expect(text).toContain('<testsuites name="nettrace lint" tests="2" failures="2" errors="0">');
    expect(text).toContain('<testsuite name="etc/my rules,v4.txt" tests="2" failures="2" errors="0">');
    expect(text).toContain("&quot;a&lt;b &amp; 50%, c:d&quot;");
    expect(text.replaceAll(/<\/?[a-z]+(?: [a-z]+="[^"<&]*(?:&[a-z#0-9]+;[^"<&]*)*")*\/?>|&(?:[a-z]+|#\d+);|<\?.*?\?>/g, "")).not.toMatch(
      /[<>&]/,
    );
  });

  it("has a case that passed where there is nothing", () => {
    expect(lintJunit(reportOf("*filter\nCOMMIT\n", "r"))).toContain('<testcase name="no findings" classname="r"/>');
  });
});

describe("github", () => {
  it("writes workflow commands with their properties escaped", () => {
    expect(lintGithub(REPORT)).toBe(
      "::notice file=etc/my rules%2Cv4.txt,line=3,endLine=3,col=1,endColumn=12,title=NT008 unused-chain::No rule jumps or goes to the chain OLD of the table filter.\n" +
        "::error file=etc/my rules%2Cv4.txt,line=6,endLine=6,col=9,endColumn=89,title=NT012 unreachable-rule::This rule can never match: line 5 drops every packet that gets there.\n",
    );
  });
});

describe("gitlab", () => {
  it("has what GitLab asks of a code quality report, and no fingerprint twice", () => {
    const issues = JSON.parse(lintGitlab(REPORT));
    expect(issues[1]).toEqual({
      description: expect.stringContaining("NT012 unreachable-rule: This rule"),
      check_name: "NT012",
      fingerprint: expect.stringMatching(/^[0-9a-f]{32}$/),
      severity: "major",
      location: { path: "etc/my rules,v4.txt", lines: { begin: 6 } },
    });
    expect(new Set(issues.map((issue: { fingerprint: string }) => issue.fingerprint)).size).toBe(2);
  });
});

describe("json", () => {
  it("has a summary and all that is known of a finding", () => {
    const { version, summary, findings } = JSON.parse(lintJson(REPORT));
    expect({ version, summary }).toEqual({
      version: 1,
      summary: { error: 1, warning: 0, hint: 1, suppressed: 0, baseline: 0, rules: 3 },
    });
    expect(findings[1]).toMatchObject({
      rule: "NT012",
      name: "unreachable-rule",
      severity: "error",
      line: 6,
      column: 9,
      endColumn: 90,
      related: [{ line: 5 }],
      fix: { edits: [{ line: 6 }] },
    });
    expect(findings[0]).not.toHaveProperty("related");
  });
});

it("a rule's page fits a narrow terminal but for the examples", () => {
  for (const rule of RULES) {
    const prose = pageText(rule, STYLE)
      .split("\n")
      .filter((line) => !line.startsWith("    "));
    expect(prose.filter((line) => line.length > 80)).toEqual([]);
    expect(prose[0]).toBe(`${rule.id} ${rule.name}`);
  }
});
