import type { IpSet } from "../../model/host.ts";
import type { PacketContext } from "../spec.ts";
import type { Member } from "./members.ts";

/** What `--packets-eq` and its like ask of a member's counters. */
export interface CounterTest {
  packets(count: bigint): boolean;
  bytes(count: bigint): boolean;
}

interface Counters {
  readonly packets: bigint;
  readonly bytes: bigint;
}

function cell(context: PacketContext, set: IpSet, key: string): string {
  return `set-counters:${context.netns}:${set.name}:${key}`;
}

/** ip_set_core.c, ip_set_match_extensions: counts the packet, and then holds the counters against what is asked. */
export function countIn(
  set: IpSet,
  key: string,
  member: Member | undefined,
  { counts, test }: { readonly counts: boolean; readonly test: CounterTest | undefined },
  context: PacketContext,
): boolean {
  if (!set.options.has("counters")) return true;
  const name = cell(context, set, key);
  const saved = (option: string) => BigInt(member?.options.get(option) ?? "0");
  let counters = context.cells.get<Counters>(name) ?? { packets: saved("packets"), bytes: saved("bytes") };
  if (counts) {
    counters = { packets: counters.packets + 1n, bytes: counters.bytes + BigInt(context.packet.length) };
    context.cells.set<Counters>(name, counters);
  }
  return test === undefined || (test.packets(counters.packets) && test.bytes(counters.bytes));
}

/** What a rule adds begins with the packet that it was added for (ip_set_init_counter). */
export function startCounting(set: IpSet, key: string, context: PacketContext): void {
  if (!set.options.has("counters")) return;
  context.cells.set<Counters>(cell(context, set, key), { packets: 1n, bytes: BigInt(context.packet.length) });
}
