import { describe, expect, it } from "vitest";
import { Collection } from "../../src/explain/collect.ts";
import { Budget, Distinct, Estimate } from "../../src/explain/distinct.ts";
import { FlowStates } from "../../src/explain/flow-states.ts";
import { summarize } from "../../src/explain/summary.ts";
import { Tallies } from "../../src/explain/tallies.ts";
import type { Verdict } from "../../src/model/trace.ts";
import { natTable, replayed, router, type Seen, tcp } from "../engine/router.ts";

const OPTIONS = { tables: false, allSteps: false, sort: "trouble", all: false, filtered: false } as const;

describe("different numbers", () => {
  it.each([1, 100, 10_000, 1_000_000])("are estimated: %i", (n) => {
    const estimate = new Estimate();
    for (let i = 1; i <= n; i++) for (let again = 0; again < 2; again++) estimate.add(i);
    expect(Math.abs(estimate.size - n)).toBeLessThanOrEqual(n * 0.05);
  });

  it("are counted exactly while the budget lasts", () => {
    const budget = new Budget(1000);
    const [small, large] = [new Distinct(budget), new Distinct(budget)];
    for (let i = 0; i < 100; i++) small.add(i % 50);
    for (let i = 0; i < 20_000; i++) large.add(i);
    expect([small.size, small.about]).toEqual([50, false]);
    expect(large.about).toBe(true);
    expect(Math.abs(large.size - 20_000)).toBeLessThan(1000);
    expect(budget.left).toBe(950);
  });
});

describe("tallies", () => {
  it("keep what is large, and say what a row may lack", () => {
    const tallies = new Tallies<string>(20, new Budget(10_000));
    let flow = 0;
    for (let i = 0; i < 5000; i++) {
      tallies.add(`rare ${i}`, ++flow, i, () => `rare ${i}`);
      const large = `large ${i % 10}`;
      tallies.add(large, ++flow, i, () => large, i % 3 === 0 ? "here" : "there");
    }
    const { top, inAll, about, packets, slack } = tallies.ranking(10);
    expect(top.map(({ label }) => label).sort()).toEqual(Array.from({ length: 10 }, (_, i) => `large ${i}`));
    for (const { packets: n, most } of top) {
      expect(n).toBeLessThanOrEqual(500);
      expect(n + slack).toBeGreaterThanOrEqual(500);
      expect(most).toBe("there");
    }
    expect(about).toBe(true);
    expect(Math.abs(inAll - 5010)).toBeLessThan(250);
    expect(packets).toBe(10_000);
  });

  it("are exact as long as all are kept", () => {
    const tallies = new Tallies<number>(20, new Budget(10_000));
    for (let i = 0; i < 300; i++) tallies.add(String(i % 30), i, i, () => i % 30);
    const { top, inAll, about, slack } = tallies.ranking(100);
    expect([inAll, about, slack]).toEqual([30, false, 0]);
    expect(top.map(({ packets, flows }) => [packets, flows.size])).toEqual(Array.from({ length: 30 }, () => [10, 10]));
  });
});

describe("endings of connections", () => {
  const verdicts: readonly Verdict[] = ["delivered", "forwarded", "dropped", "rejected", "queued", "unknown"];

  it.each([4, 100, 1500])("are the same when only the newest %i can still change", (window) => {
    const [all, newest] = [new FlowStates(), new FlowStates(window)];
    for (let flow = 1; flow <= 3000; flow++) {
      for (const states of [all, newest]) {
        states.mark(flow, verdicts[flow % 6] as Verdict);
        if (flow % 7 === 0) states.miss(flow);
        if (flow > 2) states.mark(flow - 2, "forwarded");
      }
    }
    expect(newest.endings()).toEqual(all.endings());
    const { all: endings, expected } = all.endings();
    expect([...endings.values()].reduce((a, b) => a + b)).toBe(3000);
    expect(endings.get("part")).toBe(1000);
    expect([...expected.keys()].sort()).toEqual(["delivered", "forwarded"]);
  });
});

