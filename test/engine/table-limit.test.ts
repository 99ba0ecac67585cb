import { describe, expect, it, vi } from "vitest";
import { Dropped, TableLimit } from "../../src/engine/table-limit.ts";
import type { PacketTrace } from "../../src/model/trace.ts";
import { natTable, replayed, router, type Seen, tcp, udp } from "./router.ts";

const SETTINGS = "net.ipv4.ip_forward = 1\nnet.ipv4.conf.all.rp_filter = 0\n";

function machine(max: number, buckets: number, more = "") {
  const sysctls = `${SETTINGS}net.netfilter.nf_conntrack_max = ${max}\nnet.netfilter.nf_conntrack_buckets = ${buckets}\n${more}`;
  return router({ "sysctl.txt": sysctls, "iptables-save.txt": natTable("-A POSTROUTING -o dmz -j SNAT --to-source 10.1.0.1") });
}

const datagram = (i: number, at = i * 1000): Seen => ({
  at,
  device: "lan",
  packet: udp(`10.0.0.5:${1024 + i}`, "10.1.0.7:53", "hello", { id: 1 + i }),
});
const many = (count: number, from = 0) => Array.from({ length: count }, (_, i) => datagram(from + i));
const verdicts = (traces: readonly PacketTrace[]) => traces.map(({ way }) => way.verdict);

describe("a full table of connections", () => {
  it("drops what would open one more, and lets the others go on", () => {
    const again = datagram(1, 1_000_000);
    const traces = replayed(machine(3, 262_144), [...many(5), again]);
    expect(verdicts(traces)).toEqual(["forwarded", "forwarded", "forwarded", "dropped", "dropped", "forwarded"]);
    expect(traces[3]?.way.at).toEqual({
      ...{ netns: "host", reason: "conntrack-full" },
      text: "the connection table is full (net.netfilter.nf_conntrack_max = 3), and it would open a connection",
    });
    expect(traces[3]?.certainty).toBe("certain");
    expect(traces[3]?.way.steps.some(({ kind }) => kind === "rule" || kind === "policy")).toBe(false);
  });

  it("is taken to be as large as on most machines where nothing tells, and says so", () => {
    const limit = new TableLimit("host", (_, fallback) => fallback);
    const named = [
      { id: "conntrack-full", flag: "--snapshot (sysctl.txt)" },
      { text: expect.stringContaining("262144, as on most machines") },
    ];
    for (const loose of [0, 262_144]) for (const part of named) expect(limit.room(loose)?.assumption).toMatchObject(part);
    const given = new TableLimit("host", (name, fallback) => (name === "max" ? 10 : fallback));
    expect(given.room(0)?.assumption).toBeUndefined();
    // What is refused because of it is not certain.
    const refused = vi.spyOn(TableLimit.prototype, "room").mockReturnValue(limit.room(0));
    const traces = replayed(machine(3, 262_144), many(4));
    refused.mockRestore();
    expect(traces[3]?.way.at.reason).toBe("conntrack-full");
    expect(traces[3]?.certainty).toBe("assumed");
  });

  it("has room again when others have run out", () => {
    const late = datagram(9, 31_000_000);
    expect(verdicts(replayed(machine(1, 262_144), [datagram(0), datagram(1), late]))).toEqual(["forwarded", "dropped", "forwarded"]);
  });

  it("makes room where there are enough that are not assured, which is taken for granted", () => {
    const traces = replayed(machine(64, 64), many(66));
    expect(new Set(verdicts(traces))).toEqual(new Set(["forwarded"]));
    expect(traces[63]?.assumptions).toEqual([]);
    expect(traces[64]?.assumptions.map(({ id }) => id)).toEqual(["conntrack-full"]);
    expect(traces[64]?.certainty).toBe("assumed");
  });

  it("has no limit where that is 0", () => {
    expect(verdicts(replayed(machine(0, 16), many(40)))).toEqual(Array(40).fill("forwarded"));
  });

  it("leaves open what hangs on which buckets the kernel looks through", () => {
    const [, , third] = replayed(machine(2, 64), many(3));
    expect(third?.way.verdict).toBe("unknown");
    expect(third?.way.undecided).toBe("whether the full connection table of host had room for one more (nf_conntrack_max)");
  });

  it("keeps those that are assured", () => {
    const opened = (i: number): Seen[] => [
      { at: i * 10_000, device: "lan", packet: tcp(`10.0.0.5:${2000 + i}`, "10.1.0.7:80", "SYN", { seq: 100 }) },
      { at: i * 10_000 + 100, device: "dmz", packet: tcp("10.1.0.7:80", `10.1.0.1:${2000 + i}`, "SYN,ACK", { seq: 500, ack: 101 }) },
      { at: i * 10_000 + 200, device: "lan", packet: tcp(`10.0.0.5:${2000 + i}`, "10.1.0.7:80", "ACK", { seq: 101, ack: 501 }) },
    ];
    // So few buckets that whoever is not assured would be found.
    const traces = replayed(machine(4, 1), [...[0, 1, 2, 3].flatMap(opened), datagram(0, 900_000)]);
    expect(verdicts(traces).slice(0, -1)).toEqual(Array(12).fill("forwarded"));
    expect(traces.at(-1)?.way.at.reason).toBe("conntrack-full");
  });

  it.each([64, 4500])("does not know whether one of %i was dropped that is answered late", (max) => {
    const answer = (i: number): Seen => ({
      at: 20_000_000,
      device: "dmz",
      packet: udp("10.1.0.7:53", `10.1.0.1:${1024 + i}`, "well"),
    });
    const opened = many(max + 200);
    const [early, late] = [answer(3), { ...answer(max + 199), at: 20_000_001 }];
    const traces = replayed(machine(max, max), [...opened, early, late]);
    expect(traces.at(-2)?.way.verdict).toBe("unknown");
    expect(traces.at(-2)?.way.undecided).toContain("was dropped from the full connection table of host");
    // Nothing was dropped since the last one began.
    expect(traces.at(-1)?.way.verdict).toBe("forwarded");
  });
});

describe("what was dropped for others", () => {
  const tuple = (i: number) => ({ src: 0x0b000000 + (i >> 4), dst: 0x0a000001, protocol: 17, sport: 1024 + (i % 16) * 3999, dport: 53 });
  const LOOSE = 1000;

  it("is known until it must have been its turn, and not for longer", () => {
    const dropped = new Dropped();
    for (let i = 0; i < 100_000; i++) dropped.add(0, tuple(i), BigInt(i) * 1000n, LOOSE);
    const known = Array.from({ length: 100_000 }, (_, i) => i).filter((i) => dropped.has(0, tuple(i)));
    expect(known.slice(-8 * LOOSE)).toEqual(Array.from({ length: 8 * LOOSE }, (_, i) => 92_000 + i));
    expect(known.length).toBeLessThanOrEqual(12 * LOOSE);
    expect(known.at(0)).toBe(100_000 - known.length);
    expect(dropped.has(1, tuple(99_999))).toBe(false);
    expect(dropped.has(0, tuple(100_000))).toBe(false);
  });

  it("is known for as long as it can have stood in the table", () => {
    const [minute, dropped] = [60_000_000_000n, new Dropped()];
    dropped.add(0, tuple(1), 0n, LOOSE);
    dropped.add(0, tuple(2), 11n * minute, LOOSE);
    expect(dropped.has(0, tuple(1))).toBe(true);
    dropped.add(0, tuple(3), 22n * minute, LOOSE);
    expect([1, 2, 3].map((i) => dropped.has(0, tuple(i)))).toEqual([false, true, true]);
  });
});
