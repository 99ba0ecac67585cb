import { formatEndpoint } from "../model/endpoint.ts";
import { isIcmp } from "../model/packet.ts";
import type { Ask } from "./choices.ts";
import { type Connection, type FlowTuple, tupleKey } from "./connection.ts";
import type { Expectations } from "./expectations.ts";
import { Undecided } from "./undecided.ts";

/** The master of a new connection where a helper that is not modelled may have announced it. */
export function suspectedMaster(
  expectations: Expectations,
  netns: string,
  ask: Ask,
  zone: number,
  tuple: FlowTuple,
  now: bigint,
): Connection | undefined {
  const master = expectations.suspicion(zone, tuple, now);
  if (!master) return undefined;
  const { src, sport } = master.original;
  const helper = `the helper ${master.helper} of the connection from ${formatEndpoint(src, isIcmp(master.original.protocol) ? undefined : sport)}`;
  const announced = ask(
    `expected|${netns}|${tupleKey(tuple)}`,
    (value) => `${helper} ${value ? "announced" : "did not announce"} this connection`,
  );
  if (!announced) return undefined;
  if (master.srcNat || master.dstNat) throw new Undecided(`how ${helper} has this connection translated, which is not modelled`);
  return master;
}
