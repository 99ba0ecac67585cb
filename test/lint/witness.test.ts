import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, it } from "vitest";
import { RULES } from "../../src/lint/index.ts";
import { lint } from "../../src/lint/run.ts";
import { spawned } from "../commands/nettrace.ts";
import { contextOf, linted } from "./example.ts";

const folder = mkdtempSync(join(tmpdir(), "nettrace-witness-"));
afterAll(() => rmSync(folder, { recursive: true }));

const SIX = `*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -p tcp -m tcp --dport 0:1023 -j REJECT --reject-with icmp6-port-unreachable
-A INPUT -s 2001:db8:7::/48 -p tcp -m tcp --dport 22 -j ACCEPT
-A OUTPUT -o wan+ -p ipv6-icmp -j DROP
-A OUTPUT -o wan0 -p ipv6-icmp -m icmp6 --icmpv6-type 128 -j ACCEPT
COMMIT
`;

const shadowed = RULES.find(({ id }) => id === "NT021");

it.each([
  ["rules.v4", shadowed?.bad as string],
  ["rules.v6", SIX],
])("the command of a finding in %s says what the finding says", async (name, text) => {
  const file = join(folder, name);
  writeFileSync(file, text);
  const context = { ...contextOf(text), rulesets: [linted(text, file)] };
  const witnesses = lint(context).findings.flatMap(({ rule, witness }) => (rule === "NT021" && witness ? [witness] : []));
  expect(witnesses.length).toBeGreaterThan(1);
  for (const { packet, outcome } of witnesses) {
    const [, route, words = ""] = /^(?:echo "([^"]+)" \| )?nettrace (.*)$/.exec(packet) ?? [];
    const [, deed, line] = /^(\w+) by line (\d+)$/.exec(outcome) ?? [];
    const run = spawned(words.split(" "), route === undefined ? undefined : new TextEncoder().encode(`${route}\n`));
    expect(run.stdout, packet).toContain(`(line ${line})`);
    expect(run.stdout, packet).toMatch(deed === "accepted" ? /[Aa]ccepted|✓/ : /DROPPED|REJECTED/);
  }
});
