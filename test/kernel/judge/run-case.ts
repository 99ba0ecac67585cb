import { createReplay } from "../../../src/engine/replay.ts";
import type { Host } from "../../../src/model/host.ts";
import type { PacketTrace, Way } from "../../../src/model/trace.ts";
import { readSnapshot } from "../../../src/parse/snapshot.ts";
import type { Case } from "../cases/case.ts";
import { ODD_PORTS, PORTS } from "../cases/rule-draw.ts";
import { restoreText } from "../cases/ruleset.ts";
import type { Lab } from "../lab/lab.ts";
import type { Sent as Observed, Plan } from "../lab/protocol.ts";
import { measure } from "../wire/patch.ts";
import { disagreements, type Reading, waits } from "./compare.ts";
import { Conversation } from "./conversation.ts";
import { frameOf, packetOctets, type Sent } from "./frame.ts";
import { parted } from "./own-talk.ts";

/** What the kernel was given, and what it did: all that a replay has to be held against. */
export interface Evidence {
  readonly backend: "legacy" | "nft";
  /** Files of the snapshot by path. */
  readonly snapshot: Readonly<Record<string, string>>;
  /** Devices that face the world, "netns device". */
  readonly outside: readonly string[];
  readonly packets: readonly { readonly sent: Sent; readonly kernel: Observed }[];
}

/** What came of holding a replay against the kernel. */
export interface Judgement {
  /** So many of them were judged; what a guess or the clock decides ends it. */
  readonly packets: number;
  /** Why packets ended unknown. */
  readonly unknown: readonly string[];
  /** By packet, in words. */
  readonly disagreements: readonly string[];
}

/** Milliseconds that copies for macvlans may take. */
const QUEUED = 30;

const SILENT = [...PORTS, ...ODD_PORTS];

/** A machine that the kernel or its tools refused to build, in their words. */
export class Refused extends Error {}

/** Builds a case on the live kernel and sends its packets. */
export async function ask(lab: Lab, value: Case): Promise<Evidence> {
  const built = await lab.build(buildPlan(value));
  if ("error" in built) throw new Refused(`${built.stage} ${built.netns ?? ""}: ${built.stderr ?? built.error}`);
  const outside = value.topology.links.filter((link) => link.b === null).map((link) => `${link.a.netns} ${link.a.device}`);
  const facesWorld = (netns: string, device: string) => outside.includes(`${netns} ${device}`);
  const conversation = new Conversation(value);
  const packets: { sent: Sent; kernel: Observed }[] = [];
  sends: for (const send of value.sends) {
    if (send.kind === "pause") await lab.sleep(send.ms);
    for (const injection of conversation.injections(send)) {
      const octets = Buffer.from(injection.octets).toString("hex");
      const kernel = await lab.send(
        injection.device === undefined
          ? { netns: injection.netns, packet: octets }
          : {
              netns: injection.netns,
              device: injection.device,
              frame: octets,
              ...(isForMacvlans(value, injection.octets) && { quiet: QUEUED }),
            },
      );
      conversation.observed(send, injection, kernel, facesWorld);
      if (wasNone(injection.device, kernel)) {
        if (injection.device === undefined && canBeRefusedLate(value, injection.netns)) break sends;
        continue;
      }
      packets.push({ sent: { ...injection, time: BigInt(kernel.time) }, kernel });
      if (kernel.endless) break sends;
    }
  }
  return { backend: value.backend, snapshot: built.snapshot, outside, packets };
}

/** Whether macvlans may get a copy of a frame, which the kernel makes in its own time (macvlan_process_broadcast). */
function isForMacvlans({ topology }: Case, frame: Uint8Array): boolean {
  return ((frame[0] ?? 0) & 1) === 1 && topology.links.some(({ macvlan }) => macvlan !== undefined);
}

/** What the socket call itself refuses was never a packet, and a device that is down takes none. */
function wasNone(device: string | undefined, kernel: Observed): boolean {
  // A raw IPv6 socket's packet is counted before netfilter sees it, and may be refused behind that (rawv6_send_hdrinc).
  const entered = Object.values(kernel.counters).some((moved) => (moved["Ip6OutRequests"] ?? 0) > 0);
  const nothing = kernel.steps.length === 0 && kernel.frames.length === 0 && !entered;
  return nothing && (device !== undefined || (kernel.error !== undefined && kernel.error !== "EPERM"));
}

/** Whether a socket call can be refused behind connection tracking, which knows the packet then: where OUTPUT's tables have it routed again. */
function canBeRefusedLate({ rules, family = 4 }: Case, netns: string): boolean {
  const tables = rules.find((one) => one.netns === netns)?.tables ?? [];
  return family === 4 && tables.some(({ table }) => table === "nat" || table === "mangle");
}

function buildPlan(value: Case): Plan {
  const { topology, rules, family = 4 } = value;
  return {
    backend: value.backend,
    namespaces: topology.namespaces.map(({ bridge, commands, ...plan }) => {
      const own = rules.find((one) => one.netns === plan.name);
      const text = own ? restoreText(own) : "";
      return {
        ...plan,
        ...(family === 4 ? { commands } : { commands6: commands, ipv6: true }),
        ...(bridge.length > 0 && { bridge }),
        ...(own && { ...(family === 4 ? { rules: text } : { rules6: text }), sets: own.sets.map((line) => `${line}\n`).join("") }),
      };
    }),
    links: topology.links,
    silent: { tcp: SILENT, udp: SILENT },
  };
}

