import { readdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { afterAll, describe, expect, it } from "vitest";
import { answersTo, type Recording, randomCase, scenario } from "./kernel/recording.ts";
import { sideBySide } from "./kernel/truth.ts";

const RECORDINGS = fileURLToPath(new URL("recordings/", import.meta.url));
const SCENARIOS = 38;
const SCENARIO_PACKETS = 292;
const RANDOM_CASES = 150;
const RANDOM_PACKETS = 1907;
/** Which CPU handled a packet, and what hangs on that; one fragment whose datagram began before the capture. */
const RANDOM_UNKNOWN = 16;
const RANDOM6_CASES = 60;
const RANDOM6_PACKETS = 764;
/** Which CPU handled an earlier packet of the connection. */
const RANDOM6_UNKNOWN = 1;

/**
 * Packets whose fate no capture and no snapshot tells. A local socket had set a mark (SO_MARK), which only the kernel sees and
 * nothing in the capture shows; the replay names that assumption. In random-044 the kernel drops a datagram silently, which the recording could not tell from queueing.
 */
const UNTOLD: Readonly<Record<string, readonly number[]>> = {
  "fwmark-policy-routing": [8],
  "random-044.tar.gz": [3],
};
const UNTOLD_SCENARIO_PACKETS = 1;
const UNTOLD_RANDOM_PACKETS = 1;

const told = <T>(name: string, answers: readonly T[]) => answers.filter((_, i) => !UNTOLD[name]?.includes(i + 1));

const tally = {
  scenarios: { exact: 0, unknown: 0, wrong: 0 },
  random: { exact: 0, unknown: 0, wrong: 0 },
  random6: { exact: 0, unknown: 0, wrong: 0 },
};

async function replayed(recording: Recording) {
  const said = await answersTo(recording);
  expect(said).toHaveLength(recording.truth.length);
  return recording.truth.map((truth, i) => ({ ...sideBySide(truth, said[i]), undecided: said[i]?.["undecided"] }));
}

describe("kernel truth: scenarios", () => {
  const names = readdirSync(`${RECORDINGS}scenarios`).sort();

  it.each(names)("%s", async (name) => {
    const answers = await replayed(await scenario(`${RECORDINGS}scenarios/${name}`));
    for (const { kernel, nettrace } of answers) {
      const same = JSON.stringify(kernel) === JSON.stringify(nettrace);
      tally.scenarios[same ? "exact" : nettrace.verdict === "unknown" ? "unknown" : "wrong"]++;
    }
    expect(told(name, answers).map((a) => a.nettrace)).toEqual(told(name, answers).map((a) => a.kernel));
  });

  it("has seen them all, every packet exact that can be told", () => {
    expect(names).toHaveLength(SCENARIOS);
    expect(tally.scenarios).toEqual({ exact: SCENARIO_PACKETS - UNTOLD_SCENARIO_PACKETS, unknown: 0, wrong: UNTOLD_SCENARIO_PACKETS });
  });
});

describe.each(["random", "random6"] as const)("kernel truth: %s cases", (kind) => {
  const names = readdirSync(`${RECORDINGS}${kind}`).sort();
  const untold = kind === "random" ? UNTOLD : {};

  it.each(names)("%s", async (name) => {
    const answers = await replayed(await randomCase(`${RECORDINGS}${kind}/${name}`));
    const wrong = [];
    for (const [i, { kernel, nettrace, undecided }] of answers.entries()) {
      const same = JSON.stringify(kernel) === JSON.stringify(nettrace);
      tally[kind][same ? "exact" : nettrace.verdict === "unknown" ? "unknown" : "wrong"]++;
      if (!same && nettrace.verdict !== "unknown" && !untold[name]?.includes(i + 1)) wrong.push({ kernel, nettrace });
      if (nettrace.verdict === "unknown") expect(undecided).toEqual(expect.any(String));
    }
    expect(wrong.map((a) => a.nettrace)).toEqual(wrong.map((a) => a.kernel));
  });
});

describe("kernel truth: random cases", () => {
  it("has seen them all, no IPv4 packet wrong", () => {
    expect(readdirSync(`${RECORDINGS}random`)).toHaveLength(RANDOM_CASES);
    expect(tally.random.wrong).toBe(UNTOLD_RANDOM_PACKETS);
    expect(tally.random.unknown).toBeLessThanOrEqual(RANDOM_UNKNOWN);
    expect(tally.random.exact + tally.random.unknown).toBe(RANDOM_PACKETS - UNTOLD_RANDOM_PACKETS);
  });

  it("has seen them all, no IPv6 packet wrong", () => {
    expect(readdirSync(`${RECORDINGS}random6`)).toHaveLength(RANDOM6_CASES);
    expect(tally.random6.wrong).toBe(0);
    expect(tally.random6.unknown).toBeLessThanOrEqual(RANDOM6_UNKNOWN);
    expect(tally.random6.exact + tally.random6.unknown).toBe(RANDOM6_PACKETS);
  });
});

afterAll(() => {
  for (const [name, { exact, unknown, wrong }] of Object.entries(tally)) {
    process.stdout.write(`kernel truth, ${name}: ${exact} packets exact, ${unknown} unknown, ${wrong} wrong\n`);
  }
});
