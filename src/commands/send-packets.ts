import { AssertionCheck } from "../explain/assertion.ts";
import type { Assumption } from "../model/host.ts";
import type { PacketTest, SentPacket } from "../model/test-file.ts";
import type { PacketTrace } from "../model/trace.ts";
import { ANSWER_AFTER, answerTo } from "../probe/coming-back.ts";
import { type Arrival, arrivalOf, Sender } from "../probe/sender.ts";
import { makePacket } from "../wire/made-packet.ts";
import { describePacket } from "./described-packet.ts";
import { entrance } from "./entrance.ts";
import { InputFailure } from "./failure.ts";
import { checkInterface, checkNetns } from "./load-host.ts";
import { type Machine, onBehalf } from "./test-machine.ts";

const NANOSECONDS = 1_000_000n;
const SECOND = 1_000_000_000n;

type Prepared = (number: number, time: bigint, before: PacketTrace | undefined) => Arrival | undefined;

/** Prepares a test of described packets: what is wrong with it is said now, and what it gives back sends them. */
export function preparePackets(test: PacketTest, machine: Machine, assumed: ReadonlyMap<string, string>): () => readonly AssertionCheck[] {
  const prepared = test.packets.map((packet) => preparePacket(packet, machine));
  return () => sendPackets(test, prepared, machine, assumed);
}

function preparePacket(packet: SentPacket, { host, netns: usual }: Machine): Prepared {
  const { words, isFromSocket } = packet;
  const described = words.value;
  if (described === "reply") return (number, time, before) => before && answerTo(host, before, { number, time });
  const made = onBehalf(words.spot, () => makePacket(describePacket(described)));
  const netns = packet.netns?.value ?? usual;
  const device = packet.interface?.value;
  onBehalf(packet.netns?.spot ?? words.spot, () => checkNetns(host, netns, `netns ${netns}`));
  onBehalf(packet.interface?.spot ?? words.spot, () => checkInterface(host, netns, device, `interface ${device}`));
  const entered = isFromSocket ? undefined : onBehalf(words.spot, () => entrance(host, netns, device, askForEntrance));
  // Without a device it would be taken for one that a local socket sends.
  if (!isFromSocket && !entered) throw new InputFailure([{ ...words.spot, message: askForEntrance(["DEVICE"]) }]);
  return (number, time) => arrivalOf(host, netns, made, entered, { number, time });
}

function askForEntrance(devices: readonly string[]): string {
  return `say where the packet comes from: interface: ${devices.join(" or ")}, or out-of-socket: true`;
}

function sendPackets(
  test: PacketTest,
  prepared: readonly Prepared[],
  { host, netns }: Machine,
  assumed: ReadonlyMap<string, string>,
): readonly AssertionCheck[] {
  const sender = new Sender(host, netns, { assumed });
  const timeAssumption = test.time === undefined ? timeOf(host.takenAt) : undefined;
  let time = test.time ?? (host.takenAt === undefined ? BigInt(Date.now()) * NANOSECONDS : host.takenAt + SECOND);
  let before: PacketTrace | undefined;
  return test.packets.flatMap((packet, index) => {
    if (index > 0) time += packet.after ?? ANSWER_AFTER;
    const sending = prepared[index]?.(index + 1, time, before);
    const { expect, words, text } = packet;
    const spot = (test.packets.length > 1 ? undefined : test.name.spot) ?? words.spot;
    const subject = { name: nameOf(test, index), spot, subject: `${text}${entered(packet)}` };
    const check = new AssertionCheck(subject, expect?.value ?? {}, host, test.packets[0]?.netns?.value ?? netns);
    if (!sending) {
      const found = before ? `nothing: the packet before it ended as ${before.way.verdict}` : "nothing: the packet before it was not sent";
      before = undefined;
      check.miss({ key: "packet", expected: "a reply", found });
      return [check];
    }
    const frame = timeAssumption ? { ...sending.frame, timeAssumption } : sending.frame;
    const traces = sender.send({ ...sending, frame }, packet.mark);
    before = traces[0];
    for (const trace of traces) if (expect) check.take(trace);
    return expect ? [check] : [];
  });
}

/** Where a packet enters, as the test says it. */
function entered({ words, isFromSocket, interface: device, netns }: SentPacket): string {
  if (words.value === "reply") return "";
  const place = netns ? ` (netns ${netns.value})` : "";
  if (isFromSocket) return `, sent by a local socket${place}`;
  return device ? `, in on ${device.value}${place}` : place;
}

/** The name of the test, with that of the packet where there are several. */
function nameOf({ name, packets }: PacketTest, index: number): string {
  if (packets.length === 1) return name.value;
  const own = packets[index]?.name;
  return `${name.value}${own === undefined ? ` (${index + 1} of ${packets.length})` : `: ${own}`}`;
}

function timeOf(takenAt: bigint | undefined): Assumption {
  const when = takenAt === undefined ? "now" : "when the snapshot was taken";
  return { id: "test-time", text: `packets are sent ${when}`, flag: "time: 2026-11-20T12:00:00Z in the test" };
}
