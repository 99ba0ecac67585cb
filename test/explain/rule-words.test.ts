import { describe, expect, it } from "vitest";
import { briefRule, commentOf, fitRule, ruleBody } from "../../src/explain/rule-words.ts";
import type { Rule } from "../../src/model/rule.ts";

const rule = (text: string): Rule => ({ number: 1, line: 1, text, matches: [] });

describe("a rule's text", () => {
  it("is told without its chain", () => {
    expect(ruleBody(rule("-A INPUT -p tcp -j ACCEPT"))).toBe("-p tcp -j ACCEPT");
    expect(ruleBody(rule('-A "odd chain" -j ACCEPT'))).toBe("-j ACCEPT");
    expect(ruleBody(rule("-A INPUT"))).toBe("(no conditions, no target)");
  });

  it("leaves out what only repeats", () => {
    expect(briefRule(rule("-A F -d 10.0.0.1/32 -p tcp -m tcp --dport 80 -j ACCEPT"))).toBe("-d 10.0.0.1 -p tcp --dport 80 -j ACCEPT");
    expect(briefRule(rule('-A F -p tcp -m comment --comment "a \\"b\\" c" -m tcp --dport 80 -j X'))).toBe("-p tcp --dport 80 -j X");
    expect(briefRule(rule("-A F -p udp -m multiport --dports 1,2 -j X"))).toBe("-p udp -m multiport --dports 1,2 -j X");
  });

  it("has its comment read", () => {
    expect(commentOf(rule('-A F -m comment --comment "a \\"b\\" c" -j X'))).toBe('a "b" c');
    expect(commentOf(rule("-A F -m comment --comment word -j X"))).toBe("word");
    expect(commentOf(rule("-A F -j X"))).toBeUndefined();
  });

  it.each([20, 30, 40, 60])("is cut to %i columns with its target in sight", (width) => {
    const text = "! -i docker0 -s 10.0.0.0/8 -p tcp --dport 8080 -j DNAT --to-destination 172.17.0.2:80";
    const cut = fitRule(text, width);
    expect(cut.length).toBeLessThanOrEqual(width);
    expect(cut).toContain("-j DNAT");
    expect(cut).toContain("…");
  });

  it("is left alone where it fits", () => {
    expect(fitRule("-j ACCEPT", 9)).toBe("-j ACCEPT");
  });
});
