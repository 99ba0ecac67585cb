import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { parse } from "yaml";

interface Hook {
  readonly id: string;
  readonly entry: string;
  readonly files: string;
}

interface Action {
  readonly inputs: Readonly<Record<string, unknown>>;
  readonly runs: {
    readonly steps: readonly { readonly name: string; readonly run: string; readonly env?: Readonly<Record<string, string>> }[];
  };
}

const DEAD = "*filter\n:INPUT ACCEPT [0:0]\n-A INPUT -j DROP\n-A INPUT -i lo -j ACCEPT\nCOMMIT\n";
let folder = "";

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "nettrace-action-"));
  writeFileSync(join(folder, "rules.v4"), DEAD);
  writeFileSync(join(folder, "good rules"), "*filter\n:INPUT ACCEPT [0:0]\nCOMMIT\n");
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

it("the pre-commit hook is about the files in which rulesets are kept", () => {
  const [hook] = parse(readFileSync(".pre-commit-hooks.yaml", "utf8")) as readonly Hook[];
  const files = new RegExp(hook?.files ?? "");
  expect(hook?.entry).toBe("nettrace lint");
  for (const name of [
    "rules.v4",
    "etc/iptables/rules.v6",
    "etc/sysconfig/iptables",
    "ip6tables.rules",
    "host1/iptables-save.txt",
    "a.iptables",
  ])
    expect(name).toMatch(files);
  for (const name of ["src/iptables.ts", "rules.v5", "README.md", "iptables.rules.py"]) expect(name).not.toMatch(files);
});

it("the action's step shows findings as annotations, writes SARIF and fails", () => {
  const { inputs, runs } = parse(readFileSync("action.yml", "utf8")) as Action;
  const step = runs.steps.find(({ name }) => name === "Lint");
  const named = Object.values(step?.env ?? {}).map((text) => /inputs\.([\w-]+)/.exec(text)?.[1]);
  expect(named).toEqual(Object.keys(inputs));
  const run = (given: Readonly<Record<string, string>>) => {
    const empty = Object.fromEntries(Object.keys(step?.env ?? {}).map((name) => [name, ""]));
    const env = { ...process.env, ...empty, ...given, GITHUB_ACTION_PATH: process.cwd() };
    return spawnSync("bash", ["-e", "-o", "pipefail", "-c", step?.run ?? "exit 9"], { cwd: folder, env, encoding: "utf8" });
  };
  const failed = run({ RULES: "rules.v4\ngood rules\n", SARIF: "out.sarif" });
  expect(failed.stdout).toMatch(/^::error file=rules\.v4,line=4,.*NT012/);
  expect(failed.status).toBe(1);
  expect(JSON.parse(readFileSync(join(folder, "out.sarif"), "utf8")).runs[0].results).toHaveLength(1);
  expect(run({ RULES: "good rules", FAIL_ON: "hint" })).toMatchObject({ status: 0, stdout: "" });
  expect(run({ RULES: "missing", SARIF: "other.sarif" }).status).toBe(2);
});
