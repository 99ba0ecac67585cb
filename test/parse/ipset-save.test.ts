import { describe, expect, it } from "vitest";
import { parseIpsetSave } from "../../src/parse/ipset-save.ts";
import { shown } from "./ruleset.ts";

const read = (...lines: string[]) => parseIpsetSave(lines.join("\n"), "ipset-save.txt");

describe("sets", () => {
  it("have type, family, options and entries as written", () => {
    const { value, problems } = read(
      "create web hash:ip,port family inet hashsize 1024 maxelem 65536 counters comment bucketsize 12 initval 0xc583e78b",
      'add web 192.0.2.1,udp:53 packets 3 bytes 180 comment "name server"',
      "add web 192.0.2.2,icmp:echo-request packets 0 bytes 0",
      "create six hash:net family inet6 timeout 0",
      "create all list:set size 8",
      "add all web",
      "add six 2001:db8::/32 timeout 99 nomatch",
      "",
    );
    expect(problems).toEqual([]);
    expect(value.map((set) => [set.name, set.type, set.family, set.entries.length])).toEqual([
      ["web", "hash:ip,port", 4, 2],
      ["six", "hash:net", 6, 1],
      ["all", "list:set", 4, 1],
    ]);
    expect([...(value[0]?.options ?? [])].slice(3)).toEqual([
      ["counters", ""],
      ["comment", ""],
      ["bucketsize", "12"],
      ["initval", "0xc583e78b"],
    ]);
    expect(value[0]?.entries[0]).toEqual({
      element: "192.0.2.1,udp:53",
      options: new Map([
        ["packets", "3"],
        ["bytes", "180"],
        ["comment", "name server"],
      ]),
    });
    expect([...(value[1]?.entries[0]?.options.keys() ?? [])]).toEqual(["timeout", "nomatch"]);
  });

  it("may be none", () => {
    expect(read("")).toEqual({ value: [], problems: [] });
  });

  it("may be wrong in many ways at once", () => {
    const { value, problems } = read(
      "create web hash:ip",
      "create web hash:net",
      "create odd ip",
      "add wbe 10.0.0.1",
      "add weeb 10.0.0.1",
      "swap web odd",
      "create all list:set",
      "add all nothing",
      "add web 10.0.0.1",
    );
    expect(shown(problems)).toEqual([
      "2:8+3 the set web is created twice",
      '3:12+2 expected the type of a set (hash:ip, list:set …), found "ip"',
      '4:5+3 no set named "wbe" is created before this line',
      '5:5+4 no set named "weeb" is created before this line (did you mean web?)',
      '6:1+4 expected create or add, found "swap"',
      '8:9+7 no set named "nothing" is created before this line',
    ]);
    expect(value.map((set) => [set.name, set.entries.length])).toEqual([
      ["web", 1],
      ["all", 0],
    ]);
  });
});
