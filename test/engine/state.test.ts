import { describe, expect, it } from "vitest";
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
