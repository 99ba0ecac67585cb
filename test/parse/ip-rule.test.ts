import { describe, expect, it } from "vitest";
import { parsePolicyRules } from "../../src/parse/ip-rule.ts";
import { places, recorded } from "./recording.ts";

const one = (text: string, family: 4 | 6 = 4) => {
  const { value, problems } = parsePolicyRules(text, "r", family);
  expect(problems).toEqual([]);
  return value[0];
};

describe("ip rule, text", () => {
  it("reads the three rules of every host", () => {
    const text = "0:\tfrom all lookup local \n32766:\tfrom all lookup main \n32767:\tfrom all lookup default \n";
    const rules = [
      { priority: 0, not: false, action: { kind: "lookup", table: "local" }, text: "0: from all lookup local", line: 1 },
      { priority: 32766, not: false, action: { kind: "lookup", table: "main" }, text: "32766: from all lookup main", line: 2 },
      { priority: 32767, not: false, action: { kind: "lookup", table: "default" }, text: "32767: from all lookup default", line: 3 },
    ];
    expect(parsePolicyRules(text, "r", 4)).toEqual({ value: rules, problems: [] });
  });

  it("reads every selector that is modelled", () => {
    const text =
      "5:\tnot from 10.0.0.1 to 192.0.2.0/24 tos AF11 fwmark 0x1/0xff iif a oif b [detached] ipproto ipv6-icmp sport 53 dport 1000-2000 lookup 254 suppress_prefixlength 0 suppress_ifgroup 7 proto kernel";
    expect(one(text)).toMatchObject({
      not: true,
      from: { address: 0x0a000001, length: 32 },
      to: { address: 0xc0000200, length: 24 },
      tos: 0x28,
      mark: { value: 1, mask: 255 },
      iif: "a",
      oif: "b",
      protocol: 58,
      sport: [53, 53],
      dport: [1000, 2000],
      action: { kind: "lookup", table: "main" },
      suppressPrefixLength: 0,
      suppressIfGroup: "7",
    });
    expect(one(text)?.unmodelled).toBeUndefined();
    expect(one("5: from all fwmark 2 lookup x")?.mark).toEqual({ value: 2, mask: 0xffffffff });
  });

  it.each(["nop", "unreachable", "prohibit", "blackhole"])("reads the action %s", (kind) => {
    expect(one(`5: from all ${kind}`)?.action).toEqual({ kind });
  });

  it("keeps the words of what is not modelled", () => {
    expect(one("5: from all uidrange 0-99 lookup 7 realms 3/4")?.unmodelled).toEqual(["uidrange", "0-99", "realms", "3/4"]);
    expect(one("5: from all lookup [l3mdev-table]")?.unmodelled).toEqual(["lookup", "[l3mdev-table]"]);
    expect(one("5: from all dport 0x50/0xff lookup 7")).toMatchObject({ unmodelled: ["dport", "0x50/0xff"] });
    expect(one("5: from all goto 32766 [unresolved]")).toMatchObject({ action: { kind: "goto", priority: 32766 } });
  });

  it("reports all problems of a file and reads the rest", () => {
    const text = [
      "0:\tfrom all lookup local",
      "1:\tfrom 10.0.0.0/8",
      "2:\tfrom fe80::/10 lookup main",
      "3:\tfrom all fwmark 0x1/x sport 2-1 lookup main",
      "4:\tfrom all lookup",
      "main",
      "9:\tfrom all lookup main",
    ];
    const { value, problems } = parsePolicyRules(text.join("\n"), "rules", 4);
    expect(places(problems)).toEqual([
      "rules:2:4+4 expected an action (lookup TABLE, goto, nop, unreachable, prohibit or blackhole)",
      'rules:3:9+9 expected an IPv4 address, a prefix or "all" after from, found "fe80::/10"',
      'rules:4:20+5 expected a mark (0x1 or 0x1/0xff) after fwmark, found "0x1/x"',
      'rules:4:32+3 expected a port or a range (1000-2000) after sport, found "2-1"',
      "rules:5:19+1 expected a table after lookup, found the end of the line",
      'rules:6:1+4 expected a priority and a colon (32766:), found "main"',
    ]);
    expect(value.map(({ priority }) => priority)).toEqual([0, 2, 3, 9]);
  });
});

describe("ip rule, JSON", () => {
  it("means the same as the text of the same state", () => {
    const text = parsePolicyRules(recorded("ip-rule.txt"), "t", 4);
    const json = parsePolicyRules(recorded("ip-rule.json"), "j", 4);
    expect([...text.problems, ...json.problems]).toEqual([]);
    expect(text.value).toHaveLength(14);
    const sansText = (rules: typeof text.value) => rules.map(({ line, text: _, ...rule }) => rule);
    expect(sansText(json.value)).toEqual(sansText(text.value));
  });

  it("names the path of what is wrong", () => {
    const json = '[{"priority":0,"src":"all","table":"local"},{"priority":"1"},{"priority":2,"src":"x","table":"main"},{"priority":3}]';
    expect(places(parsePolicyRules(json, "r", 4).problems)).toEqual([
      'r:1:57+3 [1].priority: expected a number, found "1"',
      'r:1:82+3 [2].src: expected an IPv4 address, a prefix or "all" after from, found "x"',
      "r:1:102+14 [3].src: expected an action (lookup TABLE, goto, nop, unreachable, prohibit or blackhole)",
    ]);
  });

  it("says of half a pair which half is there", () => {
    const json = '[{"priority":1,"src":"all","fwmask":"0xff","table":"main"},{"priority":2,"sport_end":9,"table":"main"}]';
    expect(places(parsePolicyRules(json, "r", 4).problems).map((place) => place.replace(/^\S+ /, ""))).toEqual([
      '[0].fwmark: expected a mark (0x1 or 0x1/0xff) after fwmark, found "/0xff"',
      '[1].sport: expected a port or a range (1000-2000) after sport, found "-9"',
    ]);
  });
});
