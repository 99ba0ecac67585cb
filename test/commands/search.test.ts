import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { nettrace } from "./nettrace.ts";

const folder = mkdtempSync(join(tmpdir(), "nettrace-"));
afterAll(() => rmSync(folder, { recursive: true }));

function file(name: string, rules: readonly string[]): string {
  const path = join(folder, name);
  writeFileSync(path, ["*filter", ":INPUT DROP [0:0]", ":FORWARD DROP [0:0]", ":OUTPUT ACCEPT [0:0]", ...rules, "COMMIT\n"].join("\n"));
  return path;
}

const old = file("old.rules", ["-A INPUT -p tcp -m tcp --dport 22 -j DROP", "-A INPUT -p tcp -j ACCEPT"]);
const now = file("new.rules", ["-A INPUT -p tcp -j ACCEPT"]);

describe("nettrace diff", () => {
  it("ends with 1 where there is a difference, and its commands answer as it says", async () => {
    const { status, stdout } = await nettrace("diff", old, now, "--format", "json");
    expect(status).toBe(1);
    const found = JSON.parse(stdout) as { classes: { witness: { old: string; new: string } }[] };
    expect(found).toMatchObject({ different: true, classes: [{ table: "filter", hook: "INPUT", old: { rule: 1 }, new: { rule: 1 } }] });
    const [before, after] = [found.classes[0]?.witness.old ?? "", found.classes[0]?.witness.new ?? ""];
    const verdicts: string[] = [];
    for (const command of [before, after]) {
      expect(command).toMatch(/^nettrace packet tcp /);
      const trace = JSON.parse((await nettrace(...command.split(" ").slice(1), "--format", "ndjson")).stdout) as { verdict: string };
      verdicts.push(trace.verdict);
    }
    expect(verdicts).toEqual(["dropped", "delivered"]);
  });

  it("ends with 0 where there is none", async () => {
    expect(await nettrace("diff", old, old)).toMatchObject({ status: 0, stdout: expect.stringMatching(/^no difference/) });
  });

  it("ends with 2 where an input is wrong", async () => {
    expect((await nettrace("diff", old, join(folder, "none"))).status).toBe(2);
    expect((await nettrace("diff", "-", "-")).stderr).toContain("standard input (-) can be read only once");
  });
});

describe("nettrace search", () => {
  it("looks for translations in the table that has them", async () => {
    const path = join(folder, "nat.rules");
    const nat = ["*nat", ":PREROUTING ACCEPT [0:0]", "-A PREROUTING -p tcp --dport 8080 -j DNAT --to-destination 10.0.0.2:80", "COMMIT\n"];
    writeFileSync(path, nat.join("\n"));
    const { status, stdout } = await nettrace("search", "--verdict", "translate", "--rules", path);
    expect(stdout).toMatch(/nettrace packet tcp .*:8080/);
    expect(status).toBe(0);
    expect(await nettrace("search", "--verdict", "translate", "--table", "filter", "--rules", path)).toMatchObject({ status: 1 });
  });

  it("ends with 0 and a packet", async () => {
    const { status, stdout } = await nettrace("search", "--reaches", "filter/INPUT:2", "--in", "eth+", "--rules", old);
    expect(status).toBe(0);
    expect(stdout).toContain("A packet can match filter INPUT 2:\n  nettrace packet tcp ");
  });

  it("ends with 1 and who takes the packets", async () => {
    const { status, stdout } = await nettrace("search", "--verdict", "accept", "--hook", "INPUT", "--dport", "22", "--rules", old);
    expect(status).toBe(1);
    expect(stdout).toContain("dropped by filter INPUT 1");
  });

  it.each([
    [["--rules", old], "say what to search for"],
    [["--reaches", "INPUT:1", "--rules", old], "TABLE/CHAIN:N"],
    [["--reaches", "filter/INPUT:9", "--rules", old], "has 2 rules"],
    [["--verdict", "drop", "--dport", "x", "--rules", old], "expected ports"],
    [["--verdict", "drop", "--protocol", "icmp", "--dport", "80", "--rules", old], "--protocol icmp has no ports"],
    [["--verdict", "drop", "--hook", "PREROUTING", "--rules", old], "has only INPUT, FORWARD, OUTPUT"],
  ])("refuses %j", async (args, message) => {
    const { status, stderr } = await nettrace("search", ...args);
    expect(status).toBe(2);
    expect(stderr).toContain(message);
  });
});
