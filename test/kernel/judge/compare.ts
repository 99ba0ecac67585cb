import { formatMac } from "../../../src/model/address.ts";
import type { Packet } from "../../../src/model/packet.ts";
import type { Appearance, Step, Way } from "../../../src/model/trace.ts";
import type { Sent as Observed } from "../lab/protocol.ts";
import { differs } from "../wire/expected.ts";
import { differsMade } from "../wire/made.ts";
import { filledIn } from "./filled.ts";
import { frameOf, headerLength, packetOctets, type Sent } from "./frame.ts";
import { overwritten } from "./overwritten.ts";
import { netfilterSteps, packetWords, type StepFields, stepWords } from "./words.ts";

/** In hexadecimal digits: the EtherType of ARP, and where it stands. */
const ARP = "0806";
const ETHER_TYPE = 24;

/** What has to be known of a case to read the kernel's answers. */
export interface Reading {
  readonly backend: "legacy" | "nft";
  /** How many rules a chain has: the kernel calls some rules "policy" or "return". */
  rulesOf(netns: string, table: string, chain: string): number;
  /** Whether a device's far end is the world. */
  facesWorld(netns: string, device: string): boolean;
  /** Devices, "netns device", on which the kernel has asked for a neighbour; nobody in the world answers that. */
  readonly asked: Set<string>;
}

/** Whether a packet waits for a neighbour that nobody answers for: the kernel's state is then another than the replay's. */
export function waits(way: Way, kernel: Observed, reading: Reading): boolean {
  for (const one of asking(kernel)) reading.asked.add(one);
  return [...ways(way)].some(({ out }) =>
    out.some((one) => one.dstMac === undefined && reading.asked.has(`${one.netns} ${one.interface}`)),
  );
}

/** Where kernel and replay disagree about a packet, in words; empty when they agree. */
export function disagreements(way: Way, sent: Sent, kernel: Observed, reading: Reading): string[] {
  if (waits(way, kernel, reading)) return stepsDiffer(way, kernel, reading, true);
  const found = [...stepsDiffer(way, kernel, reading), ...framesDiffer(way, sent, kernel, reading.asked)];
  const verdict = verdictDiffers(way, kernel, reading, frameOf(sent, 1).packet);
  return verdict === undefined ? found : [verdict, ...found];
}

/** A way and those of the answers that it caused. */
function* ways(way: Way): Generator<Way> {
  yield way;
  for (const reply of way.replies) yield* ways(reply.way);
}

/**
 * The steps of a way and of the answers that it caused, in the order in which they happened: the packet goes on only after a redirect, as far
 * as the next host, and before what the next host of the redirect makes of that, be it this one itself.
 */
function stepsOf(way: Way): Step[] {
  const steps = [...(way.allSteps ?? way.steps)];
  const sent: Step[] = [];
  const heard: Step[] = [];
  const last: Step[] = [];
  for (const { after, way: answer } of way.replies.toReversed()) {
    const own = stepsOf(answer);
    const arrived = own.findIndex((step) => step.kind === "device" && (step.direction === "in" || step.interface === "lo"));
    const back = arrived < 0 ? [] : own.splice(arrived);
    if (!after) {
      // Only what was heard by then parts an answer from what becomes of it.
      sent.unshift(...own);
      last.unshift(...back);
      continue;
    }
    const next = steps.findIndex((step, i) => i >= after.steps && step.kind === "device" && step.direction === "in");
    if (next < 0) heard.unshift(...back);
    else steps.splice(next, 0, ...back);
    steps.splice(after.steps, 0, ...own);
  }
  if (heard.length > 0) return [...steps, ...sent, ...heard, ...last];
  const answers = way.replies.filter(({ after }) => !after).flatMap(({ way: answer }) => stepsOf(answer));
  return [...steps, ...answers];
}

function stepsDiffer(way: Way, kernel: Observed, reading: Reading, begun = false): string[] {
  // nft's trace events have no bridge ports, and the mark is the one after the rule.
  const whole = reading.backend === "legacy";
  const words = (steps: readonly StepFields[]) => {
    const byNetns = new Map<string, string[]>();
    for (const step of steps) {
      const { mark: _mark, physin: _physin, physout: _physout, ...rest } = step;
      byNetns.set(step.netns, [...(byNetns.get(step.netns) ?? []), stepWords(whole ? step : rest)]);
    }
    return byNetns;
  };
  const said = words(netfilterSteps(stepsOf(way)));
  const seen = words(
    kernel.steps.map(({ rule, ...step }) => {
      const named = step.kind !== "rule" && rule <= reading.rulesOf(step.netns, step.table, step.chain) ? "rule" : step.kind;
      return { ...step, kind: named, number: rule };
    }),
  );
  // Of an answer to a copy nothing tells where among the packet's own steps it was made.
  const mixed = way.copies !== undefined && way.replies.length > 0;
  const ordered = (steps: readonly string[] = []) => (mixed ? steps.toSorted() : steps);
  return [...new Set([...said.keys(), ...seen.keys()])].flatMap((netns) => {
    const there = ordered(seen.get(netns));
    const ours = ordered(said.get(netns));
    // nft reports a rule after what its REJECT or TEE has sent; of one copy it shows which rule that was.
    if (!whole && (way.replies.length > 0 || (way.copies?.length ?? 0) > 1) && sameInAnyOrder(there, ours)) return [];
    return firstDifference("step", there, begun ? ours.slice(0, there.length) : ours);
  });
}

