import { expect, it } from "vitest";
import type { Frame } from "../../src/model/packet.ts";
import { type FrameStream, mergeByTime } from "../../src/wire/merge.ts";
import { TimeOrder } from "../../src/wire/time-order.ts";

const frame = (time: number, number: number, interfaceName?: string): Frame => ({
  number,
  time: BigInt(time),
  captured: 0,
  length: 0,
  ...(interfaceName !== undefined && { interfaceName }),
});

let open = 0;
let most = 0;

/** A stream in batches of two frames, numbered from `from` on. */
function stream(from: number, times: readonly number[]): FrameStream {
  const frames = times.map((time, i) => frame(time, from + i));
  return {
    first: frames[0]?.time,
    async *batches() {
      most = Math.max(most, ++open);
      for (let i = 0; i < frames.length; i += 2) yield frames.slice(i, i + 2);
      open--;
    },
  };
}

async function merged(...streams: FrameStream[]): Promise<number[]> {
  const numbers: number[] = [];
  most = 0;
  for await (const frames of mergeByTime(streams)) numbers.push(...frames.map(({ number }) => number));
  expect(open).toBe(0);
  return numbers;
}

it("merges captures by time, those of one time in the order of the captures", async () => {
  expect(await merged(stream(10, [1, 4, 5, 9]), stream(20, [2, 4, 6]), stream(30, []))).toEqual([10, 20, 11, 21, 12, 22, 13]);
  expect(await merged()).toEqual([]);
});

it("opens captures that follow each other one after the other, whatever order they are given in", async () => {
  expect(await merged(stream(30, [7, 8]), stream(10, [1, 2, 3]), stream(20, [4, 5]))).toEqual([10, 11, 12, 20, 21, 30, 31]);
  expect(most).toBe(1);
});

it("leaves a frame out of order where it is in its capture", async () => {
  expect(await merged(stream(10, [1, 6, 3, 7]), stream(20, [2, 4, 6, 8]))).toEqual([10, 20, 21, 11, 12, 22, 13, 23]);
});

const SECOND = 1_000_000_000;

it("orders the frames of interfaces that were written one after the other, within a second", () => {
  const order = new TimeOrder();
  const burst = (name: string, number: number, ...times: number[]) => times.map((time, i) => frame(time, number + i, name));
  const given = [
    ...order.push(burst("eth0", 1, 10, 20, 15, 30)),
    ...order.push(burst("eth1", 11, 12, 20, 25)),
    ...order.push([frame(SECOND + 21, 5, "eth0")]),
  ];
  expect(given.map(({ number }) => number)).toEqual([1, 11, 2, 3, 12]);
  expect(order.drain().map(({ number }) => number)).toEqual([13, 4, 5]);
  expect(order.drain()).toEqual([]);
});

it("holds a bounded number of frames", () => {
  const order = new TimeOrder();
  const frames = Array.from({ length: 20_000 }, (_, i) => frame(i, i, "eth0"));
  expect(order.push(frames)).toHaveLength(20_000 - 16_384);
});
