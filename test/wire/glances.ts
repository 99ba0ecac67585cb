import type { Frames } from "../../src/model/frames.ts";
import type { Frame, Packet, Tcp } from "../../src/model/packet.ts";
import type { Records } from "../../src/wire/records.ts";

/** Everything that a frame says, in words. */
function whole(frame: Frame): string {
  const { packet, time, ...rest } = frame;
  const { records: _records, index: _index, ...own } = rest as typeof rest & { records?: unknown; index?: unknown };
  return JSON.stringify([fieldsOf({ ...own, time }), packet && packetFields(packet)]);
}

function packetFields(packet: Packet): unknown {
  const { payload, checksum, transport } = packet;
  const { place: _place, judged: _judged, transport: _transport, ...own } = packet as Packet & { place?: unknown; judged?: unknown };
  return [fieldsOf({ ...own, payload, checksum }), transport && transportFields(transport)];
}

function transportFields(transport: NonNullable<Packet["transport"]>): unknown {
  const { place: _place, ...own } = transport as Tcp & { place?: unknown };
  return fieldsOf(transport.kind === "tcp" ? { ...own, options: transport.options.map(({ kind, data }) => [kind, hexOf(data)]) } : own);
}

const hexOf = (octets: Uint8Array) => Buffer.from(octets).toString("hex");

function fieldsOf(fields: object): unknown {
  const known = Object.entries(fields).filter(([, value]) => value !== undefined);
  known.sort(([one], [other]) => (one < other ? -1 : 1));
  return known.map(([name, value]) => [name, typeof value === "bigint" ? `${value}n` : value instanceof Uint8Array ? hexOf(value) : value]);
}

/** The frames, each held against what a glance at it shows; `glanced` counts those that show something. */
export function atAGlance(frames: Frames, count: { glanced: number } = { glanced: 0 }): Frame[] {
  return Array.from({ length: frames.length }, (_, i) => {
    const glance = frames.glance?.(i);
    const seen = glance && whole(glance);
    const frame = frames.at(i) as Frame;
    if (seen === undefined) return frame;
    count.glanced++;
    const decoded = whole(frame);
    if (seen !== decoded) throw new Error(`frame ${frame.number} at a glance: ${seen}\ninstead of ${decoded}`);
    return frame;
  });
}

/** What records say, and a copy of their octets. */
export function rowsOf(records: Records) {
  const { bytes, length, starts, captured, lengths } = records;
  return Array.from({ length }, (_, i) => {
    const start = starts[i] ?? 0;
    const data = bytes.slice(start, start + (captured[i] ?? 0));
    return { data, length: lengths[i] ?? 0, time: records.time(i) };
  });
}
