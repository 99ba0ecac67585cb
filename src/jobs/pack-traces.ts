import type { Host } from "../model/host.ts";
import type { Frame } from "../model/packet.ts";
import type { PacketTrace } from "../model/trace.ts";
import type { Batch, PackedTrace } from "./batch.ts";
import { Decoder, type Seen } from "./decode.ts";
import { Encoder } from "./encode.ts";
import { detached } from "./pack-packet.ts";

/** Some traces with all that they are about, for a thread that has the same host, but not the frames any more. */
export interface PackedTraces {
  readonly traces: readonly { readonly trace: PackedTrace; readonly seen: Seen }[];
  /** What their steps' numbers mean. */
  readonly batch: Batch;
}

/** Packs traces; they come out again in this order. */
export function packTraces(host: Host, traces: readonly PacketTrace[]): PackedTraces {
  const encoder = new Encoder(host);
  const packed = traces.map((trace) => {
    const { observed, missing } = trace;
    const { packet, ...frame } = detached({ ...trace.frame, packet: trace.packet }) as Frame & Pick<PacketTrace, "packet">;
    return { trace: encoder.whole(trace), seen: { frame: { ...frame, packet }, packet, observed, missing } };
  });
  return { traces: packed, batch: encoder.batch(0) };
}

/** What `packTraces` has packed. */
export function unpackTraces(host: Host, capture: string, { traces, batch }: PackedTraces): readonly PacketTrace[] {
  const decoder = new Decoder(host, capture);
  decoder.open(batch);
  return traces.map(({ trace, seen }) => decoder.whole(trace, seen));
}
