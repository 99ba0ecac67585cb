import { describe, expect, it } from "vitest";
import { parseIptablesSave } from "../../src/parse/iptables-save.ts";

const chainOf = (lines: readonly string[], chain: string, grammarOnly = false) => {
  const text = ["*filter", ":INPUT ACCEPT [0:0]", ":a - [0:0]", ":b - [0:0]", ...lines, "COMMIT", ""].join("\n");
  const { value, problems } = parseIptablesSave(text, "rules", 4, { grammarOnly });
  return { chain: value.tables.get("filter")?.chains.get(chain), problems, value };
};

describe("a chain whose rules are read when they are asked for", () => {
  it.each([
    ["that stand together", ["-A a -p tcp -j b", "-A a -p udp -j b", "-A b -j ACCEPT"]],
    ["that stand apart", ["-A a -j b", "-A b -j ACCEPT", "-A a -p tcp -m tcp --dport 80 -j b", "[1:2] -A a -j DROP"]],
    [
      "of which some are not plain",
      ["-A a -j b", "-A a --jump b", "-A a -p tcp -j b", "-I a 2 -s 1.2.3.4,5.6.7.8 -j DROP", "-A a -j DROP"],
    ],
    ["of which one is inserted first", ["-I a -j DROP", "-A a -j b", "-A b -j ACCEPT", "-A a -j ACCEPT"]],
  ])("has them all in their order: rules %s", (_, lines) => {
    const { chain, value, problems } = chainOf(lines, "a");
    expect(problems).toEqual([]);
    expect(chain?.rules.map((rule) => rule.number)).toEqual(chain?.rules.map((_rule, i) => i + 1));
    expect(value).toEqual(chainOf(lines, "a", true).value);
  });

  it("shows them to whoever goes through its properties", () => {
    const { chain } = chainOf(["-A a -j b"], "a");
    expect(Object.keys(chain ?? {})).toContain("rules");
    expect({ ...chain }.rules).toHaveLength(1);
    expect(JSON.parse(JSON.stringify(chain)).rules[0]).toMatchObject({ number: 1, line: 5, text: "-A a -j b" });
    expect(chain).not.toEqual(chainOf(["-A a -j DROP"], "a").chain);
  });

  it("keeps what a name meant where the rule stands, not what it means further on", () => {
    const { chain, problems } = chainOf(["-A a -j LOG", "-N LOG", "-A a -j LOG"], "a");
    expect(problems).toEqual([]);
    expect(chain?.rules.map((rule) => rule.target?.kind)).toEqual(["extension", "jump"]);
  });

  it("tells in sum what the rules name and whether any has counted", () => {
    const { value } = chainOf(['-A a -m comment --comment "x y" -j b', "-A a -p tcp -m tcp --dport 22 -j REJECT"], "a");
    expect(value.summary).toEqual({ names: new Set(["comment", "tcp", "REJECT"]), counted: false, natPorts: new Set() });
    expect(chainOf(["[3:180] -A a -j b"], "a").value.summary?.counted).toBe(true);
  });

  it("finds a loop over rules that nobody has asked for yet", () => {
    const { problems } = chainOf(["-A a -j b", "-A b -p tcp -g a", "-A INPUT -j a"], "a");
    expect(problems.map(({ line, message }) => [line, message])).toEqual([
      [6, "the chain b leads back into itself: the kernel refuses loops"],
    ]);
  });
});
