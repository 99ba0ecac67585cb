import { describe, expect, it } from "vitest";
import { parseAddress } from "../../src/model/address.ts";
import { readRules, ruleOf, rulesOf, shown } from "./ruleset.ts";

const ip = (text: string) => parseAddress(text);

describe("the header of a rule", () => {
  it("reads addresses, protocol, interfaces and fragment", () => {
    expect(ruleOf("-A FORWARD -s 10.1.2.3/8 -d 192.0.2.1/32 -i eth0 -o br+ -p tcp -f -j ACCEPT")).toEqual({
      number: 1,
      line: 6,
      text: "-A FORWARD -s 10.1.2.3/8 -d 192.0.2.1/32 -i eth0 -o br+ -p tcp -f -j ACCEPT",
      source: { value: { address: ip("10.0.0.0"), mask: ip("255.0.0.0") }, not: false },
      destination: { value: { address: ip("192.0.2.1"), mask: ip("255.255.255.255") }, not: false },
      inInterface: { value: "eth0", not: false },
      outInterface: { value: "br+", not: false },
      protocol: { value: 6, not: false },
      fragment: { value: true, not: false },
      matches: [],
      target: { kind: "verdict", verdict: "ACCEPT" },
    });
  });

  it.each([
    ["10.0.0.1", "10.0.0.1", "255.255.255.255"],
    ["10.0.0.0/255.0.255.0", "10.0.0.0", "255.0.255.0"],
    ["10/8", "10.0.0.0", "255.0.0.0"],
    ["192.0.2.255/30", "192.0.2.252", "255.255.255.252"],
    ["0.0.0.0/1", "0.0.0.0", "128.0.0.0"],
    ["010.0.0.1/32", "8.0.0.1", "255.255.255.255"],
    ["0xa.0.0.1/010", "10.0.0.0", "255.0.0.0"],
  ])("-s %s", (text, address, mask) => {
    expect(ruleOf(`-A INPUT -s ${text}`).source).toEqual({ value: { address: ip(address), mask: ip(mask) }, not: false });
  });

  it("reads IPv6 addresses and clears host bits", () => {
    expect(ruleOf("-A INPUT -d 2001:db8::1/32", 6).destination?.value).toEqual({ address: ip("2001:db8::"), mask: ip("ffff:ffff::") });
    expect(ruleOf("-A INPUT -d ::1", 6).destination?.value.address).toBe(1n);
  });

  it("takes /0 for everything there is, whatever stands before it", () => {
    expect(ruleOf("-A INPUT ! -s 0/0", 6).source?.value).toEqual({ address: 0n, mask: 0n });
    expect(ruleOf("-A INPUT ! -s ::/0").source?.value).toEqual({ address: 0, mask: 0 });
  });

  it("stores nothing for what matches everything", () => {
    const rule = ruleOf("-A FORWARD -s 0.0.0.0/0 -d 0/0 -p all -i + -o + -j DROP");
    expect(Object.keys(rule).sort()).toEqual(["line", "matches", "number", "target", "text"]);
    expect(ruleOf("-A FORWARD ! -s 0.0.0.0/0").source?.not).toBe(true);
    expect(ruleOf("-A FORWARD ! -i +").inInterface).toEqual({ value: "+", not: true });
  });

  it.each(["! -s 10.0.0.1", "-s ! 10.0.0.1"])("%s is negated", (words) => {
    expect(ruleOf(`-A INPUT ${words} -j DROP`).source?.not).toBe(true);
  });

  it("negates protocol, interfaces and fragment, each by itself", () => {
    const rule = ruleOf("-A FORWARD ! -p udp ! -i lo -o eth1 ! -f");
    expect([rule.protocol?.not, rule.inInterface?.not, rule.outInterface?.not, rule.fragment?.not]).toEqual([true, true, false, true]);
  });

  it.each([
    ["icmp", 1],
    ["TCP", 6],
    ["ipv6-icmp", 58],
    ["icmpv6", 58],
    ["ipencap", 4],
    ["ipip", 94],
    ["255", 255],
    ["gre", 47],
  ])("-p %s is %i", (name, number) => {
    expect(ruleOf(`-A INPUT -p ${name}`).protocol?.value).toBe(number);
  });

  it("makes a rule of each pair of addresses, in the order of iptables", () => {
    const rules = rulesOf("-A INPUT -s 10.0.0.1,10.0.0.2 -d 192.0.2.0/24,192.0.3.0/24 -j DROP");
    expect(rules.map((rule) => [rule.number, rule.source?.value.address, rule.destination?.value.address])).toEqual([
      [1, ip("10.0.0.1"), ip("192.0.2.0")],
      [2, ip("10.0.0.1"), ip("192.0.3.0")],
      [3, ip("10.0.0.2"), ip("192.0.2.0")],
      [4, ip("10.0.0.2"), ip("192.0.3.0")],
    ]);
    expect(new Set(rules.map((rule) => rule.line))).toEqual(new Set([6]));
  });

  it("reads long flags, abbreviations, attached values and =", () => {
    const rule = ruleOf("--append INPUT --source 10.0.0.1 --in-interface=eth0 --proto tcp --match tcp --destination-port=80 -jACCEPT");
    expect(rule.inInterface?.value).toBe("eth0");
    expect(rule.protocol?.value).toBe(6);
    expect(rule.matches).toEqual([expect.objectContaining({ name: "tcp", words: ["--destination-port", "80"] })]);
    expect(rule.target).toEqual({ kind: "verdict", verdict: "ACCEPT" });
    expect(ruleOf("-A INPUT -pudp ! --sourc 10.0.0.1").source?.not).toBe(true);
  });

  it("keeps counters out of the text", () => {
    for (const line of [
      "[7:420] -A INPUT -i lo -j ACCEPT",
      "-A INPUT -i lo -c 7 420 -j ACCEPT",
      "-A INPUT -i lo -j ACCEPT --set-counters 7,420",
    ]) {
      expect(ruleOf(line)).toMatchObject({ text: "-A INPUT -i lo -j ACCEPT", counters: { packets: 7, bytes: 420 } });
    }
  });
});

