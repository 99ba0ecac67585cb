import { expect, it } from "vitest";
import { createReplay } from "../../src/engine/replay.ts";
import type { PacketTrace } from "../../src/model/trace.ts";
import { frames, replayed, router, type Seen, tcp } from "./router.ts";

const PACKETS = 400;
const CHANCE = 7;
const RULES = [
  "*filter",
  ":FORWARD ACCEPT [0:0]",
  `-A FORWARD -p tcp -m tcp --dport ${CHANCE} -m statistic --mode random --probability 0.5 -j DROP`,
  "COMMIT",
  "",
].join("\n");

/** What becomes of a packet by its number from 0 on: a third may be dropped by chance; of eight, six are seen at once where they leave, and one much later. */
const fate = (i: number) => ({
  device: i % 5 === 0 ? ("dmz" as const) : ("wan" as const),
  port: i % 3 === 0 ? CHANCE : 80,
  microseconds: i % 8 === 5 ? undefined : i % 8 === 1 ? 505_000 : 100,
});

const SEEN: readonly Seen[] = Array.from({ length: PACKETS }, (_, i): Seen[] => {
  const { device, port, microseconds } = fate(i);
  const packet = (ttl: number) =>
    tcp(`10.0.0.5:${40_000 + i}`, `${device === "dmz" ? "10.1.0.9" : "198.51.100.9"}:${port}`, "SYN", { id: i, ttl });
  const at = i * 10_000;
  const comes: Seen = { at, device: "lan", packet: packet(64) };
  return microseconds === undefined ? [comes] : [comes, { at: at + microseconds, device, out: true, packet: packet(63) }];
})
  .flat()
  .sort((a, b) => a.at - b.at);

const host = router({ "iptables-save.txt": RULES });
const whole = replayed(host, SEEN);
const first = whole.filter((trace) => trace.seenBefore === undefined);

/** What a listener hears that keeps some of the traces. */
function heard(keeps: (trace: PacketTrace) => boolean) {
  const followed: PacketTrace[] = [];
  const missed: number[] = [];
  let again = 0;
  const listener = {
    followed: (trace: PacketTrace) => followed.push(trace) > 0 && keeps(trace),
    again: () => void again++,
    missed: (flow: number) => void missed.push(flow),
  };
  const replay = createReplay(host, { netns: "host", capture: "any.pcap", listener });
  expect([...frames(SEEN).flatMap((frame) => replay.push(frame)), ...replay.finish()]).toEqual([]);
  return { followed, missed, again };
}

const kept = (trace: PacketTrace) => trace.frame.number % 3 !== 0;

it("a listener's traces learn what is seen of them later, where they are kept", () => {
  const { followed, again } = heard(kept);
  expect(followed.map(({ frame }) => frame.number)).toEqual(first.map(({ frame }) => frame.number));
  expect(again).toBe(whole.length - first.length);
  for (const [i, { observed, missing }] of followed.entries()) {
    const of = first[i] as PacketTrace;
    const isKept = kept(of);
    expect({ observed, missing }, `packet ${of.frame.number}`).toEqual({
      observed: isKept ? of.observed : [],
      missing: isKept ? of.missing : [],
    });
  }
});

it("a listener hears of connections that were not seen where they should have been, whether their traces are kept or not", () => {
  const { missed } = heard(kept);
  expect(missed).toEqual(first.filter(({ missing }) => missing.length > 0).map(({ flow }) => flow));
  expect(heard(() => false).missed).toEqual(missed);
});

it("packets are found again where they leave, and missed where they should have", () => {
  for (const [i, { observed, missing }] of first.entries()) {
    const { device, port, microseconds } = fate(i);
    const seen = microseconds === undefined ? [] : [[device, BigInt(microseconds) * 1000n]];
    expect({ seen: observed.map((one) => [one.interface, one.after]), missing }, `packet ${i}`).toEqual({
      seen,
      // Of what may have been dropped nobody can say that it should have been seen.
      missing: microseconds === undefined && port !== CHANCE ? [device] : [],
    });
  }
});
