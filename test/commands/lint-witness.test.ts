import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { RULES } from "../../src/lint/index.ts";
import type { Example } from "../../src/lint/lint-rule.ts";
import { spawned } from "./nettrace.ts";

const GROUPS: ReadonlySet<string> = new Set(["exposure", "host"]);
const VERDICTS: readonly (readonly [RegExp, string])[] = [
  [/^(?:the answer is )?dropped|has no route for/, "dropped"],
  [/^delivered|accepted by/, "delivered"],
  [/^forwarded|source address/, "forwarded"],
];

const shown = new Set<string>();
let folder = "";
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "nettrace-witness-"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Writes an example's files; gives back what is to be checked. */
function written(id: string, example: Example): string {
  const target = join(folder, id);
  const isText = typeof example === "string";
  for (const [name, text] of isText ? [["rules", example] as const] : Object.entries(example)) {
    const path = isText || name.startsWith(".") ? name : join("netns", name.includes("/") ? name : `host/${name}`);
    mkdirSync(dirname(join(target, path)), { recursive: true });
    writeFileSync(join(target, path), text.replace(/^#[ ^]+ NT.*$/gm, ""));
  }
  return isText ? join(target, "rules") : target;
}

/** What a shell makes of `printf '…\n' | nettrace …`, without a shell. */
function run(command: string) {
  const [, told = "", words = command] = /^(?:echo|printf) '([^']*)' \| (.*)$/.exec(command) ?? [];
  const input = told.replaceAll("\\n", "\n");
  return spawned([...words.split(" ").slice(1), "--format", "ndjson"], Buffer.from(input.endsWith("\n") ? input : `${input}\n`));
}

it.each(RULES.filter(({ group }) => GROUPS.has(group)))("the witness of $id $name shows what it says when it is run", ({ id, bad }) => {
  const config = typeof bad !== "string" && ".nettrace.yaml" in bad ? ["--config", join(folder, id, ".nettrace.yaml")] : [];
  const { findings } = JSON.parse(spawned(["lint", written(id, bad), "--format", "json", ...config]).stdout) as {
    findings: readonly { rule: string; witness?: { packet: string; outcome: string } }[];
  };
  const own = findings.filter(({ rule }) => rule === id);
  expect(own.length).toBeGreaterThan(0);
  for (const { witness } of own) {
    if (!witness) continue;
    shown.add(id);
    const verdict = VERDICTS.find(([words]) => words.test(witness.outcome))?.[1];
    const { status, stdout, stderr } = run(witness.packet);
    expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
    const last = JSON.parse(stdout.trim().split("\n").at(-1) ?? "") as { verdict: string; steps: readonly { line?: number }[] };
    expect(last).toMatchObject({ verdict });
    const line = /line (\d+)/.exec(witness.outcome)?.[1];
    if (line !== undefined) expect(last.steps.map((step) => step.line)).toContain(Number(line));
  }
});

it("every rule about exposure has one, and so have those of hosts that speak of packets", () => {
  const exposure = RULES.filter(({ group }) => group === "exposure").map(({ id }) => id);
  expect([...shown]).toEqual(expect.arrayContaining([...exposure, "NT063", "NT064", "NT065"]));
});