describe("matches", () => {
  it("lowers options by their spec and keeps the words as written", () => {
    const rule = ruleOf(String.raw`-A INPUT -p tcp -m tcp --sport 1024:65535 ! --dport 22 -m comment --comment "say \"hi\"" -j DROP`);
    expect(rule.matches.map((match) => [match.name, match.words])).toEqual([
      ["tcp", ["--sport", "1024:65535", "!", "--dport", "22"]],
      ["comment", ["--comment", String.raw`"say \"hi\""`]],
    ]);
    const [tcp, comment] = rule.matches;
    expect(Object.values(tcp?.args ?? {}).map((arg) => arg?.not)).toEqual([false, true]);
    expect(Object.values(comment?.args ?? {})).toEqual([{ value: 'say "hi"', not: false }]);
  });

  it("loads the protocol's match where an option of it follows, and after what came before", () => {
    const rule = ruleOf("-A INPUT -m conntrack --ctstate NEW -p tcp ! --syn --dport 80 -m comment --comment x -j DROP");
    expect(rule.matches.map((match) => match.name)).toEqual(["conntrack", "tcp", "comment"]);
    expect(rule.matches[1]?.words).toEqual(["!", "--syn", "--dport", "80"]);
    expect(ruleOf("-A INPUT -p 17 --dport 53").matches.map((match) => match.name)).toEqual(["udp"]);
  });

  it("takes the same match several times", () => {
    const rule = ruleOf("-A INPUT -m set --match-set a src -m set ! --match-set b dst,dst -j DROP");
    expect(rule.matches.map((match) => match.words)).toEqual([
      ["--match-set", "a", "src"],
      ["!", "--match-set", "b", "dst,dst"],
    ]);
  });

  it("gives an option to the newest match that has it, and lets options come late", () => {
    const rule = ruleOf("-A INPUT -p tcp -m tcp -m comment --comment x -j DROP --dport 80");
    expect(rule.matches.map((match) => match.words)).toEqual([
      ["--dport", "80"],
      ["--comment", "x"],
    ]);
    const two = readRules(["-A INPUT -p tcp -m tcp -j DROP", "-A INPUT -p tcp -m tcp -j DROP --dport 80"]).value;
    const rules = two.tables.get("filter")?.chains.get("INPUT")?.rules ?? [];
    expect(rules.map((r) => r.matches[0]?.words)).toEqual([[], ["--dport", "80"]]);
  });

  it.each(["! --ctstate NEW", "--ctstate ! NEW"])("reads %s", (words) => {
    const [match] = ruleOf(`-A INPUT -m conntrack ${words} -j DROP`).matches;
    expect(Object.values(match?.args ?? {})).toEqual([expect.objectContaining({ not: true })]);
    expect(match?.words).toEqual(words.split(" "));
  });

  it("takes a flag for a value where a value is due", () => {
    const rules = [ruleOf("-A INPUT -m comment --comment -j -j DROP"), ruleOf("-A INPUT -m comment --comment ! -j DROP")];
    expect(rules.map((rule) => rule.matches[0]?.words)).toEqual([
      ["--comment", "-j"],
      ["--comment", "!"],
    ]);
    expect(rules.map((rule) => rule.target)).toEqual([
      { kind: "verdict", verdict: "DROP" },
      { kind: "verdict", verdict: "DROP" },
    ]);
  });

  it("keeps one that is not modelled word for word, up to the next flag of iptables", () => {
    const rule = ruleOf('-A FORWARD -m ndpi ! --proto "x y" --all ! -i eth0 -m comment --comment z -j DROP');
    expect(rule.matches[0]).toEqual({ name: "ndpi", words: ["!", "--proto", '"x y"', "--all"] });
    expect(rule.inInterface).toEqual({ value: "eth0", not: true });
    expect(rule.matches[1]?.name).toBe("comment");
  });

  it("keeps a MAC address that was masked before publication", () => {
    const rule = ruleOf("-A INPUT -m mac --mac-source XX:XX:XX:XX:XX:XX -j DROP");
    expect(rule.matches[0]).toMatchObject({ name: "mac", words: ["--mac-source", "XX:XX:XX:XX:XX:XX"] });
  });
});

