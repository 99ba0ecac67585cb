import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { baselineText, parseBaseline, withoutKnown } from "../../src/lint/baseline.ts";
import { DEFAULT_CONFIG, parseLintConfig } from "../../src/lint/config.ts";
import { fixRules, whyNotFixed } from "../../src/lint/fix.ts";
import { RULES } from "../../src/lint/index.ts";
import { lint } from "../../src/lint/run.ts";
import { linted } from "./example.ts";

const NAMES = new Set(RULES.flatMap(({ id, name }) => [id, name]));

function check(text: string, config = DEFAULT_CONFIG) {
  return lint({ rulesets: [linted(text)], config });
}

function told(text: string, config = DEFAULT_CONFIG): readonly string[] {
  return check(text, config).findings.map(({ rule, line, severity }) => `${rule}:${line} ${severity}`);
}

function filter(...rules: readonly string[]): string {
  return ["*filter", ":INPUT ACCEPT [0:0]", ...rules, "COMMIT", ""].join("\n");
}

const DROP = "-A INPUT -j DROP";
const LATE = "-A INPUT -p tcp --dport 22 -j ACCEPT";

describe("a remark that takes a finding back", () => {
  it("stands in the line before, or in the comment of the rule, and needs a reason", () => {
    expect(told(filter(DROP, LATE))).toEqual(["NT012:4 error"]);
    const { findings, suppressed } = check(filter(DROP, "# nettrace: ignore NT012 the installer wants it", LATE));
    expect({ findings, suppressed }).toEqual({ findings: [], suppressed: 1 });
    expect(told(filter(DROP, "# nettrace: ignore unreachable-rule: the installer wants it", "", "# more", LATE))).toEqual([]);
    expect(told(filter(DROP, `${LATE} -m comment --comment "nettrace: ignore NT012 the installer wants it"`))).toEqual([]);
    expect(told(filter(DROP, "# nettrace: ignore NT012", LATE))).toEqual(["NT019:4 warning", "NT012:5 error"]);
  });

  it("is about the rules that it names and about its line only", () => {
    expect(told(filter(DROP, "# nettrace: ignore NT010,NT012 both are wanted", LATE))).toEqual([]);
    expect(told(filter(DROP, "# nettrace: ignore NT010 NT012 read-only host", LATE))).toEqual([]);
    expect(told(filter(DROP, "# nettrace: ignore the installer wants it", LATE))).toEqual(["NT019:4 warning", "NT012:5 error"]);
    expect(told(filter("# nettrace: ignore NT012 the installer wants it", DROP, LATE))).toEqual(["NT019:3 hint", "NT012:5 error"]);
    expect(told(filter(DROP, "# nettrace: ignore NT999 no such rule", LATE))).toEqual(["NT019:4 warning", "NT012:5 error"]);
    expect(told(filter("# nettrace: ignore-file NT012 a template", DROP, LATE))).toEqual([]);
  });
});

describe("a configuration", () => {
  it("sets severities by id or name, and turns rules off", () => {
    const { value, problems } = parseLintConfig("lint:\n  rules:\n    NT012: hint\n    unused-chain: off\n", "c", NAMES);
    expect(problems).toEqual([]);
    expect(told(filter(DROP, LATE), value)).toEqual(["NT012:4 hint"]);
    expect(told(filter(":OLD - [0:0]"), value)).toEqual([]);
  });

  it("names devices, ports and chains; JSON will do", () => {
    const text =
      '{"lint": {"interfaces": {"outside": ["eth0", "ppp+"]}, "ports": {"admin": [22, "8000:8100"]}, "managed-chains": ["OLD*"]}}';
    const { value, problems } = parseLintConfig(text, "c", NAMES);
    expect(problems).toEqual([]);
    expect(value.interfaces.get("outside")).toEqual(["eth0", "ppp+"]);
    expect(value.ports.get("admin")).toEqual([
      [22, 22],
      [8000, 8100],
    ]);
    expect(told(filter(":OLDER - [0:0]"), value)).toEqual([]);
  });

  it("that the documentation shows is one", () => {
    const [, text = ""] = /```yaml\n(lint:\n {2}fail-on[\s\S]*?)```/.exec(readFileSync("docs/lint.md", "utf8")) ?? [];
    const { value, problems } = parseLintConfig(text, "c", NAMES);
    expect(problems).toEqual([]);
    expect(value).toMatchObject({ failOn: "warning", baseline: "lint-baseline.json", managedChains: ["ANSIBLE-*"] });
    expect(value.ports.get("admin")).toEqual([
      [22, 22],
      [8000, 8100],
    ]);
  });

  it("is refused with line and column where it is wrong", () => {
    const { problems } = parseLintConfig("lint:\n  fail-on: never\n  rules:\n    NT999: off\n  colour: red\n", "c.yaml", NAMES);
    expect(problems.map(({ line, column, message }) => [line, column, message])).toEqual([
      [2, 12, expect.stringContaining("lint.fail-on")],
      [5, 11, expect.stringContaining("lint.colour")],
      [4, 5, "there is no lint rule NT999"],
    ]);
    expect(parseLintConfig("lint: [", "c.yaml", NAMES).problems[0]).toMatchObject({ line: 1, file: "c.yaml" });
    expect(parseLintConfig("[".repeat(20_000) + "]".repeat(20_000), "c.yaml", NAMES).problems).not.toEqual([]);
    expect(parseLintConfig("", "c.yaml", NAMES)).toEqual({ value: DEFAULT_CONFIG, problems: [] });
  });
});

