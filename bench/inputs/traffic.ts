import { CaptureFile, type Format } from "./capture-file.ts";
import type { Cluster } from "./cluster.ts";
import { Conversation } from "./conversation.ts";
import { drawFlows, type Flow, type FlowOptions } from "./flows.ts";
import { SIGHTINGS, writeForwarded } from "./forwarded.ts";
import { Random } from "./random.ts";

const STEPS = 1 << 11;
const FLOWS = 1 << 15;

export interface TrafficOptions {
  readonly seed: number;
  readonly flows: number;
  /** Frames in the capture. */
  readonly frames: number;
  readonly services: boolean;
}

/** Writes connections between clients and pods as a capture of all devices of the node; gives back how many frames it has. */
export function writeTraffic(path: string, format: Format, cluster: Cluster, options: TrafficOptions): number {
  const wanted: FlowOptions = { ...options, packets: options.frames / SIGHTINGS };
  const flows = drawFlows(cluster, wanted);
  const random = new Random(options.seed + 2);
  const order = schedule(flows, random);
  const conversations = flows.map((flow, i) => new Conversation(flow, new Random(options.seed + 3 + i)));
  const file = new CaptureFile(path, format);
  let at = 0;
  for (const key of order) {
    const time = Math.floor(key / (STEPS * FLOWS));
    const number = Math.floor(key / STEPS) % FLOWS;
    const flow = flows[number] as Flow;
    const segment = (conversations[number] as Conversation).next();
    at = Math.max(at + 1, time);
    writeForwarded(file, at, flow, segment, number + (key % STEPS));
    at++;
  }
  file.close();
  return file.frames;
}

/** All packets in the order of their times: microsecond, connection and step in one number. */
function schedule(flows: readonly Flow[], random: Random): Float64Array {
  const keys = new Float64Array(flows.reduce((all, flow) => all + flow.packets, 0));
  let used = 0;
  for (const [number, flow] of flows.entries()) {
    let time = flow.start;
    for (let step = 0; step < flow.packets; step++) {
      keys[used++] = (time * FLOWS + number) * STEPS + step;
      time += random.between(50, 4000);
    }
  }
  return keys.sort();
}
