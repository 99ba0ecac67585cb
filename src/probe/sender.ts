import { createReplay, type Replay } from "../engine/replay.ts";
import { packetAlong } from "../explain/packet-along.ts";
import type { Host } from "../model/host.ts";
import type { Frame, Packet } from "../model/packet.ts";
import type { PacketTrace } from "../model/trace.ts";
import { makeAnswer, makeFrame } from "../wire/made-packet.ts";

/** A packet on its way into a namespace. */
export interface Arrival {
  readonly frame: Frame;
  readonly netns: string;
}

// No rule of such a replay looks at the clock, unless somebody says what the time is: those that do leave it open.
const NOW = 1_700_000_000_000_000_000n;
/** How long an answer takes, where nothing else is said. */
export const ANSWER_AFTER = 1_000_000n;

/** A packet that comes in on a device, or, without one, from a local socket; the first of all where nothing else is said. */
export function arrivalOf(
  host: Host,
  netns: string,
  packet: Packet,
  device: string | undefined,
  { number = 1, time = NOW }: { readonly number?: number; readonly time?: bigint } = {},
): Arrival {
  const mac = device === undefined ? undefined : host.namespaces.get(netns)?.devices?.find(({ name }) => name === device)?.mac;
  return { frame: makeFrame(packet, number, time, mac, device), netns };
}

/** The answer to a packet: it leaves the socket that the packet reached, or comes back on the device that it left by. */
export function answerTo(
  host: Host,
  trace: PacketTrace,
  at = { number: trace.frame.number + 1, time: trace.frame.time + ANSWER_AFTER },
): Arrival | undefined {
  const { way } = trace;
  if (way.verdict !== "delivered" && way.verdict !== "forwarded") return undefined;
  const ended = packetAlong(trace, way).at(-1)?.packet;
  const answer = ended && makeAnswer(ended);
  if (!answer) return undefined;
  if (way.verdict === "delivered") return arrivalOf(host, way.at.netns, answer, undefined, at);
  const last = way.out.at(-1);
  return arrivalOf(host, last?.netns ?? trace.netns, answer, last?.interface, at);
}

/** What is taken for granted of all packets that are sent. */
export interface SenderOptions {
  readonly detailed?: boolean;
  readonly assumed?: ReadonlyMap<string, string>;
}

/** Sends packets into a host, one after the other. */
export class Sender {
  readonly #replay: Replay;
  readonly #options: { netns: string; capture: string; mark: number } & SenderOptions;

  constructor(host: Host, netns: string, options: SenderOptions = {}) {
    this.#options = { netns, capture: "", mark: 0, ...options };
    this.#replay = createReplay(host, this.#options);
  }

  /** What becomes of a packet, and of what it brings about; `mark` is what the sending socket sets. */
  send({ frame, netns }: Arrival, mark = 0): readonly PacketTrace[] {
    this.#options.mark = mark;
    return [...this.#replay.push(frame, netns), ...this.#replay.finish()];
  }
}
