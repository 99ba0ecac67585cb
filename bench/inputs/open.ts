import { CaptureFile, type Format } from "./capture-file.ts";
import { type Cluster, NODE, type Published } from "./cluster.ts";
import { ACK, type Packet, PSH, SYN, writePacket } from "./packet.ts";
import { Random } from "./random.ts";
import { BEGIN, SIGHTINGS } from "./traffic.ts";

/** Microseconds between the beginnings of two connections. */
const APART = 100;
const TTL = 64;
/** When the segments of a connection come, in microseconds of its own: a handshake and a question, and much later another one. */
const SEGMENTS = [
  { at: 0, answer: false, flags: SYN, payload: 0 },
  { at: 300, answer: true, flags: SYN | ACK, payload: 0 },
  { at: 600, answer: false, flags: ACK, payload: 0 },
  { at: 900, answer: false, flags: PSH | ACK, payload: 100 },
  { at: 5_000_000, answer: false, flags: PSH | ACK, payload: 50 },
  { at: 5_000_300, answer: true, flags: ACK, payload: 0 },
] as const;

/** Frames of the capture for each connection. */
export const FRAMES_PER_OPEN_FLOW = SEGMENTS.length * SIGHTINGS;

/** Writes connections to services that are begun one soon after the other, and of which none ends: in the end all are open. */
export function writeOpen(
  path: string,
  format: Format,
  cluster: Cluster,
  options: { readonly seed: number; readonly flows: number },
): void {
  const random = new Random(options.seed + 5);
  const services = cluster.published.filter(
    ({ protocol, endpoints }) => protocol === "tcp" && endpoints.filter(({ pod }) => pod).length === 1,
  );
  const flows = Array.from({ length: options.flows }, () => services[random.below(services.length)] as Published);
  const keys = new Float64Array(flows.length * SEGMENTS.length);
  for (let i = 0; i < keys.length; i++) {
    const [flow, step] = [Math.floor(i / SEGMENTS.length), i % SEGMENTS.length];
    keys[i] = (flow * APART + (SEGMENTS[step]?.at ?? 0)) * keys.length + i;
  }
  const file = new CaptureFile(path, format);
  let at = 0;
  for (const key of keys.sort()) {
    const number = key % keys.length;
    at = Math.max(at + 1, Math.floor(key / keys.length));
    writeSegment(file, at, number, flows[Math.floor(number / SEGMENTS.length)] as Published);
    at++;
  }
  file.close();
}

/** A segment as it comes to the node, and as it leaves it. */
function writeSegment(file: CaptureFile, at: number, number: number, { balancer, port, endpoints }: Published): void {
  const [flow, step] = [Math.floor(number / SEGMENTS.length), number % SEGMENTS.length];
  const { answer, flags, payload } = SEGMENTS[step] as (typeof SEGMENTS)[number];
  const endpoint = endpoints.find(({ pod }) => pod);
  if (!endpoint?.pod) throw new Error("a service without a pod on this node");
  const { pod } = endpoint;
  // No two connections have address and port of the client in common.
  const client = { address: 0x0b000000 + Math.floor(flow / 16) * 3, port: 1024 + (flow % 16) * 3999 };
  const sent = (own: boolean) =>
    1 + SEGMENTS.slice(0, step).reduce((sum, one) => sum + (one.answer === own ? one.payload + (one.flags & SYN ? 1 : 0) : 0), flow);
  const packet = (server: { readonly address: number; readonly port: number }, ttl: number): Packet => ({
    protocol: "tcp",
    src: answer ? server.address : client.address,
    dst: answer ? client.address : server.address,
    sport: answer ? server.port : client.port,
    dport: answer ? client.port : server.port,
    ...{ ttl, id: number & 0xffff, payload, flags, clock: 1_000_000 + Math.floor(at / 1000) },
    seq: sent(answer),
    ack: flags & ACK ? sent(!answer) : 0,
  });
  const [inside, outside] = [
    { address: endpoint.address, port: endpoint.port },
    { address: balancer, port },
  ];
  const arriving = packet(answer ? inside : outside, TTL);
  const leaving = packet(answer ? outside : inside, TTL - 1);
  const eth0 = { index: NODE.index, outgoing: answer, mac: answer ? NODE.mac : NODE.gatewayMac };
  const veth = { index: pod.index, outgoing: !answer, mac: answer ? pod.mac : pod.deviceMac };
  file.add(BEGIN + at, answer ? veth : eth0, (to, from) => writePacket(to, from, arriving));
  file.add(BEGIN + at + 1, answer ? eth0 : veth, (to, from) => writePacket(to, from, leaving));
}
