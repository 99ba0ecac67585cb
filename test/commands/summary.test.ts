import { afterAll, describe, expect, it } from "vitest";
import { timeLeft } from "../../src/commands/progress.ts";
import { incident, traffic } from "./incident.ts";
import { nettrace } from "./nettrace.ts";

const CLIENTS = 96;
const files = incident(CLIENTS);
const explain = async (...flags: string[]) => {
  const { status, stdout, stderr } = await nettrace("explain", files.capture, ...files.machine, ...flags);
  expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
  return stdout;
};
const sent = (test: (packet: ReturnType<typeof traffic>[number]) => boolean) => traffic(CLIENTS).filter(test).length;

afterAll(() => files.remove());

/** The cells of the lines below a title, up to the next empty line. */
function table(text: string, title: string): string[][] {
  const lines = text.slice(text.indexOf(title)).split("\n").slice(2);
  return lines.slice(0, lines.indexOf("")).map((line) => line.trim().split(/ {2,}/));
}

describe("the summary of many connections", () => {
  it("has totals, then trouble, then what went as expected", async () => {
    const text = await explain();
    expect(text).toMatch(/^ {2}forwarded \d+ \(\d+\.\d %\) · dropped \d+ \(\d+\.\d %\) · rejected 12 \(\d\.\d %\)$/m);
    const first = table(text, "Dropped and rejected, by rule")[0];
    const policy = String(sent(({ dport }) => dport === 9999));
    expect(first).toEqual(["filter FORWARD", "policy DROP", policy, policy]);
    expect(table(text, "Where translations went")).toEqual([
      ["198.51.100.2:8080 → 10.1.0.20:80", "6", "PREROUTING 1, DNAT", "72", "72"],
      ["198.51.100.2:8081 → 10.1.0.21:80", "7", "PREROUTING 2, DNAT", "24", "24"],
    ]);
    expect(text.match(/^✗ /gm)).toHaveLength(10);
    expect(text).not.toMatch(/^✓ /m);
    const bad = sent(({ dport }) => [161, 9999, 123, 8081].includes(dport)) + 1;
    const good = sent(({ dport }) => [53, 8080].includes(dport));
    expect(text.replaceAll("\n", " ")).toContain(
      `… and ${bad - 10} more connections with trouble and ${good} passed on as expected (--all)`,
    );
  });

  it("tells some examples where nothing is wrong", async () => {
    const text = await explain("--verdict", "forwarded");
    expect(text).toMatch(/^[\d,]+ packets, [\d,]+ connections that you asked for: /);
    expect(text).not.toContain("Dropped and rejected");
    expect(text.match(/^✓ /gm)).toHaveLength(3);
    const good = sent(({ dport }) => [53, 8080].includes(dport)) + 1;
    expect(text).toContain(`… and ${good - 3} connections passed on as expected (--all)`);
  });

  it("says that nothing is what was asked for", async () => {
    expect(await explain("--verdict", "queued")).toMatch(/^No packet is one of those that you asked for\./);
  });

  it.each([
    ["src", "Dropped and rejected, by source (top 1 of ", ["192.0.9.66", "filter FORWARD 1"], ({ dport }) => dport === 161],
    ["dst", "Dropped and rejected, by destination (top 1 of 3)", ["10.1.0.9", "filter FORWARD policy"], ({ dst }) => dst === "10.1.0.9"],
    ["service", "Dropped and rejected, by service (top 1 of 5)", ["udp 9999", "filter FORWARD policy"], ({ dport }) => dport === 9999],
  ] as [string, string, string[], Parameters<typeof sent>[0]][])("counts by %s", async (by, title, cells, test) => {
    const text = await explain("--group-by", by, "--top", "1");
    const [first, rest] = table(text, title);
    expect(first).toEqual([...cells, String(sent(test)), String(sent(test))]);
    expect(rest?.[0]).toMatch(/^… and \d+ more \w+s with \d+ packets \(--top\)$/);
    expect(text.match(/^✗ /gm)).toHaveLength(1);
  });

  it("has totals of few connections when asked, and every connection below them", async () => {
    const text = await explain("--address", "192.0.9.99", "--top", "3");
    expect(table(text, "Dropped and rejected, by rule")).toEqual([
      ["filter FORWARD 3", "15", expect.stringMatching(/^-p udp --dport 514 -m length .* -j DROP$/), "2", "1"],
    ]);
    expect((await explain("--all", "--group-by", "service")).match(/^[✓✗] /gm)?.length).toBeGreaterThan(200);
  });

  it("is for the table only", async () => {
    for (const flag of [
      ["--top", "3"],
      ["--group-by", "src"],
    ]) {
      const { status, stderr } = await nettrace("explain", files.capture, ...files.machine, "--format", "ndjson", ...flag);
      expect([status, stderr]).toEqual([2, expect.stringContaining(`${flag[0]} is for the table, not for --format ndjson`)]);
    }
  });
});

describe("time left", () => {
  it.each([
    [10, 50, 100, " · 10 s left"],
    [10, 1, 100, " · 16 min 30 s left"],
    [100, 1, 100, " · 2 h 45 min left"],
    [10, 0, 100, ""],
    [10, 50, undefined, ""],
  ])("after %i s with %i of %s: %s", (seconds, done, total, words) => {
    expect(timeLeft(seconds, done, total)).toBe(words);
  });
});
