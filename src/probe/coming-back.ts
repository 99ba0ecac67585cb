import { packetAlong } from "../explain/packet-along.ts";
import type { Address } from "../model/address.ts";
import type { Host } from "../model/host.ts";
import type { Packet } from "../model/packet.ts";
import type { PacketTrace } from "../model/trace.ts";
import { makeAnswer, makeTooBig } from "../wire/made-packet.ts";
import { type Arrival, arrivalOf, type Moment } from "./sender.ts";

/** How long an answer takes, where nothing else is said. */
export const ANSWER_AFTER = 1_000_000n;

/** The answer to a packet: it leaves the socket that the packet reached, or comes back on the device that it left by. */
export function answerTo(host: Host, trace: PacketTrace, when = behind(trace)): Arrival | undefined {
  const { way } = trace;
  if (way.verdict !== "delivered" && way.verdict !== "forwarded") return undefined;
  const ended = packetAlong(trace, way).at(-1)?.packet;
  const answer = ended && makeAnswer(ended);
  if (!answer) return undefined;
  return way.verdict === "delivered" ? arrivalOf(host, way.at.netns, answer, undefined, when) : backBy(host, trace, answer, when);
}

/** What a router further on says of the last packet that left, if it is too big for its next link: it comes back on the device that the packet left by. */
export function tooBigAmong(host: Host, traces: readonly PacketTrace[], router: Address): Arrival | undefined {
  const trace = traces.findLast(({ way }) => way.verdict === "forwarded");
  const sent = trace && packetAlong(trace, trace.way).at(-1)?.packet;
  return sent && backBy(host, trace, makeTooBig(sent, router), behind(traces.at(-1) ?? trace));
}

function behind({ frame }: PacketTrace): Moment {
  return { number: frame.number + 1, time: frame.time + ANSWER_AFTER };
}

/** A packet that comes in on the device that another one left by. */
function backBy(host: Host, { way, netns }: PacketTrace, packet: Packet, when: Moment): Arrival {
  const last = way.out.at(-1);
  return arrivalOf(host, last?.netns ?? netns, packet, last?.interface, when);
}
