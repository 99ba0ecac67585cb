import { describe, expect, it } from "vitest";
import { readRules, shown } from "./ruleset.ts";

describe("what is wrong with a rule", () => {
  it.each([
    ["-A INPUT -s 10.0.0.256 -j DROP", '6:13+10 expected an IPv4 address or network (10.0.0.0/8) after -s, found "10.0.0.256"'],
    ["-A INPUT -s 2001:db8::1 -j DROP", '6:13+11 expected an IPv4 address or network (10.0.0.0/8) after -s, found "2001:db8::1"'],
    ["-A INPUT -s 10.0.0.0/33", '6:13+11 expected an IPv4 address or network (10.0.0.0/8) after -s, found "10.0.0.0/33"'],
    ["-A INPUT -s 10.0.0.1,ntp.example.net", '6:22+15 expected an IPv4 address or network (10.0.0.0/8) after -s, found "ntp.example.net"'],
    ["-A INPUT ! -s 10.0.0.1,10.0.0.2", "6:15+17 ! is not possible with several addresses after -s"],
    ["-A INPUT -s 10.0.0.1,10.0.0.2 ! -d 10.0.0.3", "6:44+1 ! is not possible before addresses where -s or -d has several"],
    ["-A INPUT -s", "6:12+1 expected an IPv4 address or network (10.0.0.0/8) after -s, found the end of the line"],
    ["-A INPUT -s 10.0.0.1 --src 10.0.0.2", "6:22+5 --src is given twice"],
    ["-A INPUT -p 256", `6:13+3 expected a protocol's name or its number from 0 to 255 after -p, found "256"`],
    ["-A INPUT ! -p all", "6:15+3 a rule for no protocol at all would never match"],
    ["-A INPUT -i a-much-too-long-name", '6:13+20 expected an interface name of 1 to 15 characters after -i, found "a-much-too-long-name"'],
    ["-A INPUT -o eth0 -j DROP", "6:10+2 -o is not possible in INPUT"],
    ["-A OUTPUT -i eth0 -j DROP", "6:11+2 -i is not possible in OUTPUT"],
    ["-A INPUT -j ACCEPT -j DROP", "6:20+2 a rule can have only one target"],
    ["-A INPUT ! -j DROP", "6:10+4 -j cannot be negated"],
    ["-A INPUT ! ! -s 10.0.0.1", "6:12+1 ! is given twice"],
    ["-A INPUT -j DROP !", "6:19+1 expected a flag after !, found the end of the line"],
    ["-A INPUT -j", "6:12+1 expected a chain or a target after -j, found the end of the line"],
    ["-A INPUT -j wbe", '6:13+3 no chain or target named "wbe"'],
    ["-A INPUT -j wwb", '6:13+3 no chain or target named "wwb" (did you mean web?)'],
    ["-A INPUT -j accept", '6:13+6 no chain or target named "accept" (did you mean ACCEPT?)'],
    ["-A INPUT -g nowhere", '6:13+7 no chain named "nowhere" in this table'],
    ["-A INPUT -j OUTPUT", "6:13+6 -j cannot go to the built-in chain OUTPUT"],
    ["-A INPUT -t nat -j DROP", "6:10+2 -t is not possible here: the line *TABLE above says which table a rule is in"],
    ["-A INPUT -c 1 x", '6:13+3 expected packets and bytes after -c, found "1 x"'],
    ["-A INPUT 10.0.0.1", '6:10+8 expected a flag, found "10.0.0.1"'],
    ["-A INPUT -m", "6:12+1 expected the name of a match after -m, found the end of the line"],
    ["-A INPUT -m -j DROP", '6:13+2 expected the name of a match after -m, found "-j"'],
  ])("%s", (rule, problem) => {
    const { problems } = readRules([rule]);
    expect(shown(problems)[0]).toBe(problem);
    expect(problems[0]).toMatchObject({ file: "rules.txt", source: rule });
  });

  it.each([
    ["-A INPUT -p tcp -m tcp --dprot 80 -j DROP", '6:24+7 unknown flag "--dprot" (did you mean --dport?)'],
    ["-A INPUT -p tcp --dports 80,443 -j DROP", '6:17+8 unknown flag "--dports" (--dports belongs to -m multiport)'],
    ["-A INPUT -p tcp -m tcp --dport", expect.stringMatching(/^6:31\+1 expected a port.* after --dport, found the end of the line$/)],
    [
      "-A INPUT -p tcp -m tcp --dport 80,443 -j ACCEPT",
      expect.stringMatching(
        /^6:32\+6 expected a port.* after --dport, found "80,443" \(for several ports use -m multiport --dports 80,443\)$/,
      ),
    ],
    ["-A INPUT -p tcp -m tcp --dport 1 --dport 2 -j DROP", "6:34+7 --dport is given twice"],
    ["-A INPUT -m comment ! --comment x", "6:21+11 --comment cannot be negated"],
    ["-A INPUT -m tcp --dport 80", "6:13+3 the match tcp is possible only with -p tcp"],
    ["-A INPUT ! -p tcp -m tcp --dport 80", "6:22+3 the match tcp is possible only with -p tcp"],
    ["-A INPUT -m comment -j DROP", "6:13+7 comment needs --comment"],
    [
      "-A INPUT -m multiport --dports 80,81 -p tcp",
      "6:23+8 the match multiport is possible only behind -p tcp, udp, udplite, sctp or dccp",
    ],
    ["-A INPUT -j DNAT --to-destination 10.0.0.1:80 -p tcp", "6:18+16 DNAT with ports is possible only behind -p tcp, udp, sctp or dccp"],
    ["-A INPUT -m multiport --dports 80,81", "6:13+9 the match multiport is possible only with -p tcp, udp, udplite, sctp or dccp"],
    ["-A INPUT -p udp -j REJECT --reject-with tcp-reset", "6:20+6 only with -p tcp can a rule reject with tcp-reset"],
    ["-A INPUT -j DNAT --to-destination 10.0.0.1:80", "6:13+4 DNAT with ports is possible only with -p tcp, udp, sctp or dccp"],
  ])("an option: %s", (rule, problem) => {
    expect(shown(readRules([rule]).problems)).toEqual([problem]);
  });

  it("is bounded where a line is out of all proportion", () => {
    const words = readRules([`-A INPUT ${"x ".repeat(1000)}`]).problems;
    expect(words).toHaveLength(10);
    const many = Array(300).fill("10.0.0.1").join(",");
    expect(readRules([`-A INPUT -s ${many} -d ${many}`]).problems).toEqual([
      expect.objectContaining({ message: "expected addresses for at most 65536 rules, found some for 90000" }),
    ]);
    const long = `-A INPUT -m comment --comment "${"\\x".repeat(40_000)}"`;
    expect(readRules([long]).problems).toEqual([
      expect.objectContaining({ line: 6, column: 65537, message: "expected a line of at most 65536 characters" }),
    ]);
  });

  it("is found in all rules and all places at once, and the other rules are read", () => {
    const { value, problems } = readRules([
      "-A INPUT -i lo -j ACCEPT",
      "-A INPUT -s nowhere -p tcp -m tcp --dport http! -j REJCT",
      "-A INPUT -p udp -j DROP",
      "-A OUTPT -j ACCEPT",
      '-A INPUT -m comment --comment "oops -j DROP',
      "-A web -j RETURN",
    ]);
    expect(shown(problems).map((text) => text.replace(/ .*/, ""))).toEqual(["7:13+7", "7:43+5", "7:52+5", "9:4+5", "10:31+13"]);
    const rules = [...(value.tables.get("filter")?.chains.values() ?? [])].flatMap((chain) => chain.rules);
    expect(rules.map((rule) => [rule.line, rule.number])).toEqual([
      [6, 1],
      [8, 2],
      [11, 1],
    ]);
  });
});
