import { type Address, parseAddress } from "../model/address.ts";
import type { Packet } from "../model/packet.ts";
import type { Hook, TableName } from "../model/rule.ts";
import type { Changes, CtState, Step } from "../model/trace.ts";
import { STATES } from "../sets/guard.ts";
import type { Field, Spans } from "../sets/layout.ts";
import type { Wish } from "./search.ts";

/** The fields that tables on the way change, or that conntrack and routing give. */
interface Arrived {
  src: Address;
  dst: Address;
  sport?: number;
  dport?: number;
  mark: number;
  state?: CtState;
}

/** Whether a packet comes to a table as it was wished: what earlier tables translate or mark, and routes, may have made another of it. */
export function isWished({ fields, devices }: Wish, packet: Packet, steps: readonly Step[], table: TableName, hook: Hook): boolean {
  const { src, dst, transport } = packet;
  const now: Arrived = { src, dst, mark: 0, ...(transport && "sport" in transport && { sport: transport.sport, dport: transport.dport }) };
  for (const step of steps) {
    if (step.kind === "conntrack") now.state = step.state;
    if (!("chain" in step)) continue;
    if (step.table === table && step.hook === hook) {
      now.mark = step.mark ?? 0;
      return holds(fields, now) && isNamed(devices.in, step.in) && isNamed(devices.out, step.out);
    }
    if (step.kind === "rule" && step.set) change(now, step.set);
  }
  return false;
}

function change(now: Arrived, { src, dst, sport, dport }: Changes): void {
  now.src = (typeof src === "string" ? parseAddress(src) : undefined) ?? now.src;
  now.dst = (typeof dst === "string" ? parseAddress(dst) : undefined) ?? now.dst;
  if (typeof sport === "number") now.sport = sport;
  if (typeof dport === "number") now.dport = dport;
}

/** Of an ICMP message the "ports" of a wish are type and code, which no table changes. */
function holds(fields: ReadonlyMap<Field, Spans>, { state, ...now }: Arrived): boolean {
  const values = { ...now, ...(state !== undefined && { state: STATES.indexOf(state) }) };
  return Object.entries(values).every(([field, value]) => {
    const spans = fields.get(field as Field);
    return spans === undefined || spans.some(([low, high]) => value >= low && value <= high);
  });
}

/** ip_packet_match (net/ipv4/netfilter/ip_tables.c): a + at the end of a device's name stands for anything. */
function isNamed(wished: string | undefined, name = ""): boolean {
  if (wished === undefined) return true;
  return wished.endsWith("+") ? name.startsWith(wished.slice(0, -1)) : name === wished;
}