/** The first place where two lists part; the words before it are the same. */
function firstDifference(what: string, kernel: readonly string[], said: readonly string[]): string[] {
  const at = kernel.findIndex((one, i) => !same(one, said[i]));
  if (at < 0 && said.length === kernel.length) return [];
  const i = at < 0 ? kernel.length : at;
  return [`${what} ${i + 1}: kernel ${kernel[i] ?? "nothing"} | replay ${said[i] ?? "nothing"}`];
}

function sameInAnyOrder(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && [...a].sort().join("\n") === [...b].sort().join("\n");
}

/** A port or id that the kernel drew at random is -1 in the replay. */
const DRAWN = /(?<= )-1\b/g;
/** An octet of options that the replay leaves open. */
const OPEN = "\\?\\?";

function same(kernel: string, said: string | undefined): boolean {
  if (said === undefined || kernel === said) return kernel === said;
  const pattern = said.split(DRAWN).map((piece) => piece.replace(/[.*+?^${}()|[\]\\]/g, "\\$&"));
  return new RegExp(`^${pattern.join("\\d+").replaceAll(OPEN, "[0-9a-f]{2}")}$`).test(kernel);
}

interface Seen {
  readonly key: string;
  readonly words: string;
  readonly octets: Uint8Array;
}

interface Said {
  readonly key: string;
  readonly words: string;
  differs(octets: Uint8Array): string | undefined;
  /** What the kernel's capture may show instead. */
  readonly or?: Said;
}

/** Whether a frame has a fragment other than the first. */
function isLater(words: string): boolean {
  return /fragment [1-9]/.test(words);
}

/**
 * The capture shares its octets with the fragment itself, whose header the next namespace changes in place: what else it has there of a
 * later fragment comes from the whole datagram, which was cut again (ip6_fraglist_prepare).
 */
function unshared(words: string): string {
  const own = words.replace(/^\S+ > \S+|ttl \d+|to [0-9a-f:]{17}/g, "");
  return isLater(words) ? own.replace(/tos \d+/, "") : own;
}

interface SaidFrame extends Appearance {
  readonly written: Packet | undefined;
}

const CHECKSUM = /^(TCP|UDP|UDP-Lite|ICMPv6) checksum: /;

/**
 * Whether prefix translation has changed a packet, and nothing tells what that made of its checksum (ip6t_NPT.c): NAT, which keeps it up,
 * has changed the packet, too, or it is one of UDP-Lite, of which the replay does not know whether it was right.
 */
function isLeftOpen({ steps }: Way, wrong: string): boolean {
  const byPrefix = steps.some(
    (step) => step.kind === "rule" && step.table === "mangle" && (step.set?.["src"] ?? step.set?.["dst"]) !== undefined,
  );
  return CHECKSUM.test(wrong) && byPrefix && (wrong.startsWith("UDP-Lite") || steps.some((step) => step.kind === "nat"));
}

