import type { Connection } from "./connection.ts";
import { emptyTracking, overwriteTracking, type TcpTracking } from "./tcp-segment.ts";

/** What a further packet can change of a connection, so that it can be put back. It is filled anew for each packet, since there are many. */
export class TurnBack {
  #connection: Connection | undefined;
  #kept: Pick<Connection, "expires" | "assured" | "seenReply" | "counters"> | undefined;
  readonly #tcp: TcpTracking = emptyTracking();

  /** Notes what a connection is. */
  note(connection: Connection): void {
    this.#connection = connection;
    const { expires, assured, seenReply, counters, tcp } = connection;
    this.#kept = { expires, assured, seenReply, counters };
    if (tcp) overwriteTracking(this.#tcp, tcp);
  }

  /** Makes it that again. */
  restore(): void {
    const connection = this.#connection;
    if (!connection) return;
    Object.assign(connection, this.#kept);
    if (connection.tcp) overwriteTracking(connection.tcp, this.#tcp);
  }
}
