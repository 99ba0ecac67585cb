import type { CaptureFile } from "./capture-file.ts";
import { NODE } from "./cluster.ts";
import type { Segment } from "./conversation.ts";
import type { Flow } from "./flows.ts";
import { type Packet, writePacket } from "./packet.ts";

/** When all captures begin, in microseconds of the epoch. */
export const BEGIN = 1_795_262_400e6;

/** Each packet is seen twice: as it comes in and as it goes out. */
export const SIGHTINGS = 2;
const TTL = 64;

/** Between whom packets go, and under which addresses the node forwards them. */
export type Ends = Omit<Flow, "packets" | "start">;

/** Writes a segment as it comes to the node so many microseconds after the begin, and as it leaves it one later. */
export function writeForwarded(file: CaptureFile, at: number, flow: Ends, segment: Segment, id: number): void {
  const { answer, payload, seq, ack, flags } = segment;
  const inside = { address: flow.pod.address, port: flow.podPort };
  const outside = { address: flow.server, port: flow.serverPort };
  const packet = (server: typeof inside, ttl: number): Packet => ({
    protocol: flow.protocol,
    src: answer ? server.address : flow.client,
    dst: answer ? flow.client : server.address,
    sport: answer ? server.port : flow.clientPort,
    dport: answer ? flow.clientPort : server.port,
    ...{ ttl, id: id & 0xffff, payload, seq, ack, flags },
    clock: 1_000_000 + Math.floor(at / 1000),
  });
  const arriving = packet(answer ? inside : outside, TTL);
  const leaving = packet(answer ? outside : inside, TTL - 1);
  const eth0 = { index: NODE.index, outgoing: answer, mac: answer ? NODE.mac : NODE.gatewayMac };
  const veth = { index: flow.pod.index, outgoing: !answer, mac: answer ? flow.pod.mac : flow.pod.deviceMac };
  file.add(BEGIN + at, answer ? veth : eth0, (to, from) => writePacket(to, from, arriving));
  file.add(BEGIN + at + 1, answer ? eth0 : veth, (to, from) => writePacket(to, from, leaving));
}
