import { describe, expect, it } from "vitest";
import { readWish, type WishFlags } from "../../src/commands/wish.ts";
import type { Hook } from "../../src/model/rule.ts";
import { buildHost } from "../../src/parse/host.ts";
import { parseIptablesSave } from "../../src/parse/iptables-save.ts";
import { machineOfWords } from "../../src/probe/machine.ts";
import { type Goal, search } from "../../src/search/search.ts";

const RULES = `*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
:WEB - [0:0]
:LOST - [0:0]
-A INPUT -p tcp -m tcp --dport 22 -j ACCEPT
-A INPUT -p tcp -m tcp --dport 20:30 -j REJECT
-A INPUT -s 10.0.0.0/8 -p tcp -m tcp --dport 22 -j DROP
-A FORWARD -d 10.0.0.0/24 -i eth0 -p tcp -m tcp --dport 22 -j DROP
-A FORWARD -d 10.0.0.0/16 -j WEB
-A FORWARD -d 10.0.0.0/17 -p icmp -j DROP
-A FORWARD -p udp -m string --string x --algo bm -j ACCEPT
-A WEB -p tcp -m multiport --dports 22,80,443 -j ACCEPT
-A WEB -p udp -j RETURN
-A WEB -j DROP
-A LOST -j DROP
COMMIT
`;

function asked(goal: Goal, flags: WishFlags = {}, hooks: readonly Hook[] = ["INPUT", "FORWARD", "OUTPUT"]) {
  const { value: ruleset } = parseIptablesSave(RULES, "rules", 4);
  const host = buildHost({ addressesKnown: false, ruleset4: ruleset }, "host");
  const machine = { ruleset, ...machineOfWords(host, "host", ["--rules", "rules"], 4) };
  return search(machine, { table: "filter", hooks, goal, wish: readWish(flags, 4) });
}

const rule = (chain: string, number: number): Goal => ({ kind: "rule", chain, number });

describe("a search", () => {
  it("finds a packet that matches a rule", () => {
    const found = asked(rule("WEB", 1), { dst: "10.0.0.0/24", dport: "22" });
    expect(found).toMatchObject({ kind: "found", hook: "FORWARD", decision: { chain: "WEB", rule: 1, verdict: "accept" } });
    expect(found.kind === "found" && found.replayed.command).toMatch(
      /nettrace packet tcp \S+ 10\.0\.0\.1:22 --in (?!eth0 )\S+ --rules rules/,
    );
  });

  it("proves that there is none, and says who takes all that would do", () => {
    const none = asked(rule("INPUT", 3));
    expect(none).toMatchObject({ kind: "none", takers: [{ chain: "INPUT", rule: 1, verdict: "accept" }] });
  });

  it("says where a rule asks for others than come to it", () => {
    expect(asked(rule("FORWARD", 3))).toMatchObject({ kind: "none", takers: [{ chain: "WEB", rule: 3 }] });
    expect(asked(rule("LOST", 1))).toMatchObject({
      kind: "none",
      reasons: ["no rule leads from INPUT or FORWARD or OUTPUT to chain LOST"],
    });
  });

  it.each([
    ["accept", { protocol: "tcp", dport: "22", in: "eth0", dst: "10.0.0.0/24" }, ["FORWARD"], "none"],
    ["accept", { dport: "22", in: "eth1", dst: "10.0.0.0/24" }, ["FORWARD"], "found"],
    ["reject", { dport: "22" }, ["INPUT"], "none"],
    ["reject", { dport: "21" }, ["INPUT"], "found"],
    ["drop", { protocol: "tcp" }, ["OUTPUT"], "none"],
    ["accept", { "icmp-type": "8" }, ["INPUT", "FORWARD"], "none"],
    ["queue", {}, ["INPUT", "FORWARD", "OUTPUT"], "none"],
  ] as const)("for verdict %s with %j at %j answers %s", (verdict, flags, hooks, answer) => {
    expect(asked({ kind: "verdict", verdict }, flags, hooks).kind).toBe(answer);
  });

  it("does not guess what hangs on a condition", () => {
    expect(asked(rule("FORWARD", 4)).kind).toBe("unknown");
  });
});
