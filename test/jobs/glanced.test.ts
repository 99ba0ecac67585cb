import { expect, it } from "vitest";
import { Deal } from "../../src/engine/deal.ts";
import type { Listener } from "../../src/engine/listener.ts";
import { createReplay } from "../../src/engine/replay.ts";
import { Lot } from "../../src/jobs/lot.ts";
import type { Frames } from "../../src/model/frames.ts";
import { frames, router, type Seen, tcp } from "../engine/router.ts";

const SECOND = 1_000_000;
const HOST = router({});
const OPTIONS = { netns: "host", capture: "any.pcap" };
const WEIGHTS = [1, 1];

const segment = (port: number, ttl: number) => tcp(`10.0.0.5:${port}`, "198.51.100.9:80", "SYN", { ttl, id: port });
const comes = (port: number, at: number): Seen => ({ at, device: "lan", packet: segment(port, 64) });
const leaves = (port: number, at: number): Seen => ({ at, device: "wan", out: true, packet: segment(port, 63) });

/** All of them can be glanced at. */
function glances(seen: readonly Seen[]): Frames {
  const all = frames(seen);
  return Object.assign(all, { glance: (index: number) => all[index] });
}

/** Keeps the numbers of connections of which a packet was not seen where it should have been. */
class Missed implements Listener {
  readonly flows: number[] = [];
  readonly followed = () => true;
  readonly again = () => {};
  readonly missed = (flow: number) => {
    this.flows.push(flow);
  };
}

it("a glance at another one's frame tells that a device was captured", () => {
  const deal = new Deal(HOST, WEIGHTS);
  const port = 40_000;
  const other = [40_001, 40_002, 40_003, 40_004].find((one) => deal.of(segment(one, 64)) !== deal.of(segment(port, 64))) as number;
  // The way out is captured, as the other connection shows; this one was not seen there.
  const seen = glances([comes(other, 0), leaves(other, 10), comes(port, SECOND / 2), comes(other, 3 * SECOND)]);
  const alone = new Missed();
  const one = createReplay(HOST, { ...OPTIONS, listener: alone });
  const shared = WEIGHTS.map(() => new Missed());
  const lots = shared.map((listener, own) => new Lot(HOST, { ...OPTIONS, listener }, WEIGHTS, own));
  for (let i = 0; i < seen.length; i++) {
    one.take(seen, i);
    for (const lot of lots) lot.take(seen, i);
  }
  for (const replay of [one, ...lots]) replay.finish();
  expect(alone.flows).toContain(2);
  expect(shared.flatMap(({ flows }) => flows)).toHaveLength(alone.flows.length);
});
