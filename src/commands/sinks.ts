import type { Listener } from "../engine/listener.ts";
import { Collection } from "../explain/collect.ts";
import type { Collected } from "../explain/collected.ts";
import type { Grouping } from "../explain/groups.ts";
import { explainPacket } from "../explain/packet-detail.ts";
import type { Measure } from "../explain/part.ts";
import { assumptionTexts, type Explanation, type SummaryOptions, summarize } from "../explain/summary.ts";
import type { Host } from "../model/host.ts";
import type { Frame } from "../model/packet.ts";
import type { PacketTrace } from "../model/trace.ts";
import { assumptionsText, explanationText } from "../render/explanation.ts";
import { PacketLines } from "../render/ndjson/packet-lines.ts";
import { flowObject } from "../render/ndjson.ts";
import { packetPage } from "../render/packet-page.ts";
import type { Style } from "../render/style.ts";
import { UsageFailure } from "./failure.ts";
import type { Output } from "./output.ts";

/** Takes the traces of a replay, in order, and makes output of them. */
export interface Sink {
  /** The next trace, and what gives its time as RFC 3339. */
  take(trace: PacketTrace, time: () => string): Promise<void> | undefined;
  /** Takes packets as soon as they were followed, where it need not wait for all that can be known of them. */
  readonly listener?: Listener | undefined;
  /** A frame without IP, or with IP within PPPoE, MPLS or LLC, which is not replayed. */
  aside(frame: Frame): void;
  /** Takes, instead of the traces, all that was collected of them elsewhere. */
  give?(collected: Collected): void;
  /** All frames were read. */
  end(frames: number): Promise<void>;
  /** Something went wrong: takes away what is not whole. */
  abandon?(): Promise<void>;
}

/** One JSON object per packet, each on a line. */
export function ndjsonSink(output: Output): Sink {
  const lines = new PacketLines(output);
  return {
    take: (trace, time) => {
      lines.put("", trace, time(), "\n");
      return output.due();
    },
    aside: () => {},
    end: async () => {},
  };
}

/** One JSON document: packets, connections, assumptions. */
export function jsonSink(output: Output, host: Host, options: SummaryOptions): Sink {
  const collection = new Collection(Number.POSITIVE_INFINITY);
  const lines = new PacketLines(output);
  let separator = '{"packets":[';
  return {
    take: (trace, time) => {
      collection.add(trace);
      lines.put(`${separator}\n`, trace, time(), "");
      separator = ",";
      return output.due();
    },
    aside: () => collection.aside(),
    end: async () => {
      const { headline, assumptions, connections } = summarize(collection, host, { ...options, all: true });
      const rest = { summary: headline, flows: connections.map(flowObject), assumptions };
      await output.write(`${separator === "," ? "" : separator}\n],${JSON.stringify(rest).slice(1)}\n`);
    },
  };
}

interface TableOptions extends SummaryOptions, Measure {
  readonly style: Style;
  readonly grouping?: Grouping;
}

/** The explanation by connection, as text. */
export function tableSink(output: Output, host: Host, options: TableOptions): Sink {
  const collection = new Collection(options.all ? Number.POSITIVE_INFINITY : options.keep, options.grouping, options.rows);
  let given: Collected | undefined;
  return {
    take: (trace) => {
      collection.add(trace);
      return undefined;
    },
    listener: collection,
    aside: () => collection.aside(),
    give: (collected) => {
      given = collected;
    },
    end: async () => {
      const explanation: Explanation = summarize(given ?? collection, host, options);
      for (const piece of explanationText(explanation, options.style)) await output.write(piece);
    },
  };
}

/** One packet with all its steps, as text. */
export function packetSink(output: Output, host: Host, options: { readonly style: Style; readonly verbose: boolean }): Sink {
  return {
    take(trace, time) {
      const clock = time().slice("2026-01-01T".length, -1);
      const assumptions =
        trace.assumptions.length > 0 ? `\n${assumptionsText(assumptionTexts(trace.assumptions, true), options.style)}` : "";
      return output.write(packetPage(explainPacket(trace, host, clock, options.verbose), options.style) + assumptions);
    },
    aside: () => {},
    end: async () => {},
  };
}

/** A packet by its number, and by its capture when there are several. */
export interface WantedPacket {
  readonly number: number;
  readonly capture?: string;
}

/** Lets through the one packet that is wanted, and complains when there is none. */
export function onlyPacket(sink: Sink, { number, capture }: WantedPacket): Sink {
  let found = false;
  let withoutIp = false;
  let last = 0;
  const isOf = ({ source }: Frame) => capture === undefined || source?.capture === capture;
  return {
    take: (trace, time) => {
      if (isOf(trace.frame)) last = Math.max(last, trace.frame.number);
      if (trace.frame.number !== number || !isOf(trace.frame)) return undefined;
      found = true;
      return sink.take(trace, time);
    },
    aside: (frame) => {
      if (isOf(frame)) last = Math.max(last, frame.number);
      withoutIp ||= frame.number === number && isOf(frame);
    },
    end: async (frames) => {
      const name = capture === undefined ? `${number}` : `${number} of ${capture}`;
      if (withoutIp)
        throw new UsageFailure(
          `frame ${name} carries no IP packet for a device of this host (but ARP, PPPoE, MPLS or the like), so there is nothing to explain`,
        );
      if (!found) throw new UsageFailure(`there is no packet ${name}: ${capture === undefined ? "the" : "that"} capture has ${last}`);
      await sink.end(frames);
    },
  };
}

/** Lets through the packets that a filter wants. */
export function filtered(sink: Sink, wanted: (trace: PacketTrace) => boolean): Sink {
  return { ...sink, listener: undefined, take: (trace, time) => (wanted(trace) ? sink.take(trace, time) : undefined) };
}
