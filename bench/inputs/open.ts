import { CaptureFile, type Format } from "./capture-file.ts";
import type { Cluster, Published } from "./cluster.ts";
import type { Segment } from "./conversation.ts";
import { type Ends, SIGHTINGS, writeForwarded } from "./forwarded.ts";
import { ACK, PSH, SYN } from "./packet.ts";
import { Random } from "./random.ts";

/** Microseconds between the beginnings of two connections. */
const APART = 100;
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
    const [flow, step] = [Math.floor(number / SEGMENTS.length), number % SEGMENTS.length];
    writeForwarded(file, at, endsOf(flow, flows[flow] as Published), segmentOf(flow, step), number);
    at++;
  }
  file.close();
}

/** Between whom the packets of a connection go: no two of them have address and port of the client in common. */
function endsOf(flow: number, { balancer, port, endpoints }: Published): Ends {
  const endpoint = endpoints.find(({ pod }) => pod);
  if (!endpoint?.pod) throw new Error("a service without a pod on this node");
  return {
    protocol: "tcp",
    client: 0x0b000000 + Math.floor(flow / 16) * 3,
    clientPort: 1024 + (flow % 16) * 3999,
    server: balancer,
    serverPort: port,
    pod: endpoint.pod,
    podPort: endpoint.port,
  };
}

/** One of a connection's segments; sequence numbers are those of a real connection. */
function segmentOf(flow: number, step: number): Segment {
  const { answer, flags, payload } = SEGMENTS[step] as (typeof SEGMENTS)[number];
  const sent = (own: boolean) =>
    1 + SEGMENTS.slice(0, step).reduce((sum, one) => sum + (one.answer === own ? one.payload + (one.flags & SYN ? 1 : 0) : 0), flow);
  return { answer, flags, payload, seq: sent(answer), ack: flags & ACK ? sent(!answer) : 0 };
}