/** Replays what the kernel was given and holds every answer against what it did. */
export function judge(evidence: Evidence): Judgement {
  const { value: host, problems } = readSnapshot(new Map(Object.entries(evidence.snapshot)), "snapshot");
  if (problems.length > 0)
    return { packets: 0, unknown: [], disagreements: problems.map((p) => `snapshot: ${p.file}:${p.line ?? ""}: ${p.message}`) };
  const traces = replayed(host, evidence);
  const reading = readingOf(host, evidence);
  const unknown: string[] = [];
  const found: string[] = [];
  let judged = 0;
  for (const [i, { sent, kernel: observed }] of evidence.packets.entries()) {
    const { caused: kernel, asked, met } = parted(sent, observed);
    for (const one of asked) reading.asked.add(one);
    if (met.some(({ netns, ...where }) => isStateful(evidence.snapshot[`netns/${netns}/ip6tables-save.txt`] ?? "", where))) break;
    const trace = traces.get(i + 1);
    if (!trace) {
      // A frame without a whole IP packet is none that the kernel takes either.
      if (frameOf(sent, i + 1).packet || kernel.steps.length > 0) found.push(`packet ${i + 1}: not replayed`);
    } else if (trace.way.verdict === "unknown" && trace.alternatives.length === 0) unknown.push(trace.way.undecided ?? "no reason given");
    else if (trace.seenBefore !== undefined) found.push(`packet ${i + 1}: taken for packet ${trace.seenBefore} seen again`);
    else if (evidence.backend === "nft" && hasBrokenHeaders(sent))
      unknown.push("what nft does not trace: headers that run past the packet");
    else if (observed.endless) {
      const known = [trace.way, ...trace.alternatives].some((way) => goesRound(way));
      if (!known) found.push(`packet ${i + 1}: there is no end of it in the kernel, and one in the replay`);
    } else {
      // Of the ways that chance leaves open the kernel took one.
      const ways = trace.alternatives.length > 0 ? trace.alternatives : [trace.way];
      if (ways.some((way) => waits(way, kernel, reading)) || answersItself(kernel)) break;
      const wrong = ways.map((way) => disagreements(way, sent, kernel, reading)).sort((a, b) => a.length - b.length)[0] ?? [];
      // Nothing tells a local socket's mark; the replay says what it took it for, and where that was wrong its state is another one.
      if (wrong.length > 0 && trace.assumptions.some(({ id }) => id === "socket-mark")) {
        unknown.push("the mark of a local socket");
        break;
      }
      // IPv6 only hears of a path MTU where a socket has sent what the error quotes (tcp_v6_err, __udp6_lib_err); those of the lab are raw ones.
      if (wrong.length > 0 && trace.packet.family === 6 && trace.assumptions.some(({ id }) => id === "path-mtu")) {
        unknown.push("whether a socket had sent what an error quotes");
        break;
      }
      found.push(...wrong.map((words) => `packet ${i + 1}: ${words}`));
    }
    judged = i + 1;
  }
  return { packets: judged, unknown, disagreements: found };
}

/** Rules that answer otherwise once a packet has met them. */
const STATEFUL = /-m (hashlimit|limit|quota|rateest|recent|statistic) |-j SET /;

/** Whether a chain has rules that answer otherwise once the kernel's own packets have met them. */
function isStateful(saved: string, { table, chain }: { readonly table: string; readonly chain: string }): boolean {
  const own = saved.split(/^(?=\*)/m).find((text) => text.startsWith(`*${table}\n`)) ?? "";
  return own.split("\n").some((line) => line.includes(`-A ${chain} `) && STATEFUL.test(line));
}

/** Whether a packet, or what came of it, goes round in a circle for ever. */
function goesRound({ at, replies, copies = [] }: Way): boolean {
  return at.reason === "loop" || replies.some(({ way }) => goesRound(way)) || copies.some(goesRound);
}

/** Whether the extension headers of a packet are longer than it is (nf_tables_trace.c, nf_trace_fill_pkt_info: such a packet cannot be shown). */
function hasBrokenHeaders(sent: Sent): boolean {
  const { header, end } = measure(packetOctets(sent));
  return header > end;
}

/** A port without a silent listener, which only chance can lead to: the host's own answer is no part of what a snapshot tells. */
function answersItself({ counters }: Observed): boolean {
  return Object.values(counters).some((moved) =>
    ["Tcp.OutRsts", "Udp.NoPorts", "UdpLite.NoPorts", "Udp6NoPorts", "UdpLite6NoPorts"].some((name) => (moved[name] ?? 0) > 0),
  );
}

function replayed(host: Host, evidence: Evidence): Map<number, PacketTrace> {
  const [first] = host.namespaces.keys();
  const replay = createReplay(host, { netns: first ?? "", capture: "live" });
  const traces = new Map<number, PacketTrace>();
  const take = (released: readonly PacketTrace[]) => {
    for (const trace of released) traces.set(trace.frame.number, trace);
  };
  for (const [i, { sent }] of evidence.packets.entries()) take(replay.push(frameOf(sent, i + 1), sent.netns));
  take(replay.finish());
  return traces;
}

function readingOf(host: Host, evidence: Evidence): Reading {
  const outside = new Set(evidence.outside);
  const six = evidence.packets.some(({ sent }) => (packetOctets(sent)[0] ?? 0) >> 4 === 6);
  return {
    backend: evidence.backend,
    rulesOf(netns, table, chain) {
      const namespace = host.namespaces.get(netns);
      const tables = (six ? namespace?.ruleset6 : namespace?.ruleset4)?.tables;
      return tables?.get(table as never)?.chains.get(chain)?.rules.length ?? 0;
    },
    asked: new Set(),
    facesWorld: (netns, device) => outside.has(`${netns} ${device}`),
  };
}
