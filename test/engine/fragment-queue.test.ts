import { describe, expect, it } from "vitest";
import { emptyQueue, joinedEcn, takeFragment } from "../../src/engine/fragment-queue.ts";
import { udp } from "./router.ts";

const ROOM = { netns: "host", gatherer: "ipv4" } as const;
const whole = udp("10.0.0.5:4000", "198.51.100.7:53", "x".repeat(192));
const fragment = (offset: number, size: number, more: boolean, tos = 0) => ({
  ...whole,
  length: whole.headerLength + size,
  fragment: { offset, more },
  tos,
});

/** What the last of some fragments meets with. */
function last(...fragments: readonly ReturnType<typeof fragment>[]) {
  let queue = emptyQueue(0n, ROOM);
  let taken = takeFragment(queue, fragment(0, 8, true));
  for (const one of fragments) {
    taken = takeFragment(queue, one);
    queue = taken.kind === "discard" ? emptyQueue(0n, ROOM) : taken.queue;
  }
  return taken;
}

describe("fragments of a datagram", () => {
  it("make it whole in any order", () => {
    expect(last(fragment(80, 40, true), fragment(120, 80, false), fragment(0, 80, true)).kind).toBe("whole");
    expect(last(fragment(80, 40, true), fragment(0, 80, true)).kind).toBe("queued");
  });

  it("are duplicates within one piece, which grows at the end only", () => {
    expect(last(fragment(0, 80, true), fragment(80, 40, true), fragment(40, 56, true)).kind).toBe("duplicate");
    expect(last(fragment(80, 40, true), fragment(0, 80, true), fragment(40, 56, true))).toMatchObject({ kind: "discard" });
  });

  it("are discarded with all others where they contradict them", () => {
    expect(last(fragment(0, 80, true), fragment(72, 48, true)).kind).toBe("discard");
    expect(last(fragment(80, 40, false), fragment(120, 40, true)).kind).toBe("discard");
    expect(last(fragment(80, 40, true), fragment(0, 40, false)).kind).toBe("discard");
    expect(last(fragment(0, 5, true)).kind).toBe("discard");
  });

  it("are cut to whole eights", () => {
    const taken = last(fragment(0, 83, true), fragment(80, 120, false));
    expect(taken.kind === "whole" && taken.queue.parts.map(({ packet }) => packet.length)).toEqual([100, 140]);
  });

  it("agree about congestion, or not", () => {
    const seen = (...codes: readonly number[]) => joinedEcn(codes.reduce((bits, code) => bits | (1 << code), 0));
    expect([seen(0), seen(1, 2), seen(1, 3), seen(3), seen(0, 2)]).toEqual([0, 0, 3, 0, undefined]);
  });
});
