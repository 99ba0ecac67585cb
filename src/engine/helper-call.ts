import type { Packet } from "../model/packet.ts";
import type { Connection } from "./connection.ts";
import type { Expectations } from "./expectations.ts";

/** A packet that a connection tracking helper is to look at. */
export interface HelperCall {
  readonly connection: Connection;
  readonly packet: Packet;
  readonly direction: 0 | 1;
  /** Whether packets have gone both ways. */
  readonly established: boolean;
  readonly expectations: Expectations;
  /** Nanoseconds since the epoch. */
  readonly now: bigint;
  assume(id: string, text: string): void;
}

/** What it does with it. */
export interface HelperOutcome {
  /** Why the packet is dropped. */
  readonly drop?: string;
  /** The packet as it goes on, where it was changed. */
  readonly packet?: Packet;
  /** For the reader. */
  readonly note?: string;
}
