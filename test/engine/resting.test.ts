import fc from "fast-check";
import { describe, expect, it, vi } from "vitest";
import { Random } from "../../bench/inputs/random.ts";
import { Connection } from "../../src/engine/connection.ts";
import { PairTable } from "../../src/engine/pair-table.ts";
import { Resting } from "../../src/engine/resting.ts";
import { Pages } from "../../src/engine/resting-pages.ts";
import { EXPIRES, NARROW } from "../../src/engine/resting-words.ts";
import { TableEntries } from "../../src/engine/table-entries.ts";
import { emptyTracking, INDICES, TCP_STATES, type TcpSide } from "../../src/engine/tcp-segment.ts";
import type { Address } from "../../src/model/address.ts";
import { isCollected } from "../collected.ts";
import { natTable, replayed, router, udp } from "./router.ts";

const SECOND = 1_000_000_000n;
const BEGIN = 1_795_262_400n * SECOND;

const word = fc.integer({ min: 0, max: 2 ** 32 - 1 });
const address6 = fc.bigInt({ min: 0n, max: 2n ** 128n - 1n });
const port = fc.integer({ min: 0, max: 65_535 });
const number = fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 });
const octet = fc.integer({ min: 0, max: 255 });
const protocol = fc.constantFrom(1, 6, 17, 47);
const tuple = (of: number, address: fc.Arbitrary<Address>) =>
  fc.record({ src: address, dst: address, protocol: fc.constant(of), sport: port, dport: port });
const side: fc.Arbitrary<TcpSide> = fc.record({
  ...{ end: number, maxEnd: number, maxWindow: word, maxAck: number },
  ...{ scale: fc.integer({ min: 0, max: 14 }), flags: octet, old: fc.boolean() },
});
const tracking = fc.record({
  ...{ state: fc.constantFrom(...TCP_STATES), seen: fc.tuple(side, side), lastDirection: fc.constantFrom(0 as const, 1 as const) },
  ...{ retransmissions: octet, lastIndex: fc.constantFrom(...INDICES), lastSeq: number, lastAck: number, lastEnd: number },
  ...{ lastWindow: port, lastScale: fc.integer({ min: 0, max: 14 }), lastFlags: octet },
});

const bare = fc.tuple(protocol, fc.constantFrom<fc.Arbitrary<Address>>(word, address6)).chain(([of, address]) =>
  fc
    .record({
      ...{
        id: fc.integer({ min: 1, max: 2 ** 40 }),
        zone: fc.integer({ min: 0, max: 65_535 }),
        original: tuple(of, address),
        reply: tuple(of, address),
      },
      ...{ seenReply: fc.boolean(), masqueradedOn: fc.constantFrom(undefined, "eth0", "ppp0") },
      ...{ srcNat: fc.boolean(), dstNat: fc.boolean(), srcNatDone: fc.boolean(), dstNatDone: fc.boolean() },
      ...{ mark: word, flow: fc.option(fc.integer({ min: 1, max: 2 ** 31 - 1 }), { nil: undefined }) },
      ...{ expires: fc.bigInt({ min: BEGIN, max: BEGIN * 2n }), streamFrom: fc.bigInt({ min: 0n, max: BEGIN * 2n }) },
      tcp: of === 6 ? fc.option(tracking, { nil: undefined }) : fc.constant(undefined),
    })
    .map(({ id, zone, original, ...rest }) => {
      const connection = new Connection(id, "host", { id: zone }, original);
      return Object.assign(connection, { ...rest, confirmed: true });
    }),
);

/** A row as it is expected to be. */
interface Row {
  readonly row: number;
  readonly assured: boolean;
  readonly expires: number;
}

function opened(id: number, src: number, sport: number, expires = BEGIN): Connection {
  const connection = new Connection(id, "host", { id: 0 }, { src, dst: 1, protocol: 17, sport, dport: 53 });
  connection.confirmed = true;
  connection.expires = expires;
  return connection;
}

