import { describe, expect, it } from "vitest";
import { Connection } from "../../src/engine/connection.ts";
import { emptyTracking, overwriteTracking, type TcpTracking } from "../../src/engine/tcp-segment.ts";
import { TurnBack } from "../../src/engine/turn-back.ts";

/** Tracking in which each number is another one. */
function filled(from: number): TcpTracking {
  const side = (n: number) => ({ end: n, maxEnd: n + 1, maxWindow: n + 2, maxAck: n + 3, scale: n + 4, flags: n + 5, old: n % 2 === 0 });
  const tracking: TcpTracking = {
    ...emptyTracking(),
    state: "ESTABLISHED",
    lastIndex: "ACK",
    lastDirection: 1,
    seen: [side(from), side(from + 7)],
  };
  const numbers = { retransmissions: 1, lastSeq: 2, lastAck: 3, lastEnd: 4, lastWindow: 5, lastScale: 6, lastFlags: 7 };
  return { ...tracking, ...Object.fromEntries(Object.entries(numbers).map(([name, n]) => [name, from + 20 + n])) };
}

describe("what a packet has changed of a connection", () => {
  it("is written over field by field", () => {
    const to = emptyTracking();
    overwriteTracking(to, filled(100));
    expect(to).toEqual(filled(100));
    // A field more than there were when this was written would be left as it is.
    for (const value of Object.values(to).filter((one) => typeof one === "number")) expect(value).not.toBe(0);
  });

  it("is put back, whatever was noted before", () => {
    const back = new TurnBack();
    const [one, other] = [1, 2].map((id) => new Connection(id, "host", { id: 0 }, { src: 1, dst: 2, protocol: 6, sport: 3, dport: id }));
    if (!one || !other) throw new Error("no connection");
    one.tcp = filled(100);
    back.note(one);
    other.tcp = filled(201);
    other.expires = 5n;
    back.note(other);
    overwriteTracking(other.tcp, filled(300));
    other.expires = 9n;
    other.assured = true;
    back.restore();
    expect([other.tcp, other.expires, other.assured]).toEqual([filled(201), 5n, false]);
    expect(one.tcp).toEqual(filled(100));
  });
});
