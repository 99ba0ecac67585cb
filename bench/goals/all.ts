import { join } from "node:path";
import { SIGHTINGS } from "../inputs/forwarded.ts";
import { KERNEL_SCAN_BEFORE, kernelScan, whyNotKernel } from "../measure/kernel.ts";
import { processOf } from "../measure/process.ts";
import type { Candidate, Sample } from "../measure/sample.ts";
import { faster, type Goal, peak, times } from "./goal.ts";
import { lintCorpus, lintCurve, lintHand, representations } from "./lint.ts";
import {
  type Bench,
  capinfos,
  decoded,
  explained,
  FEW,
  hostile,
  loaded,
  loop,
  MANY,
  MOST,
  named,
  ndjson,
  nettrace,
  open,
  SOME,
  summary,
} from "./runs.ts";

/** The goals by name, each made only when it is wanted. */
export const GOALS: ReadonlyMap<string, (bench: Bench) => Goal> = new Map([
  ["P1", decoding],
  ["P2", parsing],
  ["P3", explaining],
  ["P4", flood],
  ["P5", manyRules],
  ["P6", againstKernel],
  ["P7", memory],
  ["P8", start],
  ["P9", output],
  ["P10", bothCores],
  ["L1", lintCurve],
  ["L2", lintHand],
  ["L3", lintCorpus],
  ["L4", representations],
]);

function decoding(bench: Bench): Goal {
  const peers = [
    capinfos(bench),
    processOf(bench.settings, "capinfos -c (pcapng)", ["capinfos", "-c", bench.inputs.traffic("pcapng")]),
    processOf(bench.settings, "tcpdump -r -w /dev/null", ["tcpdump", "-r", bench.inputs.traffic("pcap"), "-w", "/dev/null"]),
  ] as const;
  const [pcap, pcapng] = [decoded(bench, "pcap"), decoded(bench, "pcapng")];
  const parts = [
    times("read and decode pcap, against capinfos -c", pcap, peers[0], 2),
    times("read and decode pcapng, against capinfos -c", pcapng, peers[1], 2),
    times("tcpdump -r -w /dev/null, against capinfos -c", peers[2], peers[0]),
  ];
  return { id: "P1", candidates: [...peers, pcap, pcapng], parts };
}

function parsing(bench: Bench): Goal {
  const restored = (style: "kube" | "hand", count: number) => {
    const rules = bench.inputs.rules(style, count / bench.inputs.size.part);
    const own = process.getuid?.() === 0 ? ["unshare", "-n"] : ["unshare", "-rn"];
    const words = [...own, "iptables-legacy-restore", "--test", rules];
    return processOf(bench.settings, `iptables-legacy-restore --test, ${named(bench, count)} ${style}`, words, "iptables-legacy-restore");
  };
  const counts = [SOME, MANY, MOST] as const;
  const limits = new Map([
    [MANY, 1.5],
    [MOST, 0.7],
  ]);
  const kube = counts.map((count) => ({ count, own: loaded(bench, "kube", count), peer: restored("kube", count) }));
  const hand = { own: loaded(bench, "hand", MANY), peer: restored("hand", MANY) };
  const parts = kube.map(({ count, own, peer }) =>
    times(`parse ${named(bench, count)} kube rules, against iptables-legacy-restore`, own, peer, limits.get(count)),
  );
  parts.push(times(`parse ${named(bench, MANY)} hand-written rules, against iptables-legacy-restore`, hand.own, hand.peer));
  const { own, peer } = kube[2] as (typeof kube)[0];
  const value = (sample: (name: string) => Sample) => {
    const [mine, theirs] = [sample(own.name).peak, sample(peer.name).peak];
    return mine === undefined || theirs === undefined ? undefined : mine / theirs;
  };
  const what = `memory at ${named(bench, MOST)} kube rules, against iptables-legacy-restore`;
  parts.push({ what, unit: "×", limit: 2.5, needs: [own.name, peer.name], own: own.name, value });
  return { id: "P2", candidates: [...kube, hand].flatMap((one) => [one.peer, one.own]), parts };
}

function explaining(bench: Bench): Goal {
  const [text, lines, peer] = [summary(bench), ndjson(bench), capinfos(bench)];
  const printed = processOf(bench.settings, "tcpdump -nn -r", ["tcpdump", "-nn", "-r", bench.inputs.traffic("pcap")]);
  const parts = [
    times("summary, against capinfos -c", text, peer, 12),
    times("NDJSON, against capinfos -c", lines, peer, 30),
    faster("NDJSON, faster than tcpdump -nn -r", lines, printed, 3),
  ];
  return { id: "P3", candidates: [peer, text, lines, printed], parts };
}

