import { shortPlace } from "../../explain/groups.ts";
import { portsOf } from "../../explain/words.ts";
import { type Address, formatAddress } from "../../model/address.ts";
import type { PacketTrace, Verdict, Way } from "../../model/trace.ts";
import { protocolField } from "../ndjson/trace-fields.ts";
import { emptyRow, type Row } from "./columns.ts";

/** The table of flows: a row for each connection. */
export const FLOW_COLUMNS = {
  flow: "number",
  first_packet: "number",
  first_capture: "text",
  first_time: "time",
  last_time: "time",
  netns: "text",
  interface: "text",
  direction: "text",
  protocol: "text",
  src: "text",
  dst: "text",
  sport: "number",
  dport: "number",
  packets: "number",
  octets: "count",
  seen_again: "number",
  delivered: "number",
  forwarded: "number",
  dropped: "number",
  rejected: "number",
  queued: "number",
  unknown: "number",
  verdict: "text",
  snat: "text",
  dnat: "text",
  lost_at: "text",
  lost_line: "number",
  lost_reason: "text",
} as const;

type FlowRow = Row<typeof FLOW_COLUMNS>;

/** Columns that the first packet fills. */
const TOLD = ["netns", "interface", "direction", "protocol", "src", "dst", "sport", "dport"] as const;

type Lost = Pick<FlowRow, "lost_at" | "lost_line" | "lost_reason">;

interface Flow {
  readonly first: Pick<FlowRow, "flow" | "first_packet" | "first_capture" | "first_time" | (typeof TOLD)[number]>;
  readonly src: Address;
  readonly counts: Record<Verdict, number>;
  lastTime: bigint;
  packets: number;
  octets: bigint;
  seenAgain: number;
  nat: Pick<FlowRow, "snat" | "dnat">;
  lost: Lost;
}

/** Connections that are not written yet. */
const MOST = 1 << 15;
/** Verdicts from the worst: the first that a packet had is the connection's. */
const WORST: readonly Verdict[] = ["dropped", "rejected", "unknown", "delivered", "forwarded", "queued"];

/** Gathers connections; beyond a number of them those that have been silent the longest are given back to be written. */
export class Flows {
  readonly #open = new Map<number, Flow>();
  readonly #most: number;

  constructor(most = MOST) {
    this.#most = most;
  }

  /** Takes the next trace; gives back the rows of connections that are over as far as can be remembered. */
  add(trace: PacketTrace): readonly FlowRow[] {
    const flow = this.#open.get(trace.flow) ?? begin(trace);
    // The order of a map is that of insertion: last in, most lately heard of.
    this.#open.delete(trace.flow);
    this.#open.set(trace.flow, flow);
    count(flow, trace);
    return this.#open.size > this.#most ? this.rest(this.#most >> 1) : [];
  }

  /** The rows of the connections that have been silent the longest, at most so many; none when all are written. */
  rest(most: number): readonly FlowRow[] {
    const rows: FlowRow[] = [];
    for (const [number, flow] of this.#open) {
      if (rows.length >= most) break;
      rows.push(rowOf(flow));
      this.#open.delete(number);
    }
    return rows;
  }
}

function begin({ frame, packet, flow, netns, interface: device, direction }: PacketTrace): Flow {
  const ports = portsOf(packet);
  const own = { netns, interface: device, direction, protocol: protocolField(packet.protocol) };
  const ends = { src: formatAddress(packet.src), dst: formatAddress(packet.dst), sport: ports?.sport, dport: ports?.dport };
  return {
    first: { flow, first_packet: frame.number, first_capture: frame.source?.capture, first_time: frame.time, ...own, ...ends },
    src: packet.src,
    counts: { delivered: 0, forwarded: 0, dropped: 0, rejected: 0, queued: 0, unknown: 0 },
    lastTime: frame.time,
    packets: 0,
    octets: 0n,
    seenAgain: 0,
    nat: { snat: undefined, dnat: undefined },
    lost: { lost_at: undefined, lost_line: undefined, lost_reason: undefined },
  };
}

function count(flow: Flow, { frame, packet, way, seenBefore }: PacketTrace): void {
  if (frame.time > flow.lastTime) flow.lastTime = frame.time;
  if (seenBefore !== undefined) {
    flow.seenAgain++;
    return;
  }
  flow.packets++;
  flow.octets += BigInt(packet.length);
  flow.counts[way.verdict]++;
  if (packet.src === flow.src) flow.nat = { snat: flow.nat.snat ?? translated(way, "src"), dnat: flow.nat.dnat ?? translated(way, "dst") };
  if (flow.lost.lost_at !== undefined || (way.verdict !== "dropped" && way.verdict !== "rejected")) return;
  flow.lost = { lost_at: shortPlace(way.at), lost_line: way.at.line || undefined, lost_reason: way.at.reason };
}

/** What an end was translated to; `nat` of a way tells it only of packets that got away. */
function translated(way: Way, manip: "src" | "dst"): string | undefined {
  const told = way.nat[manip]?.to;
  if (told !== undefined) return told;
  const step = way.steps.findLast((one) => one.kind === "nat" && one.manip === manip && one.from !== one.to);
  return step?.kind === "nat" ? step.to : undefined;
}

function rowOf({ first, counts, lastTime, packets, octets, seenAgain, nat, lost }: Flow): FlowRow {
  const row = emptyRow(FLOW_COLUMNS);
  const verdict = WORST.find((one) => counts[one] > 0);
  return Object.assign(row, first, counts, nat, lost, { last_time: lastTime, packets, octets, seen_again: seenAgain, verdict });
}