describe("connections at rest", () => {
  it("come back as they were, whichever way they are asked for", () => {
    fc.assert(
      fc.property(bare, fc.constantFrom("original", "reply", "oldest"), (connection, by) => {
        const resting = new Resting("host");
        expect(resting.take(connection)).toBe(true);
        const { zone, original, reply } = connection;
        expect([...resting.fromSource(zone.id, original)]).toEqual([connection]);
        const found = {
          original: () => resting.byTuple(zone.id, original),
          reply: () => resting.byTuple(zone.id, reply),
          oldest: () => resting.oldestLoose(),
        }[by]();
        expect(found).toEqual(connection);
        expect(resting.size).toBe(0);
        expect(resting.byTuple(zone.id, original)).toBeUndefined();
        expect([...resting.fromSource(zone.id, original)]).toEqual([]);
      }),
    );
  });

  it("are not found by another tuple, zone or source", () => {
    fc.assert(
      fc.property(bare, fc.oneof(tuple(6, word), tuple(6, address6)), fc.integer({ min: 0, max: 65_535 }), (connection, other, zone) => {
        fc.pre(zone !== connection.zone.id && other.src !== connection.original.src && other.src !== connection.reply.src);
        const resting = new Resting("host");
        resting.take(connection);
        expect(resting.byTuple(connection.zone.id, other)).toBeUndefined();
        expect(resting.byTuple(zone, connection.original)).toBeUndefined();
        expect([...resting.fromSource(connection.zone.id, other)]).toEqual([]);
        expect([...resting.fromSource(zone, connection.original)]).toEqual([]);
        expect(resting.size).toBe(1);
      }),
    );
  });

  it("are many, of which each is found and the first goes first", () => {
    const resting = new Resting("host");
    for (let i = 0; i < 20_000; i++) expect(resting.take(opened(i + 1, i >> 4, i & 0xffff))).toBe(true);
    for (let i = 1; i < 20_000; i += 2) expect(resting.byTuple(0, opened(1, i >> 4, i & 0xffff).original)?.id).toBe(i + 1);
    expect(resting.size).toBe(10_000);
    expect([resting.oldestLoose()?.id, resting.oldestLoose()?.id, resting.oldestLoose()?.id]).toEqual([1, 3, 5]);
  });

  it("come and go for long, while some stay", () => {
    const resting = new Resting("host");
    const [count, apart, life] = [200_000, 50_000, 2000];
    const one = (i: number) => opened(i + 1, i, i & 0xffff, BEGIN + BigInt(i % apart === 0 ? count : i + life) * SECOND);
    for (let i = 0; i < count; i++) {
      resting.take(one(i));
      if (i % 1000 === 999) resting.sweep(BEGIN + BigInt(i) * SECOND);
    }
    const there = (i: number) => resting.byTuple(0, one(i).original)?.id === i + 1;
    expect(Array.from({ length: count / apart }, (_, i) => there(i * apart))).toEqual([true, true, true, true]);
    expect(resting.size).toBe(life);
    expect(Array.from({ length: life }, (_, i) => there(count - 1 - i)).every(Boolean)).toBe(true);
    expect(resting.size).toBe(0);
  });

  it("are dropped for others unless they are assured, the oldest first", () => {
    const resting = new Resting("host");
    const six = { src: 1n, dst: 2n, protocol: 17, sport: 53, dport: 53 };
    for (let i = 1; i <= 9; i++) {
      const one = i % 3 === 0 ? new Connection(i, "host", { id: 0 }, { ...six, sport: i }) : opened(i, i, 1024);
      resting.take(Object.assign(one, { confirmed: true, expires: BEGIN, assured: i % 2 === 0 }));
    }
    expect([resting.size, resting.loose]).toEqual([9, 5]);
    expect(Array.from({ length: 6 }, () => resting.oldestLoose()?.id)).toEqual([1, 3, 5, 7, 9, undefined]);
    expect([resting.size, resting.loose]).toEqual([4, 0]);
    expect(resting.byTuple(0, opened(2, 2, 1024).original)?.assured).toBe(true);
    resting.sweep(BEGIN + SECOND);
    expect([resting.size, resting.loose]).toEqual([0, 0]);
  });

  it("go when they have run out", () => {
    const resting = new Resting("host");
    const now = BEGIN + 10_000n * SECOND;
    // Two pages and a part of one, in no order.
    for (let i = 0; i < 10_000; i++) resting.take(opened(i + 1, i, 1024, BEGIN + BigInt((i * 7919) % 20_000) * SECOND));
    resting.sweep(now);
    const left = Array.from({ length: 10_000 }, (_, i) => i).filter((i) => (i * 7919) % 20_000 > 10_000);
    expect(resting.size).toBe(left.length);
    resting.sweep(now + SECOND);
    expect(resting.size).toBe(left.filter((i) => (i * 7919) % 20_000 > 10_001).length);
    resting.sweep(now + 10_000n * SECOND);
    expect(resting.size).toBe(0);
    expect(resting.oldestLoose()).toBeUndefined();
  });

  it("are those that came and have not gone, in whatever order that was", () => {
    fc.assert(
      fc.property(fc.integer(), (seed) => {
        const random = new Random(seed);
        const pages = new Pages(NARROW);
        const rows = new Map<number, Row>();
        const list: number[] = [];
        const gone = (id: number) => {
          pages.remove(rows.get(id)?.row ?? -1);
          rows.delete(id);
        };
        let now = 0;
        for (let id = 1; id <= 60_000; id++, now++) {
          // By turns many come and many go, of all of them or of a stretch of them.
          const isEbb = Math.floor(id / 7000) % 2 === 1;
          const assured = random.below(10) > 0;
          const expires = isEbb && random.below(3) === 0 ? now + random.below(9000) : 1_000_000;
          const row = pages.add(assured);
          pages.at(row)[pages.placeOf(row)] = id;
          pages.at(row)[pages.placeOf(row) + EXPIRES] = expires;
          rows.set(id, { row, assured, expires });
          list.push(id);
          for (let i = 0; i < (isEbb ? 2 : 1); i++) if (random.below(5) > 1) gone(list[random.below(list.length)] ?? 0);
          if (id % 9000 === 0) for (let i = 0; i < 6000; i++) gone(list[id - 15_000 + i] ?? 0);
          if (id % 300 === 0) {
            const first = [...rows].find(([, one]) => !one.assured);
            expect(pages.firstLoose()).toBe(first?.[1].row);
            if (first) gone(first[0]);
          }
          if (id % 3000 === 0) {
            pages.expire(BigInt(now));
            for (const [old, one] of [...rows]) if (one.expires <= now) rows.delete(old);
          }
          if (id % 10_000 === 0) {
            pages.renumber();
            for (const at of pages.all()) Object.assign(rows.get(pages.at(at)[pages.placeOf(at)] ?? 0) ?? {}, { row: at });
          }
          if (id % 2000 > 0) continue;
          const there = [...pages.all()].map((at) => pages.at(at)[pages.placeOf(at)] as number);
          expect(there.sort((a, b) => a - b)).toEqual([...rows.keys()]);
          expect([pages.live, pages.loose]).toEqual([rows.size, [...rows.values()].filter((one) => !one.assured).length]);
          expect([...rows].find(([other, { row: at }]) => pages.at(at)[pages.placeOf(at)] !== other)).toBeUndefined();
        }
      }),
      { numRuns: 3 },
    );
  });

  it("stay where they are when pages with rows that are gone get other numbers", () => {
    const size = 4096;
    const fill = (pages: Pages, count: number, from: number) => {
      for (let i = 0; i < count; i++) {
        const row = pages.add(true);
        pages.at(row)[pages.placeOf(row)] = from + i;
      }
    };
    const names = (pages: Pages) => [...pages.all()].map((row) => pages.at(row)[pages.placeOf(row)] as number).sort((a, b) => a - b);
    const remove = (pages: Pages, from: number, to: number) => {
      for (let row = from; row < to; row++) pages.remove(row);
    };
    const some = (from: number, count: number) => Array.from({ length: count }, (_, i) => from + i);
    // The first page is empty in the end, the second one nearly. None is at hand then, or was, or it is the first or the second one.
    for (const atHand of ["none", "first", "second"]) {
      const pages = new Pages(NARROW);
      fill(pages, 5 * size, 0);
      if (atHand === "first") {
        remove(pages, 0, size - 10);
        fill(pages, 1, 5 * size);
      }
      remove(pages, size, 2 * size - 10);
      if (atHand === "second") fill(pages, 1, 5 * size);
      remove(pages, 0, size);
      pages.renumber();
      fill(pages, size, 6 * size);
      const stayed = [...some(2 * size - 10, 3 * size + 10), ...(atHand === "second" ? [5 * size] : []), ...some(6 * size, size)];
      expect(names(pages)).toEqual(stayed);
    }
  });

  it("are not held on to when their page is gone", async () => {
    for (const assured of [false, true]) {
      const pages = new Pages(NARROW);
      const fill = () => {
        for (let i = 0; i < 10_000; i++) pages.add(assured);
        return new WeakRef(pages.at(0));
      };
      const ref = fill();
      for (let row = 0; row < 4095; row++) pages.remove(row);
      expect(await isCollected(ref)).toBe(false);
      pages.remove(4095);
      expect(await isCollected(ref)).toBe(true);
      expect(pages.live).toBe(10_000 - 4096);
    }
  });

  it("take the place of others that have gone, where they are assured", () => {
    const pages = new Pages(NARROW);
    const most = (count: number, assured: boolean) => Math.max(...Array.from({ length: count }, () => pages.add(assured)));
    const before = most(100_000, true);
    for (let row = 0; row <= before; row += 2) pages.remove(row);
    expect(most(40_000, true)).toBeLessThan(before + 10_000);
    expect(most(40_000, false)).toBe(before + 40_000);
    expect([pages.live, pages.loose]).toEqual([130_000, 40_000]);
    expect([...pages.all()]).toHaveLength(130_000);
  });

  it("are those only that have nothing that the columns have no place for", () => {
    const changes: Partial<Connection>[] = [
      ...[{ confirmed: false }, { expected: true }, { dying: true }, { fromMany: true }, { helper: "ftp" }],
      ...[{ counters: "unknown" as const }, { listed: { at: undefined } }],
      ...[{ drawn: { manip: "src" as const, min: 1, max: 2 } }, { reply: { src: 1, dst: 2, protocol: 17, sport: 53, dport: -1 } }],
      { tcp: { ...emptyTracking(), lastFlags: 256 } },
    ];
    for (const change of changes) expect(new Resting("host").take(Object.assign(opened(1, 5, 6), change))).toBe(false);
    const mixed = new Connection(1, "host", { id: 0 }, { src: 1n, dst: 2, protocol: 17, sport: 1, dport: 53 });
    expect(new Resting("host").take(Object.assign(mixed, { confirmed: true }))).toBe(false);
    const divided = new Connection(1, "host", { id: 7, direction: "orig" }, opened(1, 5, 6).original);
    expect(new Resting("host").take(Object.assign(divided, { confirmed: true }))).toBe(false);
  });
});

