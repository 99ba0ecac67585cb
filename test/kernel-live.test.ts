import { readdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { loadEvidence } from "./kernel/judge/evidence.ts";
import { frameOf } from "./kernel/judge/frame.ts";
import { type Evidence, judge } from "./kernel/judge/run-case.ts";
import type { LabFrame, LabStep, Sent } from "./kernel/lab/protocol.ts";

const LIVE = fileURLToPath(new URL("recordings/live/", import.meta.url));
const ENDING = ".json.gz";
/** How many there are at least; more are put in all the time. */
const RECORDINGS = 293;
const PACKETS = 468;

const recorded = new Map(
  readdirSync(LIVE)
    .sort()
    .map((file) => [file.replace(ENDING, ""), loadEvidence(`${LIVE}${file}`)]),
);

describe("where the kernel once disagreed", () => {
  it.each([...recorded.keys()])("%s", (name) => {
    expect(judge(recorded.get(name) as Evidence).disagreements).toEqual([]);
  });

  it("has seen them all", () => {
    expect(recorded.size).toBeGreaterThanOrEqual(RECORDINGS);
    expect([...recorded.values()].flatMap(({ packets }) => packets).length).toBeGreaterThanOrEqual(PACKETS);
  });
});

/** In hexadecimal digits: where the EtherType stands, and by EtherType another source address and where that stands. */
const ETHER_TYPE = 24;
const ELSEWHERE: Readonly<Record<string, { readonly digits: string; readonly at: number }>> = {
  "0800": { digits: "c6336407", at: 52 },
  "86dd": { digits: "20010db800c600000000000000000007", at: 44 },
};

const elsewhere = (frame: string) => ELSEWHERE[frame.slice(ETHER_TYPE, ETHER_TYPE + 4)];

function fromElsewhere(frame: string): string {
  const { digits, at } = elsewhere(frame) ?? { digits: "", at: 0 };
  return frame.slice(0, at) + digits + frame.slice(at + digits.length);
}

/** The same with something else in place of the first step; without steps undefined. */
function withFirstStep(kernel: Sent, change: (step: LabStep) => readonly LabStep[]): Sent | undefined {
  const [first, ...rest] = kernel.steps;
  return first && { ...kernel, steps: [...change(first), ...rest] };
}

/** The same with something else in place of the first frame that left; without such frames undefined. */
function withFirstFrame(kernel: Sent, change: (frame: LabFrame) => readonly LabFrame[]): Sent | undefined {
  const at = kernel.frames.findIndex(({ direction, frame }) => direction === "out" && elsewhere(frame) !== undefined);
  return at < 0 ? undefined : { ...kernel, frames: kernel.frames.flatMap((one, i) => (i === at ? change(one) : [one])) };
}

/** What a kernel could have said instead. */
const OTHERWISE: Readonly<Record<string, (kernel: Sent, fragment: boolean) => Sent | undefined>> = {
  "another rule": (kernel) => withFirstStep(kernel, (step) => [{ ...step, rule: step.rule + 100 }]),
  "another chain": (kernel) => withFirstStep(kernel, (step) => [{ ...step, chain: "elsewhere" }]),
  "a step less": (kernel) => withFirstStep(kernel, () => []),
  // Of what began as a fragment the addresses are not compared.
  "another source address": (kernel, fragment) =>
    fragment ? undefined : withFirstFrame(kernel, (one) => [{ ...one, frame: fromElsewhere(one.frame) }]),
  "a frame less": (kernel) => withFirstFrame(kernel, () => []),
  "a frame twice": (kernel) => withFirstFrame(kernel, (one) => [one, one]),
};

/** What a socket may have done that was not seen. */
const SOCKETS: ReadonlySet<string> = new Set(["the mark of a local socket", "whether a socket had sent what an error quotes"]);

function isLeftOpen(evidence: Evidence, index: number): boolean {
  const open = (count: number) => judge({ ...evidence, packets: evidence.packets.slice(0, count) }).unknown.length;
  return open(index + 1) > open(index);
}

describe("a kernel that says otherwise", () => {
  it.each(Object.entries(OTHERWISE))("%s", (_, otherwise) => {
    const unseen: string[] = [];
    let altered = 0;
    for (const [name, { packets, ...evidence }] of recorded) {
      const others = packets.map(({ sent, kernel }) => otherwise(kernel, frameOf(sent, 1).packet?.fragment !== undefined));
      const { packets: judged } = judge({ ...evidence, packets });
      const i = others.findLastIndex((one, at) => one !== undefined && at < judged);
      const [kernel, packet] = [others[i], packets[i]];
      if (!kernel || !packet) continue;
      const { disagreements, unknown } = judge({ ...evidence, packets: packets.with(i, { ...packet, kernel }) });
      // It may have been a socket; and of a packet that is left open nothing is said.
      if (unknown.some((reason) => SOCKETS.has(reason)) || isLeftOpen({ ...evidence, packets }, i)) continue;
      altered++;
      if (!disagreements.some((words) => words.startsWith(`packet ${i + 1}: `))) unseen.push(`${name}, packet ${i + 1}`);
    }
    expect(altered).toBeGreaterThan(recorded.size / 2);
    expect(unseen).toEqual([]);
  });
});
