import type { Host } from "../model/host.ts";
import type { Frame } from "../model/packet.ts";
import type { PacketTrace } from "../model/trace.ts";

export interface ReplayOptions {
  /** Namespace that the capture was taken in. */
  readonly netns: string;
  /** Device that the capture was taken on, when it does not say; overrides nothing that it does say. */
  readonly interface?: string;
  /** Name of the capture, for observations. */
  readonly capture: string;
  /** Record rules that were tried in vain (`--packet N`, closest rule). */
  readonly detailed?: boolean;
}

/** Replays the frames of one capture, in order, against a host. */
export interface Replay {
  /** Takes the next frame; gives back the traces that are final now (all that could be observed of them has been), in capture order. */
  push(frame: Frame): readonly PacketTrace[];
  /** The capture is over: the traces that were still waiting. */
  finish(): readonly PacketTrace[];
}

export declare function createReplay(host: Host, options: ReplayOptions): Replay;
