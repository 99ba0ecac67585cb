import { packetAlong } from "../explain/packet-along.ts";
import type { Host } from "../model/host.ts";
import type { Frame } from "../model/packet.ts";
import type { PacketTrace } from "../model/trace.ts";
import { makeAnswer, makeFrame } from "../wire/made-packet.ts";

/** The answer to a packet, the frame of a number: it leaves the socket that the packet reached, or comes back on the device that it left by. */
export function answerTo(
  host: Host,
  trace: PacketTrace,
  number: number,
  time: bigint,
): { readonly frame: Frame; readonly netns: string } | undefined {
  const { way } = trace;
  if (way.verdict !== "delivered" && way.verdict !== "forwarded") return undefined;
  const ended = packetAlong(trace, way).at(-1)?.packet;
  const answer = ended && makeAnswer(ended);
  if (!answer) return undefined;
  if (way.verdict === "delivered") return { frame: makeFrame(answer, number, time, undefined, undefined), netns: way.at.netns };
  const last = way.out.at(-1);
  const netns = last?.netns ?? trace.netns;
  const device = host.namespaces.get(netns)?.devices?.find((d) => d.name === last?.interface);
  return { frame: makeFrame(answer, number, time, device?.mac, last?.interface), netns };
}
