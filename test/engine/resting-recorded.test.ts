import { afterEach, describe, expect, it, vi } from "vitest";
import type { Connection } from "../../src/engine/connection.ts";
import { Resting } from "../../src/engine/resting.ts";
import { TableEntries } from "../../src/engine/table-entries.ts";
import { inOne } from "../jobs/dealt.ts";
import { eachRecording } from "../jobs/recordings.ts";

/** How many connections there are at least that are asked for again after they were laid to rest. */
const WOKEN = 1000;
let woken = 0;
let answered = 0;

describe("connections that are laid to rest after every packet", () => {
  afterEach(() => vi.restoreAllMocks());

  eachRecording((host, options, frames) => {
    const plain = inOne(host, options, frames);
    vi.spyOn(TableEntries.prototype, "isDue", "get").mockReturnValue(true);
    vi.spyOn(TableEntries.prototype, "isIdle").mockReturnValue(true);
    const asked = vi.spyOn(Resting.prototype, "byTuple");
    expect(inOne(host, options, frames)).toEqual(plain);
    const found = asked.mock.results.flatMap(({ value }) => (value as Connection | undefined) ?? []);
    woken += found.length;
    answered += found.filter(({ seenReply }) => seenReply).length;
    vi.restoreAllMocks();
  });

  it("are asked for again often enough", () => {
    expect(woken).toBeGreaterThan(WOKEN);
    expect(answered).toBeGreaterThan(WOKEN / 2);
  });
});
