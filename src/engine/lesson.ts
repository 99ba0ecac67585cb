import type { Reads } from "../extensions/spec.ts";
import type { Packet } from "../model/packet.ts";
import type { ConntrackStep } from "../model/trace.ts";
import { EMPTY } from "./added.ts";
import type { Connection } from "./connection.ts";
import type { Conntrack } from "./conntrack.ts";
import type { Change } from "./state.ts";

/** For so many nanoseconds a way is remembered: routes to neighbours and the like are looked at anew then. */
export const REMEMBERED = 4_000_000_000n;

/** A turn of connection tracking: the packet as it was then, and what it was found to belong to. */
export interface Tracked {
  readonly conntrack: Conntrack;
  readonly packet: Packet;
  readonly prerouting: boolean;
  readonly connection: Connection | undefined;
  readonly direction: "original" | "reply";
  readonly step: ConntrackStep;
}

/** What the way of one packet tells about those after it in its connection. */
export class Lesson {
  /** Nothing was asked that another packet of the connection may answer otherwise. */
  steady = true;
  /** Beside that, its TCP flags were looked at. */
  flags = false;
  tracked: Tracked[] = EMPTY;
  /** The state that it changed. */
  changed: readonly Change[] = [];

  /** A rule has looked at the packet. */
  asked(reads: Reads): void {
    if (reads === "more") this.steady = false;
    else if (reads === "flags") this.flags = true;
  }
}
