import { describe, expect, it } from "vitest";
import { readWish, type WishFlags } from "../../src/commands/wish.ts";
import { buildHost } from "../../src/parse/host.ts";
import { parseRoutesByFamily } from "../../src/parse/ip-route.ts";
import { parseIptablesSave } from "../../src/parse/iptables-save.ts";
import { machineOfWords } from "../../src/probe/machine.ts";
import { search } from "../../src/search/search.ts";

const RULES = `*mangle
:PREROUTING ACCEPT [0:0]
-A PREROUTING -i eth0 -p udp -j MARK --set-xmark 0x5/0xffffffff
COMMIT
*nat
:PREROUTING ACCEPT [0:0]
-A PREROUTING -d 192.0.2.10/32 -p tcp -m tcp --dport 80 -j DNAT --to-destination 10.0.0.2:8080
COMMIT
*filter
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
-A FORWARD -d 10.0.0.0/8 -j ACCEPT
-A FORWARD -d 192.0.2.0/24 -i eth0 -j ACCEPT
COMMIT
`;

function asked(flags: WishFlags, hook: "FORWARD" | "OUTPUT", routes?: string): string {
  const { value: ruleset } = parseIptablesSave(RULES, "rules", 4);
  const known = routes === undefined ? {} : { routes: parseRoutesByFamily(routes, "routes", 4).value.four };
  const host = buildHost({ addressesKnown: false, ruleset4: ruleset, ...known }, "host");
  const machine = { ruleset, ...machineOfWords(host, "host", ["--rules", "rules"], 4) };
  const goal = { kind: "verdict", verdict: "accept" } as const;
  const answer = search(machine, { table: "filter", hooks: [hook], goal, wish: readWish(flags, 4) });
  if (answer.kind === "found") return answer.replayed.command;
  return answer.kind === "unknown" ? answer.because : answer.kind;
}

const CHANGED = /earlier tables and routes make others of the packets that were tried/;

describe("a packet that is found is as wished where it comes to the table", () => {
  it("after translation", () => {
    expect(asked({ dst: "10.0.0.2", dport: "8080" }, "FORWARD")).toMatch(/^nettrace packet tcp \S+ 10\.0\.0\.2:8080 /);
    expect(asked({ dst: "192.0.2.10", protocol: "tcp", dport: "80" }, "FORWARD")).toMatch(CHANGED);
    expect(asked({ dst: "192.0.2.10", protocol: "tcp" }, "FORWARD")).toMatch(/ 192\.0\.2\.10:(?!80 )\d+ --in eth0/);
  });

  it("after marks", () => {
    const unmarked = asked({ dst: "10.0.0.2", protocol: "udp", mark: "0" }, "FORWARD");
    expect(unmarked).toMatch(/^nettrace packet udp .* --in (?!eth0 )\S+/);
    expect(asked({ dst: "192.0.2.10", protocol: "udp", mark: "0" }, "FORWARD")).toMatch(CHANGED);
  });

  it("by the device that routes lead to", () => {
    const routes = "default dev eth3\n192.0.2.0/24 dev eth9\n";
    expect(asked({ out: "eth3", protocol: "udp" }, "FORWARD", routes)).toMatch(/^nettrace packet udp \S+ (?!192\.0\.2\.)/);
    expect(asked({ out: "eth9", protocol: "udp" }, "FORWARD", routes)).toMatch(/^nettrace packet udp \S+ 192\.0\.2\./);
    expect(asked({ out: "eth+", dst: "10.0.0.0/8" }, "FORWARD", routes)).toMatch(/^nettrace packet /);
    expect(asked({ out: "eth5" }, "FORWARD", routes)).toMatch(CHANGED);
  });

  it("with a route brought along where none is known", () => {
    expect(asked({ out: "eth5", dst: "10.0.0.2" }, "FORWARD")).toMatch(/^echo "default dev eth5" \| nettrace packet .* --routes -$/);
    expect(asked({ out: "eth5" }, "OUTPUT")).toMatch(/^echo "default dev eth5" \| nettrace packet .* --out-of-socket .* --routes -$/);
  });

  it("or is not told where it cannot be described", () => {
    expect(asked({ mark: "5" }, "OUTPUT")).toMatch(/connections that exist, carry a mark or are later fragments/);
  });
});
