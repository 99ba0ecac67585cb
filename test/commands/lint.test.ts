import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { nettrace, recorded, spawned } from "./nettrace.ts";

const GOOD = "*filter\n:INPUT DROP [0:0]\n-A INPUT -i lo -j ACCEPT\nCOMMIT\n";
const DEAD =
  "*filter\n:INPUT ACCEPT [3:180]\n[1:60] -A INPUT -i lo -j ACCEPT\n[2:120] -A INPUT -j DROP\n# web\n[0:0] -A INPUT -p tcp -m tcp --dport 80 -j ACCEPT\nCOMMIT\n";
const MENDED = "*filter\n:INPUT ACCEPT [3:180]\n[1:60] -A INPUT -i lo -j ACCEPT\n[2:120] -A INPUT -j DROP\n# web\nCOMMIT\n";
const UNUSED = "*filter\n:INPUT ACCEPT [0:0]\n:OLD - [0:0]\n-A OLD -j DROP\nCOMMIT\n";
const SNAPSHOT = recorded("docker-published-port-from-outside", "snapshot.tar.gz");

let folder = "";
const file = (name: string) => join(folder, name);

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "nettrace-lint-"));
  writeFileSync(file("good"), GOOD);
  writeFileSync(file("dead"), DEAD);
  writeFileSync(file("unused"), UNUSED);
  writeFileSync(file("dead.gz"), gzipSync(DEAD));
  writeFileSync(
    file("broken"),
    "*filter\n:INPUT ACCEPT [0:0]\n-A INPUT --dport 22 -j ACCEPT\n-A INPUT -j NOWHERE\n-A INPUT -j DROP\n-A INPUT -i lo -j DROP\n",
  );
  writeFileSync(file("routes"), "default via 192.0.2.1 dev eth0\n");
  mkdirSync(file("site/a/b"), { recursive: true });
  writeFileSync(file("site/a/b/rules"), UNUSED);
  writeFileSync(file("site/.nettrace.yaml"), "lint:\n  fail-on: warning\n");
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe("exit codes", () => {
  it("0 where nothing is as bad as --fail-on, 1 where something is", async () => {
    expect(await nettrace("lint", file("good"))).toMatchObject({ status: 0, stdout: expect.stringMatching(/^nothing found in 1 rule /) });
    expect((await nettrace("lint", file("dead"))).status).toBe(1);
    expect((await nettrace("lint", file("unused"))).status).toBe(0);
    expect((await nettrace("lint", file("unused"), "--fail-on", "warning")).status).toBe(1);
    expect((await nettrace("lint", file("site/a/b/rules"))).status).toBe(1);
    expect((await nettrace("lint", file("site/a/b/rules"), "--fail-on", "error")).status).toBe(0);
  });

  it("2 where the input or the command line is wrong", async () => {
    writeFileSync(file("bad.yaml"), "lint:\n  rulez: 1\n");
    for (const [args, message] of [
      [[file("none")], /none: there is no such file, expected iptables-save/],
      [[file("routes")], /this looks like ip-route output, expected iptables-save/],
      [[], /nothing to check/],
      [["-", "-"], /only once/],
      [[SNAPSHOT, file("good")], /a snapshot is checked alone/],
      [["--explain", "NT999"], /there is no lint rule NT999/],
      [[file("good"), "--config", file("bad.yaml")], /bad\.yaml:2:10: lint\.rulez/],
      [[file("good"), "--baseline", file("good")], /this is not a baseline/],
      [[file("dead"), join(folder, ".", "dead")], /dead is given twice/],
      [[SNAPSHOT, "--fix"], /a snapshot is the record of a machine/],
      [[file("dead.gz"), "--fix"], /cannot write .*dead\.gz/],
    ] as const) {
      const { status, stdout, stderr } = await nettrace("lint", ...args);
      expect({ status, stdout }).toEqual({ status: 2, stdout: "" });
      expect(stderr).toMatch(message);
    }
  });
});

describe("input", () => {
  it("what iptables-restore refuses is told with its place, and the rest is checked", async () => {
    const { findings } = JSON.parse((await nettrace("lint", file("broken"), "--format", "json")).stdout);
    expect(findings.map(({ rule, line }: { rule: string; line: number }) => [rule, line])).toEqual([
      ["NT004", 3],
      ["NT002", 4],
      ["NT012", 6],
      ["NT005", 6],
    ]);
  });

  it("may be compressed, standard input under a name, of both families, or a snapshot", async () => {
    expect((await nettrace("lint", file("dead.gz"))).stdout).toContain("dead.gz:6:7 error NT012");
    const piped = spawned(["lint", "-", "--stdin-name", "rules.j2"], Buffer.from(DEAD));
    expect(piped).toMatchObject({ status: 1, stdout: expect.stringContaining("rules.j2:6:7 error NT012") });
    writeFileSync(file("six"), "*filter\n:INPUT DROP [0:0]\n-A INPUT -i lo -s fe80::/10 -j ACCEPT\nCOMMIT\n");
    expect((await nettrace("lint", file("good"), "--rules6", file("six"))).stdout).toMatch(/^nothing found in 2 rules of 2 rulesets/);
    const { files } = JSON.parse((await nettrace("lint", SNAPSHOT, "--format", "json")).stdout);
    expect(files).toContain(join(SNAPSHOT, "netns", "host", "iptables-save.txt"));
  });
});

