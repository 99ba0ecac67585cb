import type { Connection } from "./connection.ts";

/** Packets and octets of one direction. */
type Count = readonly [packets: number, octets: number];

/** What a connection has carried in each direction (struct nf_conn_acct). */
export type Counters = readonly [original: Count, reply: Count];

/** Those of a connection that begins. */
export const NO_COUNTERS: Counters = [
  [0, 0],
  [0, 0],
];

/** nf_ct_acct_add: where a connection is accounted for, one packet more. */
export function account(connection: Connection, dir: 0 | 1, octets: number): void {
  const { counters } = connection;
  if (typeof counters !== "object") return;
  const [packets, before] = counters[dir];
  const count: Count = [packets + 1, before + octets];
  connection.counters = dir === 0 ? [count, counters[1]] : [counters[0], count];
}