describe("a baseline", () => {
  it("knows its findings when lines and counters changed, and new ones are told", () => {
    const before = check(filter(DROP, `[1:60] ${LATE}`));
    const { value } = parseBaseline(baselineText(before.findings), "b");
    const after = check(filter("-A INPUT -i lo -j ACCEPT", "-A INPUT -i lo -j ACCEPT", DROP, `[2:120] ${LATE}`));
    expect(after.findings.map(({ rule }) => rule)).toEqual(["NT010", "NT012"]);
    const report = withoutKnown(after, value);
    expect(report.findings.map(({ rule }) => rule)).toEqual(["NT010"]);
    expect(report.known).toBe(1);
  });

  it("that is none is refused", () => {
    for (const text of ["", "{}", '{"version":2,"findings":[]}']) expect(parseBaseline(text, "b").problems).toHaveLength(1);
  });
});

describe("a fix", () => {
  const fixed = (text: string) => {
    const rules = linted(text);
    const result = fixRules(rules, check(text).findings, text);
    return { ...result, refused: whyNotFixed(rules, result) };
  };

  it("removes dead rules, copies and chains, and keeps counters, comments and line ends", () => {
    const text = [
      "# by hand, 2026",
      "*filter",
      ":INPUT ACCEPT [5:300]",
      ":OLD - [0:0]",
      ":OLDER - [0:0]",
      "[1:60] -A INPUT -i lo -j ACCEPT",
      "# the web",
      '[2:120] -A INPUT -p tcp -m tcp --dport 80 -m comment --comment "web" -j ACCEPT',
      "[0:0] -A INPUT -p tcp -m tcp --dport 80 -j ACCEPT",
      "[3:180] -A INPUT -j DROP",
      "[0:0] -A INPUT -p tcp -m tcp --dport 22 -j ACCEPT",
      "-A OLD -j OLDER",
      "-A OLDER -j DROP",
      "COMMIT",
      "",
    ];
    const { text: after, refused, changes } = fixed(text.join("\r\n"));
    const gone = [3, 4, 8, 10, 11, 12];
    expect(refused).toBeUndefined();
    expect(changes.map(({ line }) => line - 1)).toEqual(gone);
    expect(after).toBe(text.filter((_, index) => !gone.includes(index)).join("\r\n"));
    expect(told(after)).toEqual(["NT035:7 warning"]);
  });

  it("is not made where the rules that stay would not stay as they are", () => {
    const text = filter("-A INPUT -i lo -j ACCEPT", "-A INPUT -i lo -j ACCEPT", "-I INPUT 3 -i eth0 -j DROP", "-A INPUT -i eth1 -j DROP");
    const shifted = fixed(text);
    expect(shifted.changes).toHaveLength(1);
    expect(shifted.refused).toMatch(/inserted by its number|would be refused/);
  });

  it("changes nothing where nothing can be mended", () => {
    const text = filter(":EMPTY - [0:0]", "-A INPUT -j EMPTY");
    expect(fixed(text)).toMatchObject({ text, changes: [], fixed: 0 });
  });
});

it("names that are no words do not disturb", () => {
  expect(told(filter('-A INPUT -m "[" --x -j ACCEPT', ":( - [0:0]", "-A ( -j ACCEPT", '-A INPUT -j "("'))).toEqual([]);
  expect(told(filter("# nettrace: ignore", "# nettrace: ignore-file NT012"))).toEqual(["NT019:3 warning", "NT019:4 warning"]);
});