function framesDiffer(way: Way, sent: Sent, kernel: Observed, asked: ReadonlySet<string>): string[] {
  const original = packetOctets(sent);
  const whole = frameOf(sent, 1).packet;
  const seen: Seen[] = kernel.frames
    .filter((frame) => frame.direction === "out")
    .flatMap((frame) => {
      const octets = Uint8Array.from(Buffer.from(frame.frame, "hex"));
      const decoded = frameOf({ netns: frame.netns, device: frame.device, octets, time: 0n }, 1);
      if (!decoded.packet) return [];
      const mac = frame.device === "lo" || decoded.dstMac === undefined ? "" : ` to ${formatMac(decoded.dstMac)}`;
      return [
        {
          key: `${frame.netns} ${frame.device}`,
          words: `${packetWords(decoded.packet)}${mac}`,
          octets: octets.subarray(headerLength(octets)),
        },
      ];
    });
  const said: Said[] = [];
  const add = (out: readonly SaidFrame[], check: (appearance: Appearance, octets: Uint8Array) => string | undefined) => {
    for (const { written, ...one } of out) {
      const mac = one.interface === "lo" || one.dstMac === undefined ? "" : ` to ${formatMac(one.dstMac)}`;
      const whole = (packet: Packet): Said => ({
        key: `${one.netns} ${one.interface}`,
        words: `${packetWords(packet)}${mac}`,
        differs: (octets) => check({ ...one, packet }, octets),
      });
      said.push({ ...whole(one.packet), ...(written && { or: whole(written) }) });
    }
  };
  const isOf = (one: Appearance, octets: Uint8Array) =>
    whole?.fragment || one.packet.fragment ? undefined : differs(filledIn(one.packet, octets), original, octets);
  const isMade = (one: Appearance, octets: Uint8Array) =>
    one.packet.fragment ? undefined : differsMade(filledIn(one.packet, octets), octets);
  const addWay = (way: Way, check: typeof isOf, sent?: Packet) => {
    const { replies } = way;
    const shared = overwritten(way, sent);
    const out = way.out.map((one, i) => ({ ...one, written: shared.get(i) }));
    let gone = 0;
    for (const { way: redirect, after } of replies) {
      if (!after) continue;
      add(out.slice(gone, after.out), check);
      gone = after.out;
      addWay(redirect, isMade);
    }
    add(out.slice(gone), check);
    for (const reply of replies) if (!reply.after) addWay(reply.way, isMade);
  };
  addWay(way, isOf, whole);
  const keys = new Set([...seen, ...said].map((one) => one.key));
  return [...keys].flatMap((key) => {
    const there = seen.filter((one) => one.key === key);
    // An answer, too, may wait for its neighbour.
    const ours = said
      .filter((one) => one.key === key && (!asked.has(key) || one.words.includes(" to ")))
      .map((one, i) => (one.or && same(there[i]?.words ?? "", one.or.words) ? one.or : one));
    const words = (one: { readonly words: string }) => (isLater(one.words) || whole?.fragment ? unshared(one.words) : one.words);
    const first = firstDifference(`frame on ${key}`, there.map(words), ours.map(words));
    if (first.length > 0) return first;
    return ours.flatMap((one, i) => {
      if (one.words.search(DRAWN) >= 0) return [];
      const wrong = one.differs(there[i]?.octets ?? new Uint8Array(0));
      if (wrong !== undefined && isLeftOpen(way, wrong)) return [];
      return wrong === undefined ? [] : [`octets of frame ${i + 1} on ${key}: ${wrong}`];
    });
  });
}

/** Devices on which the kernel asks for a neighbour that it does not know. */
function asking(kernel: Observed): ReadonlySet<string> {
  const questions = kernel.frames.filter((frame) => frame.direction === "out" && frame.frame.startsWith(ARP, ETHER_TYPE));
  return new Set(questions.map((frame) => `${frame.netns} ${frame.device}`));
}

function verdictDiffers(way: Way, kernel: Observed, reading: Reading, whole: Packet | undefined): string | undefined {
  const away = kernel.frames.some((frame) => frame.direction === "out" && reading.facesWorld(frame.netns, frame.device));
  const made = [...ways(way)].flatMap((one) => [one, ...(one.copies ?? [])]).slice(1);
  switch (way.verdict) {
    case "delivered":
      return kernel.delivered.some((one) => one.netns === way.at.netns) || hasMessage(kernel, way.at.netns)
        ? undefined
        : "delivered, says the replay; the kernel delivered nothing";
    case "forwarded":
      return away ? undefined : "forwarded, says the replay; the kernel sent nothing";
    case "queued":
      // By a QUEUE or NFQUEUE rule: the steps tell.
      // Of several namespaces one may wait where another does not, which the counters do not tell apart.
      if (way.at.table !== undefined || kernel.steps.length > 0) return undefined;
      // Nothing counts the fragments of IPv6 that connection tracking keeps: they are those of which nothing comes.
      if (whole?.family === 6 && kernel.delivered.length === 0) return undefined;
      return waiting(kernel).length > 0 ? undefined : "queued, says the replay; no fragment waits in the kernel";
    default: {
      const answered = made.some((one) => one.verdict === "delivered");
      if (kernel.delivered.length > 0 && !answered)
        return `${way.verdict}, says the replay; the kernel delivered it in ${kernel.delivered[0]?.netns}`;
      // The kernel counts a fragment that it has already like one that it keeps; a copy that TEE made may wait as well.
      const waits = made.some((one) => one.verdict === "queued" || one.at.reason === "defrag");
      return waiting(kernel).length > 0 && way.at.reason !== "defrag" && !waits
        ? `${way.verdict}, says the replay; in the kernel a fragment waits`
        : undefined;
    }
  }
}

/** Raw sockets do not get an ICMPv6 message with a wrong checksum; the kernel has counted it before (icmp.c, icmpv6_rcv). */
function hasMessage({ counters }: Observed, netns: string): boolean {
  return (counters[netns]?.["Icmp6InMsgs"] ?? 0) > 0;
}

/** Namespaces in which a fragment was put aside and nothing came of it. */
function waiting(kernel: Observed): string[] {
  const moved = (counters: Readonly<Record<string, number>>, name: string) =>
    ["Ip.Reasm", "Ip6Reasm"].some((prefix) => (counters[`${prefix}${name}`] ?? 0) > 0);
  return Object.entries(kernel.counters)
    .filter(([, counters]) => moved(counters, "Reqds") && !moved(counters, "OKs") && !moved(counters, "Fails"))
    .map(([netns]) => netns);
}
