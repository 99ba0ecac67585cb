import { CaptureFile, type Format } from "./capture-file.ts";
import { type Cluster, NODE } from "./cluster.ts";
import { Conversation } from "./conversation.ts";
import { drawFlows, type Flow, type FlowOptions } from "./flows.ts";
import { type Packet, writePacket } from "./packet.ts";
import { Random } from "./random.ts";

/** When all captures begin, in microseconds of the epoch. */
export const BEGIN = 1_795_262_400e6;

/** Each packet is seen twice: as it comes in and as it goes out. */
export const SIGHTINGS = 2;
const STEPS = 1 << 11;
const FLOWS = 1 << 15;
const TTL = 64;

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
    const { answer } = segment;
    at = Math.max(at + 1, time);
    const inside = { address: flow.pod.address, port: flow.podPort };
    const outside = { address: flow.server, port: flow.serverPort };
    const packet = (server: typeof inside, ttl: number): Packet => ({
      protocol: flow.protocol,
      src: answer ? server.address : flow.client,
      dst: answer ? flow.client : server.address,
      sport: answer ? server.port : flow.clientPort,
      dport: answer ? flow.clientPort : server.port,
      ttl,
      id: (number + (key % STEPS)) & 0xffff,
      payload: segment.payload,
      seq: segment.seq,
      ack: segment.ack,
      flags: segment.flags,
      clock: 1_000_000 + Math.floor(at / 1000),
    });
    const arriving = packet(answer ? inside : outside, TTL);
    const leaving = packet(answer ? outside : inside, TTL - 1);
    const eth0 = { index: NODE.index, outgoing: answer, mac: answer ? NODE.mac : NODE.gatewayMac };
    const veth = { index: flow.pod.index, outgoing: !answer, mac: answer ? flow.pod.mac : flow.pod.deviceMac };
    file.add(BEGIN + at, answer ? veth : eth0, (to, from) => writePacket(to, from, arriving));
    at++;
    file.add(BEGIN + at, answer ? eth0 : veth, (to, from) => writePacket(to, from, leaving));
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
