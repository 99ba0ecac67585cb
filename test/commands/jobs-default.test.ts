import { mkdtempSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, it } from "vitest";
import { jobsFor } from "../../src/commands/jobs.ts";

const folder = mkdtempSync(join(tmpdir(), "nettrace-jobs-default-"));
afterAll(() => rmSync(folder, { recursive: true }));

/** What is asked of a file of so many octets, which takes no room. */
function asked(octets: number) {
  const path = join(folder, `${octets}.pcap`);
  writeFileSync(path, "");
  truncateSync(path, octets);
  return { captures: [{ path, name: path }], machine: {}, index: true };
}

const cores = Math.min(4, availableParallelism());

it("uses the cores for the summary of a large capture, unless it is told how many", async () => {
  const [large, small] = [asked(2 ** 30), asked(2 ** 30 - 1)];
  expect(await jobsFor(large, undefined, true, false)).toEqual({ count: cores });
  expect(await jobsFor(small, undefined, true, false)).toEqual({ count: 1 });
  expect(await jobsFor(large, undefined, false, false)).toEqual({ count: 1 });
  expect(await jobsFor(large, 1, true, false)).toEqual({ count: 1 });
  expect(await jobsFor(small, 3, true, false)).toEqual({ count: 3 });
});

it("uses one for what can be read only once, or for several, and tells why where more would have been used", async () => {
  const { captures, ...rest } = asked(2 ** 30);
  const several = { ...rest, captures: [...captures, ...captures] };
  const because = "there are several captures";
  expect(await jobsFor(several, undefined, true, false)).toEqual(cores > 1 ? { count: 1, because } : { count: 1 });
  expect(await jobsFor(several, 2, true, false)).toEqual({ count: 1, because });
  const piped = { ...rest, captures: [{ path: "-", name: "-" }] };
  expect(await jobsFor(piped, undefined, true, false)).toEqual({ count: 1 });
});
