import type { Connection } from "./connection.ts";
import { copyTracking } from "./tcp-segment.ts";

/** What a further packet can change of a connection, so that it can be put back. */
export class TurnBack {
  readonly #connection: Connection;
  readonly #kept: Pick<Connection, "expires" | "assured" | "seenReply" | "counters" | "tcp">;

  constructor(connection: Connection) {
    const { expires, assured, seenReply, counters, tcp } = connection;
    this.#connection = connection;
    this.#kept = { expires, assured, seenReply, counters, tcp: tcp && copyTracking(tcp) };
  }

  /** Makes the connection what it was. */
  restore(): void {
    Object.assign(this.#connection, this.#kept);
  }
}
