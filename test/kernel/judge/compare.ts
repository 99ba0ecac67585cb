import type { Packet } from "../../../src/model/packet.ts";
import type { Step, Way } from "../../../src/model/trace.ts";
import type { Sent as Observed } from "../lab/protocol.ts";
import { firstDifference, isMixed, sameInAnyOrder } from "./alike.ts";
import { frameOf, type Sent } from "./frame.ts";
import { framesDiffer } from "./frames.ts";
import { netfilterSteps, type StepFields, stepWords } from "./words.ts";

/** In hexadecimal digits: the EtherType of ARP, and where it stands. */
const ARP = "0806";
const ETHER_TYPE = 24;
/** What the replay says of a fragment that waits in the place of earlier ones. */
const GIVEN_UP = "are given up";

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

/** The same with the copies that TEE made, and those of copies. */
function* everyWay(way: Way): Generator<Way> {
  yield way;
  for (const reply of way.replies) yield* everyWay(reply.way);
  for (const copy of way.copies ?? []) yield* everyWay(copy);
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
  const answers = way.replies.filter(({ after }) => !after).map(({ way: answer }) => stepsOf(answer));
  // Each frame of a flood is answered as soon as it is rejected, and the next one only goes on then.
  const rejections = steps.filter(rejects);
  if (answers.length < 2 || rejections.length !== answers.length) return [...steps, ...answers.flat()];
  return steps.flatMap((step) => [step, ...(rejects(step) ? (answers[rejections.indexOf(step)] ?? []) : [])]);
}

function rejects(step: Step): boolean {
  return step.kind === "rule" && step.rule.target?.kind === "extension" && step.rule.target.name === "REJECT";
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
  const mixed = isMixed(way);
  const ordered = (steps: readonly string[] = []) => (mixed ? steps.toSorted() : steps);
  return [...new Set([...said.keys(), ...seen.keys()])].flatMap((netns) => {
    const there = ordered(seen.get(netns));
    const ours = ordered(said.get(netns));
    // nft reports a rule after what its REJECT or TEE has sent; of one copy it shows which rule that was.
    if (!whole && (way.replies.length > 0 || (way.copies?.length ?? 0) > 1) && sameInAnyOrder(there, ours)) return [];
    return firstDifference("step", there, begun ? ours.slice(0, there.length) : ours);
  });
}

/** Devices on which the kernel asks for a neighbour that it does not know. */
function asking(kernel: Observed): ReadonlySet<string> {
  const questions = kernel.frames.filter((frame) => frame.direction === "out" && frame.frame.startsWith(ARP, ETHER_TYPE));
  return new Set(questions.map((frame) => `${frame.netns} ${frame.device}`));
}

function verdictDiffers(way: Way, kernel: Observed, reading: Reading, whole: Packet | undefined): string | undefined {
  const away = kernel.frames.some((frame) => frame.direction === "out" && reading.facesWorld(frame.netns, frame.device));
  const made = [...everyWay(way)].slice(1);
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
      return waiting(kernel, way.at.text?.includes(GIVEN_UP) === true).length > 0
        ? undefined
        : "queued, says the replay; no fragment waits in the kernel";
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

/** Namespaces in which a fragment was put aside and nothing came of it; `instead` of others that were given up, which is counted as a failure. */
function waiting(kernel: Observed, instead = false): string[] {
  const moved = (counters: Readonly<Record<string, number>>, name: string) =>
    ["Ip.Reasm", "Ip6Reasm"].some((prefix) => (counters[`${prefix}${name}`] ?? 0) > 0);
  return Object.entries(kernel.counters)
    .filter(([, counters]) => moved(counters, "Reqds") && !moved(counters, "OKs") && moved(counters, "Fails") === instead)
    .map(([netns]) => netns);
}