function flood(bench: Bench): Goal {
  const [own, other] = [hostile(bench), summary(bench)];
  return { id: "P4", candidates: [own, other], parts: [times("every packet a new connection, against P3", own, other, 4)] };
}

function manyRules(bench: Bench): Goal {
  const more = explained(bench, "traffic", bench.inputs.traffic("pcap"), "kube", MOST);
  const [moreLoad, less, lessLoad] = [loaded(bench, "kube", MOST), summary(bench), loaded(bench, "kube", MANY)];
  const candidates = [more, moreLoad, less, lessLoad];
  const what = `replay loop at ${named(bench, MOST)} rules, against ${named(bench, MANY)}`;
  const value = (sample: (name: string) => Sample) => loop(more, moreLoad, sample) / loop(less, lessLoad, sample);
  const needs = candidates.map((one) => one.name);
  return { id: "P5", candidates, parts: [{ what, unit: "×", limit: 1.5, needs, own: more.name, value }] };
}

function againstKernel(bench: Bench): Goal {
  const { inputs, root } = bench;
  const own = explained(bench, "routed traffic", inputs.routed(), "hand", MANY);
  const load = loaded(bench, "hand", MANY);
  const why = whyNotKernel();
  const seconds = KERNEL_SCAN_BEFORE / inputs.size.part;
  const kernel: Candidate = why
    ? { name: "kernel, per packet (measured earlier, elsewhere)", run: async () => ({ seconds }) }
    : kernelScan("kernel, per packet", inputs.rules("hand", MANY / inputs.size.part), join(root, "bench", "scripts", "send.js"));
  const what = `a packet through ${named(bench, MANY)} rules, faster than the kernel${why ? ` (${KERNEL_SCAN_BEFORE * 1e6} µs, measured earlier: ${why})` : ""}`;
  const packets = inputs.size.frames / SIGHTINGS;
  const value = (sample: (name: string) => Sample) => (sample(kernel.name).seconds * packets) / loop(own, load, sample);
  const candidates = [own, load, kernel];
  const needs = candidates.map((one) => one.name);
  return { id: "P6", candidates, parts: [{ what, unit: "×", limit: 500, atLeast: true, needs, own: own.name, value }] };
}

function memory(bench: Bench): Goal {
  const candidates = [summary(bench), ndjson(bench), hostile(bench), open(bench), long(bench, 1), long(bench, 2)] as const;
  const [text, lines, flooded, opened, alone, together] = candidates;
  const parts = [
    peak("most memory, summary", text, 300),
    peak("most memory, NDJSON", lines, 300),
    peak("most memory, flood", flooded, 300),
    peak("most memory, connections that are all open", opened, 300),
    peak("most memory, eight times the packets", alone, 300),
    peak("the same with two threads, as they are used unasked", together, 300),
  ];
  return { id: "P7", candidates, parts };
}

function start(bench: Bench): Goal {
  const bare = processOf(bench.settings, "node -e 0", [process.execPath, "-e", "0"]);
  const own = processOf(bench.settings, "nettrace --version", nettrace(bench.root, "--version"));
  return { id: "P8", candidates: [bare, own], parts: [times("nettrace --version, against node -e 0", own, bare, 2.2)] };
}

function output(bench: Bench): Goal {
  const table = (flows: number) =>
    explained(bench, `${flows} connections`, bench.inputs.listed(flows), "kube", FEW * bench.inputs.size.part, "--all");
  const [more, less] = [table(SOME / bench.inputs.size.part), table(FEW / bench.inputs.size.part)];
  return { id: "P9", candidates: [more, less], parts: [times("ten times the connections in a table", more, less, 12)] };
}

function long(bench: Bench, jobs: number): Candidate {
  return explained(bench, "long traffic", bench.inputs.longTraffic(), "kube", MANY, "--jobs", String(jobs));
}

function bothCores(bench: Bench): Goal {
  const jobs = (count: number) => explained(bench, "traffic", bench.inputs.traffic("pcap"), "kube", MANY, "--jobs", String(count));
  const [one, two, oneLong, twoLong] = [jobs(1), jobs(2), long(bench, 1), long(bench, 2)];
  return {
    id: "P10",
    candidates: [one, two, oneLong, twoLong],
    parts: [
      faster("two worker threads, faster than one", two, one, 1.6),
      faster("the same of eight times the packets", twoLong, oneLong, 1.6),
    ],
  };
}
