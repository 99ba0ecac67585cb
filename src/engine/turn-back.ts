import type { Connection } from "./connection.ts";
import { emptyTracking, overwriteTracking, type TcpTracking } from "./tcp-segment.ts";

/** What a further packet can change of a connection, so that it can be put back. It is filled anew for each packet, since there are many. */
export class TurnBack {
  #connection: Connection | undefined;
  #expires = 0n;
  #assured = false;
  #seenReply = false;
  #counters: Connection["counters"];
  readonly #tcp: TcpTracking = emptyTracking();

  /** Notes what a connection is. */
  note(connection: Connection): void {
    this.#connection = connection;
    this.#expires = connection.expires;
    this.#assured = connection.assured;
    this.#seenReply = connection.seenReply;
    this.#counters = connection.counters;
    if (connection.tcp) overwriteTracking(this.#tcp, connection.tcp);
  }

  /** Makes it that again. */
  restore(): void {
    const connection = this.#connection;
    if (!connection) return;
    connection.expires = this.#expires;
    connection.assured = this.#assured;
    connection.seenReply = this.#seenReply;
    connection.counters = this.#counters;
    if (connection.tcp) overwriteTracking(connection.tcp, this.#tcp);
  }
}
