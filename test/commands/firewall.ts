import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect } from "vitest";
import { nettrace } from "./nettrace.ts";

/** Where the rules, routes and test files are. */
export const folder = mkdtempSync(join(tmpdir(), "nettrace-test-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Writes a file there. */
export function file(name: string, ...lines: readonly string[]): string {
  const path = join(folder, name);
  writeFileSync(path, `${lines.join("\n")}\n`);
  return path;
}

file(
  "rules",
  "*nat",
  ":PREROUTING ACCEPT [0:0]",
  ":POSTROUTING ACCEPT [0:0]",
  "-A PREROUTING -i eth0 -p tcp -m tcp --dport 443 -j DNAT --to-destination 10.0.0.2:8443",
  "-A PREROUTING -p tcp -m tcp --dport 7 -m statistic --mode random --probability 0.5 -j DNAT --to-destination 10.0.0.7",
  "-A POSTROUTING -o eth0 -p udp -j SNAT --to-source 198.51.100.2",
  "-A POSTROUTING -o eth0 -j MASQUERADE",
  "COMMIT",
  "*filter",
  ":INPUT DROP [0:0]",
  ":FORWARD DROP [0:0]",
  ":OUTPUT ACCEPT [0:0]",
  "-A FORWARD -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT",
  "-A FORWARD -i br-lan -j ACCEPT",
  '-A FORWARD -d 10.0.0.2/32 -p tcp -m tcp --dport 8443 -m comment --comment "web server" -j ACCEPT',
  "-A FORWARD -p tcp -m tcp --dport 7 -j ACCEPT",
  "-A FORWARD -p tcp -m tcp --dport 9 -m statistic --mode random --probability 0.5 -j ACCEPT",
  "-A FORWARD -p tcp -m tcp --dport 2222 -m time --timestart 01:00:00 --timestop 05:00:00 -j ACCEPT",
  "-A FORWARD -p udp -j REJECT --reject-with icmp-port-unreachable",
  "-A OUTPUT -p udp -m udp --dport 53 -m owner --uid-owner 1000 -j DROP",
  "COMMIT",
);
file("old-rules", "*filter", ":FORWARD ACCEPT [0:0]", "COMMIT");
file(
  "routes",
  "default via 198.51.100.1 dev eth0",
  "198.51.100.0/24 dev eth0 proto kernel scope link src 198.51.100.2",
  "10.0.0.0/24 dev br-lan proto kernel scope link src 10.0.0.1",
  "local 198.51.100.2 dev eth0 table local proto kernel scope host src 198.51.100.2",
  "local 10.0.0.1 dev br-lan table local proto kernel scope host src 10.0.0.1",
);

/** A test file about those rules. */
export const about = (name: string, ...tests: readonly string[]) =>
  file(name, "host: { rules: rules, routes: routes }", "tests:", ...tests);

/** The packets that most tests are about. */
export const IN = "    interface: eth0";
export const WEB = ["  - name: web", "    packet: tcp 203.0.113.9:40000 198.51.100.2:443", IN];
export const SSH = ["  - name: ssh", "    packet: tcp 203.0.113.9:40000 10.0.0.2:22", IN];

interface Document {
  readonly summary: { readonly assertions: number; readonly failed: number };
  readonly assertions: readonly {
    readonly name: string;
    readonly line: number;
    readonly holds: boolean;
    readonly found: string;
    readonly packets: number;
    readonly differences: readonly { readonly key: string; readonly expected: string; readonly found: string; readonly packets: number }[];
    readonly traces: readonly { readonly packet: number }[];
  }[];
}

/** Runs tests, and gives back what they came to. */
export async function json(...args: readonly string[]): Promise<Document & { readonly status: number }> {
  const { status, stdout } = await nettrace("test", ...args, "--format", "json");
  return { status, ...(JSON.parse(stdout) as Document) };
}

/** What is found instead of what one test expects, by key. */
export async function differing(
  expected: string,
  test: readonly string[] = WEB,
  ...args: readonly string[]
): Promise<Record<string, string>> {
  const { status, assertions } = await json(about("one.yaml", ...test, `    expect: ${expected}`), ...args);
  const differences = assertions.flatMap((assertion) => assertion.differences);
  expect(status).toBe(differences.length > 0 ? 1 : 0);
  return Object.fromEntries(differences.map(({ key, found }) => [key, found]));
}
