import stringWidth from "string-width";
import { describe, expect, it } from "vitest";
import { Collection } from "../../src/explain/collect.ts";
import { explainPacket } from "../../src/explain/packet-detail.ts";
import { summarize } from "../../src/explain/summary.ts";
import { explanationText } from "../../src/render/explanation.ts";
import { packetPage } from "../../src/render/packet-page.ts";
import { stepTable } from "../../src/render/step-table.ts";
import { type Style, spell } from "../../src/render/style.ts";
import { replayed } from "../explain/recorded.ts";

const SCENARIOS = ["docker-isolated-networks", "kube-no-endpoints", "two-routers-in-a-row", "conntrack-invalid", "fwmark-policy-routing"];
const ESCAPE = String.fromCharCode(27);

async function textOf(scenario: string, style: Style, allSteps = false): Promise<string> {
  const { host, traces } = await replayed(scenario);
  const collection = new Collection(100);
  for (const trace of traces) collection.add(trace);
  const explanation = summarize(collection, host, { tables: allSteps, allSteps, sort: "trouble", all: true, filtered: false });
  return [...explanationText(explanation, style)].join("");
}

describe.each(SCENARIOS)("%s", (scenario) => {
  it.each([80, 100, 200])("fits %i columns", async (width) => {
    for (const allSteps of [false, true]) {
      const lines = (await textOf(scenario, { width, colour: false, ascii: false }, allSteps)).split("\n");
      expect(lines.filter((line) => stringWidth(line) > width)).toEqual([]);
      expect(lines.length).toBeGreaterThan(5);
    }
  });

  it("has only ASCII characters when asked to", async () => {
    const text = await textOf(scenario, { width: 80, colour: false, ascii: true }, true);
    expect(Array.from(text).filter((c) => c > "~")).toEqual([]);
  });

  it("differs by escape sequences only when coloured", async () => {
    const plain = await textOf(scenario, { width: 100, colour: false, ascii: false });
    const coloured = await textOf(scenario, { width: 100, colour: true, ascii: false });
    expect(plain).not.toContain(ESCAPE);
    expect(coloured).toContain(`${ESCAPE}[`);
    expect(coloured.replaceAll(new RegExp(`${ESCAPE}\\[[0-9;]*m`, "g"), "")).toBe(plain);
  });

  it("has pages of packets that fit 80 columns", async () => {
    const { host, traces } = await replayed(scenario, true);
    for (const trace of traces) {
      const page = packetPage(explainPacket(trace, host, "12:00:00.000000", true), { width: 80, colour: false, ascii: false });
      expect(page.split("\n").filter((line) => stringWidth(line) > 80)).toEqual([]);
    }
  });
});

it.each([80, 100, 200])("has room for the lines of large rulesets in %i columns", (width) => {
  const text = "-d 198.51.100.39/32 -p tcp -m comment --comment http -m tcp --dport 80 -j KUBE-EXT-TJ2E62N77CQO7F2R";
  const rule = {
    netns: "host",
    hook: "PREROUTING",
    table: "nat",
    chain: "KUBE-EXTERNAL-SERVICES",
    number: 3005,
    text,
    tone: "plain",
  } as const;
  const table = stepTable(
    [
      { ...rule, line: 4 },
      { ...rule, line: 166_625 },
    ],
    { width, colour: false, ascii: false },
    5,
  ).trimEnd();
  expect(Math.max(...table.split("\n").map((line) => stringWidth(line)))).toBeLessThanOrEqual(width);
  expect(table).toMatch(/ 166625$/);
});

it("no text of an input speaks to the terminal", () => {
  const style = { width: 80, colour: true, ascii: false };
  expect(spell(`a${ESCAPE}[31mb${String.fromCharCode(0x9b)}c\n\td`, style)).toBe("a·[31mb·c\n\td");
  expect(spell(`→${ESCAPE}`, { ...style, ascii: true })).toBe("->-");
});