describe("a capture of very many connections", () => {
  it("takes no more memory than one of many", async () => {
    const [drop] = replayed(router({}), [{ at: 0, device: "lan", packet: tcp("10.0.0.5:40000", "10.9.9.9:80", "SYN", { ttl: 1 }) }]);
    if (!drop) throw new Error("no trace");
    const collection = new Collection(100, "src", 50);
    for (let flow = 1; flow <= 200_000; flow++) collection.add({ ...drop, flow, packet: { ...drop.packet, src: 0x0a000000 + flow } });
    expect(collection.connections.size).toBe(100);
    const { top, inAll } = collection.lost.ranking(Number.POSITIVE_INFINITY);
    expect(top.length).toBeLessThanOrEqual(100);
    expect(Math.abs(inAll - 200_000)).toBeLessThan(10_000);
    const { headline, hidden, totals } = summarize(collection, router({}), OPTIONS);
    expect(headline).toBe("200,000 packets, 200,000 connections: all were dropped.");
    expect(hidden).toEqual({ trouble: 199_990, expected: [] });
    expect(totals[0]?.title).toBe("Dropped and rejected, by source");
  });
});

describe("translations", () => {
  it("are counted for the connection, whichever way a packet goes", () => {
    const host = router({
      "iptables-save.txt": natTable(
        "-A PREROUTING -d 10.0.0.99/32 -p tcp -j DNAT --to-destination 10.1.0.2:8080",
        "-A POSTROUTING -o wan -j SNAT --to-source 192.0.2.1",
      ),
    });
    const seen: Seen[] = [
      { at: 0, device: "lan", packet: tcp("10.0.0.5:40000", "10.0.0.99:80", "SYN") },
      { at: 50, device: "dmz", packet: tcp("10.1.0.2:8080", "10.0.0.5:40000", "SYN,ACK", { ack: 1001 }) },
      { at: 90, device: "lan", packet: tcp("10.0.0.5:40001", "198.51.100.7:443", "SYN") },
    ];
    const collection = new Collection(100);
    for (const trace of replayed(host, seen)) collection.add(trace);
    const { totals } = summarize(collection, host, { ...OPTIONS, top: 5 });
    expect(totals.find(({ kind }) => kind === "translated")?.rows).toEqual([
      { name: "10.0.0.99:80 → 10.1.0.2:8080", text: "PREROUTING 1, DNAT", line: 6, packets: 2, connections: 1, about: false },
      { name: "10.0.0.5 → 192.0.2.1", text: "POSTROUTING 1, SNAT", line: 7, packets: 1, connections: 1, about: false },
    ]);
  });
});

describe("what cannot be decided", () => {
  it("is counted by what it hangs on", () => {
    const rules = [
      "*filter",
      ":INPUT ACCEPT",
      ":FORWARD ACCEPT",
      ":OUTPUT ACCEPT",
      "-A FORWARD -m cgroup --cgroup 5 -j DROP",
      "COMMIT",
      "",
    ];
    const host = router({ "iptables-save.txt": rules.join("\n") });
    const collection = new Collection(100);
    for (let port = 1; port <= 3; port++) {
      const [trace] = replayed(host, [{ at: 0, device: "lan", packet: tcp(`10.0.0.5:${port}`, "198.51.100.7:443", "SYN") }]);
      if (trace) collection.add({ ...trace, flow: port });
    }
    const { totals, hidden } = summarize(collection, host, { ...OPTIONS, top: 1 });
    expect(totals.map(({ kind, heads }) => [kind, heads[1]])).toEqual([["undecided", "not known"]]);
    expect(totals[0]?.rows).toEqual([
      { name: "filter FORWARD 1", text: expect.stringMatching(/net_cls class/), packets: 3, connections: 3, about: false },
    ]);
    expect(hidden).toEqual({ trouble: 2, expected: [] });
  });
});
