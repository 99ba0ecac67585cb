import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, it } from "vitest";
import { DEFAULT_CONFIG } from "../../src/lint/config.ts";
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

const CROSSING: ReadonlySet<string> = new Set(["NT021", "NT023", "NT024"]);
const badOf = (id: string) => {
  const bad = RULES.find((rule) => rule.id === id)?.bad ?? "";
  return typeof bad === "string" ? bad : (bad["iptables-save.txt"] ?? "");
};

it.each([
  ["shadowed.v4", badOf("NT021")],
  ["exception.v4", badOf("NT023")],
  ["crossing.v4", badOf("NT024")],
  ["rules.v6", SIX],
])("the command of a finding in %s says what the finding says", async (name, text) => {
  const file = join(folder, name);
  writeFileSync(file, text);
  const config = { ...DEFAULT_CONFIG, rules: new Map([["NT023", "hint"]] as const) };
  const context = { ...contextOf(text), config, rulesets: [linted(text, file)] };
  const witnesses = lint(context).findings.flatMap(({ rule, witness }) => (CROSSING.has(rule) && witness ? [witness] : []));
  expect(witnesses.length).toBeGreaterThan(1);
  for (const { packet, outcome } of witnesses) {
    const [, route, words = ""] = /^(?:echo "([^"]+)" \| )?nettrace (.*)$/.exec(packet) ?? [];
    const [, deed, line] = /^(\w+) by line (\d+)$/.exec(outcome) ?? [];
    const run = spawned(words.split(" "), route === undefined ? undefined : new TextEncoder().encode(`${route}\n`));
    expect(run.stdout, packet).toContain(`(line ${line})`);
    expect(run.stdout, packet).toMatch(deed === "accepted" ? /[Aa]ccepted|✓/ : /DROPPED|REJECTED/);
  }
});
