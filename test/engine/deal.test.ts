import { describe, expect, it } from "vitest";
import { Deal } from "../../src/engine/deal.ts";
import { buildHost } from "../../src/parse/host.ts";
import { parseIptablesSave } from "../../src/parse/iptables-save.ts";

const RULES = `*nat
:PREROUTING ACCEPT [0:0]
:SERVICES - [0:0]
-A PREROUTING -p tcp -m tcp --dport 80 -j SERVICES
-A PREROUTING -p udp -m multiport --dports 53,5353 -j SERVICES
-A SERVICES -p tcp -j DNAT --to-destination 10.0.0.9:8080
COMMIT
*filter
:INPUT ACCEPT [0:0]
-A INPUT -p tcp -m tcp --dport 22 -j ACCEPT
COMMIT
`;

const { value: ruleset4 } = parseIptablesSave(RULES, "rules", 4);
const host = buildHost({ addressesKnown: false, ruleset4 }, "host");
const deal = () =>
  new Deal(
    host,
    Array.from({ length: 64 }, () => 1),
  );
const tcp = (sport: number, dport: number, protocol = 6) => ({ src: 1, dst: 2, protocol, sport, dport });

describe("the deal", () => {
  it("has the ports that nat rules name from the ruleset in sum", () => {
    expect([...(ruleset4.summary?.natPorts ?? [])].sort((a, b) => a - b)).toEqual([53, 80, 5353, 8080]);
  });

  it("gives both directions of a connection, translated or not, to the same share", () => {
    const one = deal();
    for (const port of [1024, 20_000, 40_000, 65_535]) {
      const share = one.ofTuple(tcp(port, 80));
      expect([tcp(80, port), tcp(port, 8080), tcp(8080, port)].map((tuple) => one.ofTuple(tuple))).toEqual([share, share, share]);
      expect(one.ofTuple(tcp(22, port))).toBe(one.ofTuple(tcp(port, 22)));
    }
  });

  it("spreads connections over all shares, by their weights", () => {
    const few = new Deal(host, [1, 3]);
    const shares = Array.from({ length: 20_000 }, (_, i) => few.ofTuple(tcp(20_000 + i, 80)));
    const first = shares.filter((share) => share === 0).length / shares.length;
    expect(first).toBeGreaterThan(0.22);
    expect(first).toBeLessThan(0.28);
    expect(new Set(Array.from({ length: 2000 }, (_, i) => deal().ofTuple(tcp(30_000 + i, 80)))).size).toBe(64);
  });

  it("gives what has no ports to one share", () => {
    const one = deal();
    expect(one.ofTuple(tcp(0, 0, 50))).toBe(one.ofTuple({ ...tcp(0, 7, 47), src: 9 }));
  });
});
