import { describe, expect, it } from "vitest";
import { Doubts } from "../../src/engine/conntrack-doubts.ts";
import { Doubted } from "../../src/engine/doubted.ts";
import { State } from "../../src/engine/state.ts";

describe("the age of the state", () => {
  it("grows with every cell but those of connection tracking", () => {
    const state = new State(false);
    state.set("ct|default|a", 1);
    expect(state.age).toBe(0);
    state.set("limit:1", 1);
    state.set("limit:1", 2);
    expect(state.age).toBe(2);
  });

  it("does not go back when a change is undone", () => {
    const state = new State(false);
    state.set("recent:seen", 1);
    state.rollback();
    expect([state.get("recent:seen"), state.age]).toEqual([undefined, 1]);
  });
});

describe("what was learned of a packet that could not be followed to its end", () => {
  const way = (...cells: readonly (readonly [string, unknown])[]) => ({ keyed: new Map(cells), cells: new Map(), objects: new Map() });

  it("stays where all ways have it", () => {
    const state = new State(false);
    state.keep([way(["fdb|host|br0|1", "p0"], ["recent:seen", 1]), way(["fdb|host|br0|1", "p0"], ["recent:seen", 1])], "packet 1");
    expect([state.get("fdb|host|br0|1"), state.get("recent:seen")]).toEqual(["p0", undefined]);
  });

  it("is in doubt where they differ, or one has nothing of it", () => {
    const state = new State(false);
    state.keep([way(["hh|host|br0|1", true], ["frag|host|1", undefined]), way(["hh|host|br0|1", false])], "packet 1");
    expect(() => state.get("hh|host|br0|1")).toThrow("packet 1");
    expect(() => state.get("frag|host|1")).toThrow("packet 1");
    state.keep([way(["fdb|host|br0|2", "p0"]), undefined], "packet 2");
    expect(() => state.get("fdb|host|br0|2")).toThrow("packet 2");
  });
});

describe("what is in doubt", () => {
  it("is everything when it is too much to be kept", () => {
    const state = new State(false, undefined, new Doubted(10));
    for (let i = 0; i < 10; i++) state.taint(`ct|a|${i}`, `what became of packet ${i}`);
    expect(state.get("ct|a|other")).toBeUndefined();
    expect(() => state.get("ct|a|3")).toThrow("what became of packet 3");
    for (let i = 10; i < 1000; i++) state.taint(`ct|a|${i}`, `what became of packet ${i}`);
    expect(() => state.get("ct|a|other")).toThrow("what became of packet 10, like many before it");
    expect(() => state.checkAbsent(() => "ct|a|none")).toThrow("like many before it");
    expect(() => state.change({ stateKey: "ct|b", copyState: () => ({}) })).toThrow("like many before it");
  });

  it("is every packet when too many could not be followed", () => {
    const doubts = new Doubts(new Doubted(10));
    const tuple = (i: number) => ({ src: i, dst: 1_000_000 + i, protocol: 17, sport: 2_000_000 + i, dport: 3_000_000 + i });
    const answer = (i: number) => ({ src: 1_000_000 + i, dst: i, protocol: 17, sport: 3_000_000 + i, dport: 2_000_000 + i });
    for (let i = 0; i < 2; i++) doubts.add(tuple(i), `packet ${i}`);
    expect(() => doubts.check(answer(1))).toThrow("packet 1");
    doubts.check(answer(9));
    for (let i = 2; i < 100; i++) doubts.add(tuple(i), `packet ${i}`);
    expect(() => doubts.check(answer(999))).toThrow("packet 2, like many before it");
  });
});
