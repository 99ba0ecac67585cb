import { describe, expect, it, vi } from "vitest";
import { Ageing } from "../../src/engine/ageing.ts";
import { FlowMemory } from "../../src/engine/flow-memory.ts";
import type { Packet } from "../../src/model/packet.ts";
import { natTable, replayed, router, tcp, udp } from "./router.ts";

const SECOND = 1_000_000;
const settings = (...lines: readonly string[]) => ["net.ipv4.ip_forward = 1", "net.ipv4.conf.all.rp_filter = 0", ...lines, ""].join("\n");
/** The nat table has the kernel track connections, and gather fragments before that. */
const host = (...lines: readonly string[]) =>
  router({ "iptables-save.txt": natTable("-A POSTROUTING -o dmz -j MASQUERADE"), "sysctl.txt": settings(...lines) });

const whole = udp("10.0.0.5:4000", "198.51.100.7:53", "x".repeat(192));

function fragment(id: number, offset: number, size: number, more: boolean): Packet {
  const { transport, ...rest } = whole;
  return {
    ...(offset === 0 ? { ...rest, ...(transport && { transport }) } : rest),
    id,
    length: whole.headerLength + size,
    payload: whole.payload.subarray(offset, offset + size),
    fragment: { offset, more },
  };
}

const first = (id: number, at = id) => ({ at, device: "lan" as const, packet: fragment(id, 0, 80, true) });
const rest = (id: number, at: number) => ({ at, device: "lan" as const, packet: fragment(id, 80, 120, false) });
const verdicts = (traces: ReturnType<typeof replayed>) =>
  traces.map(({ way, alternatives }) => (alternatives.length > 0 ? "open" : way.verdict));

describe("the memory for fragments", () => {
  it("is not taken for full by what there is room for however much drivers take", () => {
    const traces = replayed(host("net.ipv4.ipfrag_max_dist = 0"), [...Array.from({ length: 500 }, (_, i) => first(i + 1)), rest(7, 501)]);
    expect(verdicts(traces)).toEqual([...Array(500).fill("queued"), "forwarded"]);
  });

  it("is full when it must be, and nobody knows in between", () => {
    const seen = verdicts(
      replayed(
        host("net.ipv4.ipfrag_high_thresh = 30000"),
        Array.from({ length: 80 }, (_, i) => first(i + 1)),
      ),
    );
    const [open, full] = [seen.indexOf("open"), seen.indexOf("dropped")];
    expect(open).toBeGreaterThan(3);
    expect(full).toBeGreaterThan(open);
    expect(seen).toEqual([...Array(open).fill("queued"), ...Array(full - open).fill("open"), ...Array(80 - full).fill("dropped")]);
  });

  it("is free again when what took it has come together, or has run out", () => {
    const small = host("net.ipv4.ipfrag_high_thresh = 30000", "net.ipv4.ipfrag_max_dist = 0");
    const together = Array.from({ length: 200 }, (_, i) => [first(i + 1, 10 * i), rest(i + 1, 10 * i + 5)]).flat();
    expect(verdicts(replayed(small, together))).toEqual(Array.from({ length: 200 }, () => ["queued", "forwarded"]).flat());
    const flood = Array.from({ length: 80 }, (_, i) => first(i + 1));
    const later = 61 * SECOND;
    const traces = replayed(small, [...flood, first(90, later), rest(90, later + 1)]);
    expect(verdicts(traces).slice(-2)).toEqual(["queued", "forwarded"]);
  });

  it("is that of each namespace's setting, and none at all where that is zero", () => {
    expect(verdicts(replayed(host("net.ipv4.ipfrag_high_thresh = 0"), [first(1), rest(1, 2)]))).toEqual(["dropped", "dropped"]);
  });
});

describe("fragments of a source", () => {
  it("are given up when too many others came since", () => {
    const others = Array.from({ length: 5 }, (_, i) => first(i + 10));
    const far = replayed(host("net.ipv4.ipfrag_max_dist = 4"), [first(1), ...others, rest(1, 99)]);
    expect(far.at(-1)?.way).toMatchObject({ verdict: "queued", at: { text: expect.stringContaining("are given up") } });
    const near = replayed(host("net.ipv4.ipfrag_max_dist = 6"), [first(1), ...others, rest(1, 99)]);
    expect(near.at(-1)?.way.verdict).toBe("forwarded");
  });

  it("do not have packets of other connections followed that go as those before them", () => {
    const recall = vi.spyOn(FlowMemory.prototype, "recall");
    const [there, back] = ["10.0.0.5:40000", "198.51.100.7:80"] as const;
    const data = Array.from({ length: 20 }, (_, i) => [
      { at: 100 + 2 * i, device: "lan" as const, packet: tcp(there, back, "ACK", { seq: 2, ack: 2 }) },
      first(i + 1, 101 + 2 * i),
    ]).flat();
    replayed(host(), [
      { at: 0, device: "lan", packet: tcp(there, back, "SYN", { seq: 1 }) },
      { at: 1, device: "wan", packet: tcp(back, there, "SYN,ACK", { seq: 1, ack: 2 }) },
      ...data,
    ]);
    expect(recall.mock.results.filter(({ value }) => value !== undefined)).toHaveLength(19);
    recall.mockRestore();
  });
});

describe("what runs out", () => {
  it("is let go of in time, in whichever order it came", () => {
    const ageing = new Ageing();
    ageing.note("frag|a", { expires: 10n });
    ageing.note("limit|host|b", { expires: 5n });
    ageing.note("frag|c", { expires: 20n });
    ageing.note("frag|d", undefined);
    ageing.note("fdb|e", { expires: 1n });
    expect([...ageing.over(4n)]).toEqual([]);
    expect([...ageing.over(10n)].sort()).toEqual(["frag|a", "limit|host|b"]);
    ageing.note("frag|c", undefined);
    expect([...ageing.over(30n)]).toEqual([]);
  });

  it("is looked at again where it runs out later than it was to, and comes and goes under the same name", () => {
    const ageing = new Ageing();
    for (let i = 0; i < 20_000; i++) {
      ageing.note("frag|same", { expires: BigInt(i) });
      if (i % 3 === 0) ageing.note("frag|same", undefined);
      ageing.note(`frag|${i}`, { expires: BigInt(i) });
      if (i % 2 === 0) ageing.note(`frag|${i}`, undefined);
    }
    expect(ageing.over(10n)).toEqual(["frag|1", "frag|3", "frag|5", "frag|7", "frag|9"]);
    expect(ageing.over(19_998n)).toHaveLength(9_994);
    expect([...ageing.over(30_000n)].sort()).toEqual(["frag|19999", "frag|same"]);
  });

  it("is missed for as long as it would have been kept, where there was too much of it", () => {
    const ageing = new Ageing();
    for (let i = 0; i < 3_000; i++) ageing.note(`pmtu|${i}`, { expires: 100n });
    const gone = ageing.over(1n);
    expect(gone).toHaveLength(3_000 - 1024);
    expect(gone.every((name) => ageing.isMissed(name, 99n))).toBe(true);
    expect([ageing.isMissed("pmtu|2999", 99n), ageing.isMissed("pmtu|x", 99n), ageing.isMissed("pmtu|0", 100n)]).toEqual([
      false,
      false,
      false,
    ]);
  });
});
