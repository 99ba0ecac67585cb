import { describe, expect, it } from "vitest";
import { LookAhead } from "../../src/engine/look-ahead.ts";
import type { Netns } from "../../src/engine/netns.ts";
import { createReplay } from "../../src/engine/replay.ts";
import { contentHash } from "../../src/engine/same-packet.ts";
import { frames, natTable, router, type Seen, tcp } from "./router.ts";

const NOWHERE = {} as Netns;

/** Packets of as many connections, so far apart in microseconds. */
const connections = (count: number, apart: number): Seen[] =>
  Array.from({ length: count }, (_, i) => ({
    at: i * apart,
    device: "lan",
    packet: tcp(`10.0.0.5:${1024 + i}`, "10.0.0.99:80", "SYN", { seq: i }),
  }));

function filled(seen: readonly Seen[]) {
  const ahead = new LookAhead();
  const captured = frames(seen);
  const keys = captured.map((frame, i) => ahead.push(frame, seen[i]?.packet as Seen["packet"], NOWHERE));
  const at = (i: number) => ahead.by(contentHash(seen[i]?.packet as Seen["packet"])).map(({ frame }) => frame.number);
  return { ahead, captured, keys, at };
}

describe("the packets that come after the one at hand", () => {
  it("are only written down by their keys once somebody has asked", () => {
    const { keys, at } = filled(connections(3, 1));
    expect(keys.map((one) => one.keys)).toEqual([undefined, undefined, undefined]);
    expect(at(1)).toEqual([2]);
    const [first] = keys;
    expect(first?.keys).toContain(first && contentHash(first.packet));
  });

  it("are found among few and among many", () => {
    const { at } = filled(connections(200, 1));
    expect([at(1), at(63), at(64), at(199)]).toEqual([[2], [64], [65], [200]]);
  });

  it("are found after many have become few, and many again", () => {
    const { ahead, at } = filled(connections(70, 0));
    expect(at(65)).toEqual([66]);
    for (let i = 0; i < 60; i++) ahead.shift();
    expect([at(60), at(65)]).toEqual([[], [66]]);
    for (let i = 0; i < 10; i++) ahead.shift();
    const [frame] = frames(connections(1, 0));
    if (frame?.packet) for (let i = 0; i < 2; i++) ahead.push(frame, frame.packet, NOWHERE);
    expect(at(0)).toEqual([1]);
  });

  it("are those of the next second", () => {
    const { ahead, captured, at } = filled(connections(5, 600_000));
    expect([at(0), at(1), at(2)]).toEqual([[], [2], []]);
    expect(ahead.isOver(captured[1]?.time ?? 0n)).toBe(false);
    expect(ahead.isOver(captured[2]?.time ?? 0n)).toBe(true);
  });

  it("are never more than five thousand", () => {
    const { ahead, captured, at } = filled(connections(5_002, 0));
    expect([at(5_000), at(5_001)]).toEqual([[5_001], []]);
    expect(ahead.isOver(captured[0]?.time ?? 0n)).toBe(true);
    ahead.shift();
    ahead.shift();
    expect(ahead.isOver(captured[0]?.time ?? 0n)).toBe(false);
    expect(ahead.length).toBe(5_000);
  });

  it("are forgotten when they are done", () => {
    const { ahead, at } = filled(connections(4, 0));
    ahead.shift();
    expect([at(0), at(1), at(2), at(3)]).toEqual([[], [], [3], [4]]);
    for (let i = 0; i < 5; i++) ahead.shift();
    expect([ahead.length, ahead.first]).toEqual([0, undefined]);
  });
});

describe("a packet that chance decides over", () => {
  const chance = natTable(
    "-A PREROUTING -d 10.0.0.99/32 -p tcp -m statistic --mode random --probability 0.5 -j DNAT --to-destination 10.1.0.2:8080",
    "-A PREROUTING -d 10.0.0.99/32 -p tcp -j DNAT --to-destination 10.1.0.3:8080",
  );
  const plain = natTable("-A PREROUTING -d 10.0.0.99/32 -p tcp -j DNAT --to-destination 10.1.0.2:8080");

  it("holds up the replay, but one that rules alone decide over does not", () => {
    const done = (rules: string) => {
      const replay = createReplay(router({ "iptables-save.txt": rules }), { netns: "host", capture: "any.pcap" });
      return frames(connections(5, 600_000)).flatMap((frame) => replay.push(frame)).length;
    };
    expect([done(plain), done(chance)]).toEqual([3, 2]);
  });
});
