import { describe, expect, test } from "vitest";
import { FirstIn } from "../../src/engine/first-in.ts";
import { isCollected } from "../collected.ts";

describe("FirstIn", () => {
  test("gives things out in the order in which they came, whatever comes and goes", () => {
    const queue = new FirstIn<number>();
    const expected: number[] = [];
    let next = 0;
    // Long and short by turns, so that its room is full at any place of its circle.
    for (let turn = 0; turn < 200; turn++) {
      for (let i = 0; i < (turn * 7) % 23; i++) {
        queue.push(next);
        expected.push(next++);
      }
      for (let i = 0; i < (turn * 5) % 19; i++) expect(queue.shift()).toBe(expected.shift());
      expect(queue.length).toBe(expected.length);
      expect(queue.first).toBe(expected[0]);
      expect(queue.all).toEqual(expected);
    }
    expect(next).toBeGreaterThan(2000);
  });

  test("an empty one gives nothing, and is none the worse for having been asked", () => {
    const queue = new FirstIn<string>();
    expect(queue.shift()).toBeUndefined();
    queue.push("a");
    expect([queue.shift(), queue.shift(), queue.length]).toEqual(["a", undefined, 0]);
    queue.push("b");
    expect(queue.all).toEqual(["b"]);
  });

  test("holds on to nothing that has left it", async () => {
    const queue = new FirstIn<object>();
    const fill = () => {
      const one = {};
      for (let i = 0; i < 100; i++) queue.push(i === 3 ? one : {});
      return new WeakRef(one);
    };
    const ref = fill();
    expect(await isCollected(ref)).toBe(false);
    for (let i = 0; i < 4; i++) queue.shift();
    expect(await isCollected(ref)).toBe(true);
    expect(queue.length).toBe(96);
  });
});
