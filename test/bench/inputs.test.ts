import { createHash } from "node:crypto";
import { createReadStream, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import type { Format } from "../../bench/inputs/capture-file.ts";
import { cluster } from "../../bench/inputs/cluster.ts";
import { handRules } from "../../bench/inputs/hand-rules.ts";
import { writeHostile } from "../../bench/inputs/hostile.ts";
import { kubeRules } from "../../bench/inputs/kube-rules.ts";
import { FRAMES_PER_OPEN_FLOW, writeOpen } from "../../bench/inputs/open.ts";
import { writeSnapshot } from "../../bench/inputs/snapshot.ts";
import { writeTraffic } from "../../bench/inputs/traffic.ts";
import { loadSnapshot } from "../../src/commands/load-snapshot.ts";
import { createReplay } from "../../src/engine/replay.ts";
import type { Frame } from "../../src/model/packet.ts";
import type { PacketTrace } from "../../src/model/trace.ts";
import { parseIptablesSave } from "../../src/parse/iptables-save.ts";
import { readCapture } from "../../src/wire/capture.ts";

const SEED = 7;
const folder = mkdtempSync(join(tmpdir(), "nettrace-bench-test-"));
const node = cluster(SEED);
const traffic = { seed: SEED, flows: 20, frames: 1000, services: true };

afterAll(() => rmSync(folder, { recursive: true, force: true }));

function capture(name: string, format: Format, seed = SEED): string {
  const path = join(folder, name);
  writeTraffic(path, format, node, { ...traffic, seed });
  return path;
}

async function framesOf(path: string): Promise<Frame[]> {
  const frames: Frame[] = [];
  for await (const batch of readCapture(path, createReadStream(path))) {
    expect(batch.problem).toBeUndefined();
    frames.push(...batch.frames);
  }
  return frames;
}

function hash(path: string): string {
  return createHash("sha256").update(readFileSync(path)).digest("hex");
}

describe("the inputs of the benchmark", () => {
  it.each(["pcap", "pcapng"] as const)("are the same %s for the same seed, and another for another", (format) => {
    const first = hash(capture("a", format));
    expect(hash(capture("b", format))).toBe(first);
    expect(hash(capture("c", format, SEED + 1))).not.toBe(first);
  });

  it("are the same rules for the same seed, as many as asked for", () => {
    for (const make of [(seed: number) => kubeRules(cluster(seed), seed, 1000), (seed: number) => handRules(seed, 1000)]) {
      expect(make(SEED)).toBe(make(SEED));
      expect(make(SEED)).not.toBe(make(SEED + 1));
      const { value, problems } = parseIptablesSave(make(SEED), "rules", 4);
      expect(problems).toEqual([]);
      const rules = [...value.tables.values()].flatMap((table) => [...table.chains.values()].flatMap((chain) => chain.rules));
      expect(rules).toHaveLength(1000);
    }
  });

  it("are read with as many packets as were written", async () => {
    expect(await framesOf(capture("traffic", "pcap"))).toHaveLength(1000);
    const path = join(folder, "hostile");
    writeHostile(path, "pcap", node, { seed: SEED, frames: 500 });
    const senders = (await framesOf(path)).map(({ packet }) => {
      const { transport } = packet ?? {};
      return `${packet?.src}:${transport && "sport" in transport ? transport.sport : ""}`;
    });
    expect(new Set(senders).size).toBe(500);
  });

  it("are connections of which none ends", async () => {
    const [path, machine] = [join(folder, "open"), join(folder, "open-snapshot")];
    writeOpen(path, "pcap", node, { seed: SEED, flows: 50 });
    writeSnapshot(machine, node, kubeRules(node, SEED, 1000));
    const replay = createReplay(await loadSnapshot(machine), { netns: "host", capture: "open" });
    const traces = (await framesOf(path)).flatMap((frame) => replay.push(frame));
    traces.push(...replay.finish());
    expect(traces).toHaveLength(50 * FRAMES_PER_OPEN_FLOW);
    expect(new Set(traces.map((trace) => trace.flow)).size).toBe(50);
    expect(traces.filter(({ seenBefore }) => seenBefore !== undefined)).toHaveLength(25 * FRAMES_PER_OPEN_FLOW);
    expect(traces.filter(({ way, certainty }) => way.verdict !== "forwarded" || certainty !== "certain")).toEqual([]);
    const steps = traces.flatMap(({ way }) => way.steps.flatMap((step) => (step.kind === "conntrack" ? [step] : [])));
    expect(new Set(steps.map(({ state }) => state))).toEqual(new Set(["NEW", "ESTABLISHED"]));
    expect(steps.at(-1)?.protocolState).toBe("ESTABLISHED");
  });

  it("are connections that the replay follows from one end to the other", async () => {
    const path = join(folder, "snapshot");
    writeSnapshot(path, node, kubeRules(node, SEED, 1000));
    const replay = createReplay(await loadSnapshot(path), { netns: "host", capture: "traffic" });
    const traces: PacketTrace[] = [];
    for (const frame of await framesOf(capture("traffic", "pcap"))) traces.push(...replay.push(frame));
    traces.push(...replay.finish());
    expect(traces).toHaveLength(1000);
    expect(new Set(traces.map((trace) => trace.flow)).size).toBe(20);
    expect(traces.filter((trace) => trace.way.verdict !== "forwarded")).toEqual([]);
    expect(traces.filter((trace) => trace.certainty !== "certain" || trace.missing.length > 0)).toEqual([]);
    expect(traces.filter((trace) => trace.seenBefore !== undefined)).toHaveLength(500);
    const states = traces.flatMap((trace) => trace.way.steps.flatMap((step) => (step.kind === "conntrack" ? [step.state] : [])));
    expect(new Set(states)).toEqual(new Set(["NEW", "ESTABLISHED"]));
  });
});