describe("--fix", () => {
  it("prints the diff, then writes the file; counters and comments stay", async () => {
    writeFileSync(file("mend"), DEAD);
    const { status, stdout } = await nettrace("lint", file("mend"), "--fix");
    expect(status).toBe(0);
    expect(stdout).toContain(
      [
        `--- ${file("mend")}`,
        `+++ ${file("mend")}`,
        "@@ -3,5 +3,4 @@",
        " [1:60] -A INPUT -i lo -j ACCEPT",
        " [2:120] -A INPUT -j DROP",
      ].join("\n"),
    );
    expect(stdout).toContain("\n-[0:0] -A INPUT -p tcp -m tcp --dport 80 -j ACCEPT\n COMMIT\n");
    expect(stdout).toContain("nothing found in 2 rules");
    expect(readFileSync(file("mend"), "utf8")).toBe(MENDED);
  });

  it("gives standard input back mended on standard output, the rest on standard error", () => {
    const { status, stdout, stderr } = spawned(["lint", "-", "--fix"], Buffer.from(DEAD));
    expect({ status, stdout }).toEqual({ status: 0, stdout: MENDED });
    expect(stderr).toMatch(/^--- .*\n\+\+\+ [\s\S]*nothing found in 2 rules/);
    expect(spawned(["lint", "-", "--fix"], Buffer.from(GOOD)).stdout).toBe(GOOD);
  });

  it("leaves standard output to a report for programs", () => {
    writeFileSync(file("mend"), DEAD);
    for (const flag of ["--diff", "--fix"]) {
      const { stdout, stderr } = spawned(["lint", file("mend"), flag, "--format", "json"]);
      expect(JSON.parse(stdout)).toMatchObject({ summary: { error: flag === "--diff" ? 1 : 0 } });
      expect(stderr).toMatch(/^--- .*\n\+\+\+ /);
    }
  });

  it("--diff writes nothing", async () => {
    const { status, stdout } = await nettrace("lint", file("dead"), "--diff");
    expect(status).toBe(1);
    expect(stdout).toContain("@@ -3,5 +3,4 @@");
    expect(readFileSync(file("dead"), "utf8")).toBe(DEAD);
  });
});

it("a baseline is not written over a ruleset, nor where there is no folder", async () => {
  const over = await nettrace("lint", file("dead"), "--write-baseline", join(folder, ".", "dead"));
  expect({ ...over, stderr: over.stderr.endsWith("is an input: --write-baseline would overwrite it\n") }).toEqual({
    status: 2,
    stdout: "",
    stderr: true,
  });
  expect(readFileSync(file("dead"), "utf8")).toBe(DEAD);
  const nowhere = await nettrace("lint", file("dead"), "--write-baseline", join(folder, "none", "known.json"));
  expect([nowhere.status, nowhere.stderr]).toEqual([2, expect.stringContaining("known.json cannot be written: there is no such folder")]);
});

it("a baseline keeps silent about what it knows", async () => {
  const { status, stderr } = await nettrace("lint", file("dead"), "--write-baseline", file("known.json"));
  expect({ status, stderr }).toEqual({ status: 0, stderr: `${file("known.json")}: 1 finding is known from now on\n` });
  const after = await nettrace("lint", file("dead"), "--baseline", file("known.json"));
  expect(after).toMatchObject({ status: 0, stdout: expect.stringContaining("nothing found in 3 rules (1 known to the baseline") });
});

it("every format is printed, and a rule explains itself", async () => {
  for (const [format, start] of [
    ["json", '{\n  "version": 1'],
    ["sarif", '{\n  "$schema"'],
    ["junit", "<?xml"],
    ["github", "::error file="],
    ["gitlab", '[\n  {\n    "description"'],
  ] as const) {
    const { status, stdout } = await nettrace("lint", file("dead"), "--format", format);
    expect(status).toBe(1);
    expect(stdout.startsWith(start)).toBe(true);
  }
  expect((await nettrace("lint", "--explain", "nt012")).stdout).toMatch(/^NT012 unreachable-rule\n/);
  expect((await nettrace("lint", "--explain", "unreachable-rule")).stdout).toMatch(/^NT012 unreachable-rule\n/);
});