describe("a source whose connections are at rest", () => {
  it("keeps the address that NAT gave it", () => {
    const rules = natTable("-A POSTROUTING -o dmz -j SNAT --to-source 10.1.0.20-10.1.0.120");
    const to = (last: number, at: number) => ({ at, device: "lan" as const, packet: udp("10.0.0.5:4000", `10.1.0.${last}:53`, "hello") });
    const due = vi.spyOn(TableEntries.prototype, "isDue", "get").mockReturnValue(true);
    const rested = vi.spyOn(Resting.prototype, "take");
    const traces = replayed(router({ "iptables-save.txt": rules }), [to(7, 0), to(8, 10), to(9, 20), to(7, 30)]);
    expect(new Set(traces.map(({ way }) => way.nat.src?.to)).size).toBe(1);
    expect(rested.mock.results.filter(({ value }) => value).length).toBeGreaterThan(1);
    due.mockRestore();
    rested.mockRestore();
  });
});

describe("values by two numbers", () => {
  it("are those of a map", () => {
    const key = fc.integer({ min: -3, max: 3 });
    fc.assert(
      fc.property(fc.array(fc.tuple(key, key, fc.integer({ min: 1, max: 2 ** 32 - 1 }))), key, key, (entries, one, other) => {
        const [table, map] = [new PairTable(), new Map<string, number>()];
        for (const [a, b, value] of entries) {
          table.set(a, b, value);
          map.set(`${a} ${b}`, value);
        }
        expect(table.size).toBe(map.size);
        expect(table.get(one, other)).toBe(map.get(`${one} ${other}`));
      }),
    );
  });

  it("are as many as there are", () => {
    const table = new PairTable();
    for (let i = 0; i < 5_000; i++) table.set(i & 15, i, i + 1);
    for (let i = 0; i < 5_000; i++) expect(table.get(i & 15, i)).toBe(i + 1);
    expect(table.get(1, 2)).toBeUndefined();
  });
});
