import { describe, expect, it } from "vitest";
import { parseLinks } from "../../src/parse/ip-link.ts";
import { parseNeighbours } from "../../src/parse/ip-neigh.ts";
import { parseRoutes } from "../../src/parse/ip-route.ts";
import { parseIpsetSave } from "../../src/parse/ipset-save.ts";
import { parseIptablesSave } from "../../src/parse/iptables-save.ts";
import { parseSysctl } from "../../src/parse/sysctl.ts";
import { ipsetLines } from "../../src/render/save-ipset.ts";
import { places } from "./recording.ts";

const MOST = 1000;

describe("a damaged input", () => {
  it("may be nested as deep as it likes", () => {
    expect(parseLinks("[".repeat(100_000), "f").problems).toHaveLength(1);
    expect(parseLinks("[".repeat(100_000) + "]".repeat(100_000), "f").problems).toHaveLength(1);
  });

  it("is not read to its end when it is something else altogether", () => {
    const lines = "nonsense here\n".repeat(MOST + 500);
    const rules = `*filter\n${"-A INPUT -j\n".repeat(MOST + 500)}COMMIT\n`;
    const objects = `[${'{"dst":"x"},'.repeat(MOST)}{}]`;
    for (const { problems } of [
      parseSysctl(lines, "f"),
      parseRoutes(lines, "f", 4),
      parseIptablesSave(rules, "f", 4),
      parseNeighbours(objects, "f"),
    ]) {
      expect(problems.length).toBeGreaterThan(MOST);
      expect(problems.length).toBeLessThan(MOST + 3);
      expect(problems.at(-1)).toMatchObject({
        message: expect.stringContaining("1000 problems are enough: the rest of the file is not read"),
      });
    }
  });

  it("may have strings as long as they like", () => {
    for (const unit of ["x", "\\n", '\\"']) {
      const { problems } = parseLinks(`[{"ifindex":"x","ifname":"${unit.repeat(5_000_000)}"}]`, "f");
      expect(problems[0]).toMatchObject({ line: 1, column: 13, message: '[0].ifindex: expected a number, found "x"' });
    }
    expect(places(parseLinks('[{"a":"b\\x"}]', "f").problems)).toEqual(['f:1:7+1 not JSON: expected a value, found "\\""']);
  });

  it("may have lines as long as they like", () => {
    const line = `default ${"via 10.0.0.1 ".repeat(800_000)}`;
    expect(places(parseRoutes(`10.0.0.0/8 dev a\n${line}`, "f", 4).problems)).toEqual([
      `f:2:65537+${line.length - 65_536} expected a line of at most 65536 characters, found ${line.length}`,
    ]);
  });

  it("is quoted in few words", () => {
    const word = "x".repeat(100_000);
    for (const { problems } of [
      parseRoutes(`default via ${word}`, "f", 4),
      parseSysctl(word, "f"),
      parseIptablesSave(`*filter\n:${word}\nCOMMIT\n`, "f", 4),
    ]) {
      expect(problems).toHaveLength(1);
      expect(problems[0]?.message.length).toBeLessThan(200);
    }
  });

  it("may end within a line end of two characters", () => {
    expect(places(parseSysctl("a.b = 1\r\nx\r", "f").problems)).toEqual([
      'f:2:1+1 expected a setting (net.ipv4.ip_forward = 1), found "x"',
    ]);
    expect(parseSysctl("a.b = 1\r\nx\r", "f").problems[0]?.source).toBe("x");
    expect(parseLinks("[\r", "f").problems).toMatchObject([{ line: 1, column: 2, source: "[" }]);
  });
});

describe("sets of ipset", () => {
  it("are written with lists behind the sets that they name, as the kernel lists them", () => {
    const { value, problems } = parseIpsetSave("create l list:set size 8\ncreate n hash:ip\nadd l n\n", "f");
    expect(problems).toEqual([]);
    expect([...ipsetLines(value)]).toEqual(["create n hash:ip", "create l list:set size 8", "add l n"]);
  });

  it("have options once, and lists hold no lists", () => {
    const text = "create a hash:ip timeout 5 counters counters timeout 6\ncreate l list:set\ncreate m list:set\nadd l m\n";
    expect(places(parseIpsetSave(text, "f").problems)).toEqual([
      "f:1:46+7 timeout is given twice",
      "f:4:7+1 a list of sets cannot hold another one, and m is one",
    ]);
  });
});