describe("targets", () => {
  it.each(["ACCEPT", "DROP", "RETURN", "QUEUE"])("-j %s is a verdict", (verdict) => {
    expect(ruleOf(`-A INPUT -j ${verdict}`).target).toEqual({ kind: "verdict", verdict });
  });

  it("knows chains", () => {
    expect(ruleOf("-A INPUT -j web").target).toEqual({ kind: "jump", chain: "web" });
    expect(ruleOf("-A INPUT -g web").target).toEqual({ kind: "goto", chain: "web" });
    expect(ruleOf("-A INPUT --goto web").target).toEqual({ kind: "goto", chain: "web" });
  });

  it("may be absent", () => {
    expect(ruleOf("-A INPUT -i lo").target).toBeUndefined();
    expect(ruleOf("-A INPUT").matches).toEqual([]);
  });

  it("lowers the options of a target, which may stand before a match", () => {
    const rule = ruleOf('-A INPUT -j LOG --log-prefix "a b" -m comment --comment x --log-level 4');
    expect(rule.target).toMatchObject({ kind: "extension", name: "LOG", words: ["--log-prefix", '"a b"', "--log-level", "4"] });
    expect(rule.target).toHaveProperty("args");
  });

  it("keeps a target of iptables that is not modelled word for word", () => {
    expect(ruleOf("-A INPUT -j TARPIT --honeypot --ports 22").target).toEqual({
      kind: "extension",
      name: "TARPIT",
      words: ["--honeypot", "--ports", "22"],
    });
  });
});

describe("families", () => {
  it("leaves out rules for the other one", () => {
    const rules = [
      "-4 -A INPUT -p icmp -m icmp --icmp-type 8 -j ACCEPT",
      "-6 -A INPUT -s 2001:db8::1 -j ACCEPT",
      "-A INPUT -6 -j DROP",
      "-A INPUT -d 2001:db8::1 -6 -j DROP",
    ];
    const texts = (family: 4 | 6) =>
      readRules(rules, family)
        .value.tables.get("filter")
        ?.chains.get("INPUT")
        ?.rules.map((rule) => rule.text);
    expect(texts(4)).toEqual(["-A INPUT -p icmp -m icmp --icmp-type 8 -j ACCEPT"]);
    expect(texts(6)).toEqual(["-A INPUT -s 2001:db8::1 -j ACCEPT", "-A INPUT -6 -j DROP", "-A INPUT -d 2001:db8::1 -6 -j DROP"]);
    expect([...readRules(rules, 4).problems, ...readRules(rules, 6).problems]).toEqual([]);
  });

  it.each([
    [4, "-A INPUT -m hl --hl-eq 3 -j DROP", "6:13+2 the match hl is for IPv6 only"],
    [4, "-A INPUT -j HL --hl-set 3", "6:13+2 the target HL is for IPv6 only"],
    [6, "-A INPUT -m ttl --ttl-eq 3 -j DROP", "6:13+3 the match ttl is for IPv4 only"],
    [6, "-A INPUT -f -j DROP", "6:10+2 -f is for IPv4 only (for IPv6 there is -m frag)"],
  ] as const)("IPv%i: %s", (family, rule, problem) => {
    expect(shown(readRules([rule], family).problems)).toEqual([problem]);
  });
});
