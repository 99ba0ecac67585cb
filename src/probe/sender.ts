import { createReplay, type Replay } from "../engine/replay.ts";
import type { Host } from "../model/host.ts";
import type { Frame, Packet } from "../model/packet.ts";
import type { PacketTrace } from "../model/trace.ts";
import { makeFrame } from "../wire/made-packet.ts";

/** A packet on its way into a namespace. */
export interface Arrival {
  readonly frame: Frame;
  readonly netns: string;
}

/** The number and the time of a frame. */
export interface Moment {
  readonly number: number;
  readonly time: bigint;
}

// No rule of such a replay looks at the clock, unless somebody says what the time is: those that do leave it open.
const FIRST: Moment = { number: 1, time: 1_700_000_000_000_000_000n };

/** A packet that comes in on a device, or, without one, from a local socket; the first of all where nothing else is said. */
export function arrivalOf(host: Host, netns: string, packet: Packet, device: string | undefined, { number, time } = FIRST): Arrival {
  const mac = device === undefined ? undefined : host.namespaces.get(netns)?.devices?.find(({ name }) => name === device)?.mac;
  return { frame: makeFrame(packet, number, time, mac, device), netns };
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
