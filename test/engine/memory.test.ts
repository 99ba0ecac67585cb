import { describe, expect, it, vi } from "vitest";
import { Connection } from "../../src/engine/connection.ts";
import { ConntrackTable } from "../../src/engine/conntrack-table.ts";
import { FlowNumbers } from "../../src/engine/flow-numbers.ts";
import { Recalled } from "../../src/engine/recalled.ts";
import { State } from "../../src/engine/state.ts";
import { TupleCells } from "../../src/engine/tuple-cells.ts";
import type { Packet } from "../../src/model/packet.ts";
import { natTable, replayed, router, udp } from "./router.ts";

const CONNECTIONS = 6_000;
/** Conversations whose directions are more than `FlowMemory` keeps in mind. */
const BUSY = 7_500;

describe("what is kept of connections", () => {
  it("goes when they have run out", () => {
    const sweep = vi.spyOn(TupleCells.prototype, "sweep");
    const host = router({ "iptables-save.txt": natTable("-A POSTROUTING -o wan -j MASQUERADE") });
    // Half a minute is what an unanswered datagram is remembered; so there are thirty at a time.
    const seen = Array.from({ length: CONNECTIONS }, (_, i) => ({
      at: i * 1_000_000,
      device: "lan" as const,
      packet: udp(`10.0.0.${2 + (i % 50)}:${1024 + i}`, "198.51.100.7:53", "hello"),
    }));
    const traces = replayed(host, seen);
    expect(traces.map(({ way }) => way.verdict)).toEqual(Array(CONNECTIONS).fill("forwarded"));
    expect(new Set(traces.map(({ flow }) => flow)).size).toBe(CONNECTIONS);
    // By tuple, of which a connection has two, and by source, those that were at rest apart.
    const sizes = [...new Set(sweep.mock.contexts)].map((cells) => (cells as TupleCells<unknown>).size);
    expect(sizes).toHaveLength(3);
    for (const size of sizes) expect(size).toBeLessThan(CONNECTIONS * 0.7);
    sweep.mockRestore();
  });

  it("does not take away those that live", () => {
    const host = router({ "iptables-save.txt": natTable("-A PREROUTING -i lan -d 10.0.0.1 -j DNAT --to-destination 10.1.0.9") });
    const first = { device: "lan" as const, packet: udp("10.0.0.5:40000", "10.0.0.1:53", "hello") };
    const others = Array.from({ length: CONNECTIONS }, (_, i) => ({
      at: 1 + i * 3_000,
      device: "lan" as const,
      packet: udp(`10.0.0.${6 + (i % 50)}:${1024 + i}`, "10.1.0.7:53", "hello"),
    }));
    const answer = { at: 25_000_000, device: "dmz" as const, packet: udp("10.1.0.9:53", "10.0.0.5:40000", "well") };
    const [begun, ...rest] = replayed(host, [{ at: 0, ...first }, ...others, answer]);
    expect(begun?.way.nat.dst?.to).toBe("10.1.0.9:53");
    expect(rest.at(-1)?.way.nat.src).toEqual({ from: "10.1.0.9:53", to: "10.0.0.1:53" });
    expect(rest.at(-1)?.flow).toBe(begun?.flow);
  });
});

describe("the ways of connections", () => {
  /** What became of a round of questions and answers, and how many of its packets went as one before them. */
  const rounds = (count: number) => {
    const host = router({ "iptables-save.txt": natTable("-A POSTROUTING -o wan -j MASQUERADE") });
    const seen = Array.from({ length: count * BUSY * 2 }, (_, i) => {
      const port = 1024 + (Math.floor(i / 2) % BUSY);
      const [client, server] = [`10.0.0.5:${port}`, "10.1.0.9:53"] as const;
      return i % 2 === 0
        ? { at: i * 10, device: "lan" as const, packet: udp(client, server, `question ${i}`) }
        : { at: i * 10, device: "dmz" as const, packet: udp(server, client, `answer ${i}`) };
    });
    const traces = replayed(host, seen);
    expect(new Set(traces.map(({ way }) => way.verdict))).toEqual(new Set(["forwarded"]));
    return traces.slice(-BUSY * 2);
  };

  it("are kept in mind of most where more are busy than there is room for", () => {
    const recalled = rounds(6).filter((trace) => trace instanceof Recalled);
    expect(recalled.length).toBeGreaterThan(BUSY * 2 * 0.7);
  });
});

describe("the table of connections", () => {
  it("lets go of those of ways that were followed in vain", () => {
    const state = new State(false);
    const table = new ConntrackTable(
      "host",
      state,
      () => false,
      (_, fallback) => fallback,
    );
    const inserted = (sport: number) => {
      const connection = new Connection(sport, "host", { id: 0 }, { src: 1, dst: 2, protocol: 17, sport, dport: 53 });
      connection.expires = 1_000n;
      table.insert(connection);
      return connection;
    };
    for (let port = 0; port < CONNECTIONS; port++) {
      inserted(port);
      state.rollback();
      if (port % 100 > 0) continue;
      inserted(port);
      state.commit();
    }
    expect(table.entries.size).toBe(CONNECTIONS * 1.01);
    expect(table.sweep(1n)).toBe(true);
    expect(table.entries.size).toBe(CONNECTIONS / 100);
    expect(table.peek(0, { src: 1, dst: 2, protocol: 17, sport: 100, dport: 53 }, 1n)?.connection.id).toBe(100);
    expect(table.peek(0, { src: 1, dst: 2, protocol: 17, sport: 101, dport: 53 }, 1n)).toBeUndefined();
  });
});

describe("numbers of connections", () => {
  const packet = (port: number): Packet => udp(`10.0.0.5:${port}`, "10.0.0.1:53", "hello");

  it("are kept for the newest", () => {
    const flows = new FlowNumbers(2);
    expect([1, 2, 1, 3, 1, 2].map((port) => flows.of(packet(port), []))).toEqual([1, 2, 1, 3, 1, 4]);
  });

  it("stay with what conntrack keeps", () => {
    const flows = new FlowNumbers(2);
    const connection = new Connection(1, "host", { id: 0 }, { src: 1, dst: 2, protocol: 17, sport: 3, dport: 4 });
    expect(flows.of(packet(1), [connection])).toBe(1);
    expect([2, 3, 4].map((port) => flows.of(packet(port), []))).toEqual([2, 3, 4]);
    expect(flows.of(packet(1), [connection])).toBe(1);
  });
});
