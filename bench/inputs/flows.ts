import type { Cluster, Pod, Published } from "./cluster.ts";
import { Random } from "./random.ts";

/** One connection of a client from outside to a pod on the node. */
export interface Flow {
  readonly protocol: "tcp" | "udp";
  readonly client: number;
  readonly clientPort: number;
  /** Where the client sends to. */
  readonly server: number;
  readonly serverPort: number;
  readonly pod: Pod;
  readonly podPort: number;
  /** Packets of both directions together, each of which the node forwards. */
  readonly packets: number;
  /** Microseconds after the begin of the capture. */
  readonly start: number;
}

export interface FlowOptions {
  readonly seed: number;
  readonly flows: number;
  /** All packets together. */
  readonly packets: number;
  /** Clients ask the services, whose address is translated; otherwise the pods themselves. */
  readonly services: boolean;
}

/** Handshake, one request with its answer and acknowledgements, and the end. */
const SHORTEST_TCP = 10;
const SHORTEST_UDP = 2;
/** Microseconds that connections begin within. */
const SPAN = 38e6;
const CLIENT_NET = 0xcb007100;
const FIRST_PORT = 20_000;

/** Draws connections that have so many packets together. */
export function drawFlows(cluster: Cluster, options: FlowOptions): Flow[] {
  const random = new Random(options.seed + 1);
  const { published } = cluster;
  const drafts = Array.from({ length: options.flows }, (_, i) => draft(random, i, published, options));
  let left = options.packets - drafts.reduce((all, flow) => all + flow.packets, 0);
  if (left < 0) throw new Error(`${options.packets} packets are too few for ${options.flows} connections`);
  // A few long connections and many short ones, as on any network.
  const shares = drafts.map(() => 1 / (0.002 + random.below(1000) / 1000));
  const whole = shares.reduce((a, b) => a + b, 0);
  const spare = left;
  const flows = drafts.map((flow, i) => {
    const more = 2 * Math.min(Math.floor((((shares[i] ?? 0) / whole) * spare) / 2), 400);
    left -= more;
    return { ...flow, packets: flow.packets + more };
  });
  for (let i = 0; left > 0; i = (i + 1) % flows.length) {
    const flow = flows[i];
    const more = Math.min(left, 2);
    if (flow) flows[i] = { ...flow, packets: flow.packets + more };
    left -= more;
  }
  return flows;
}

function draft(random: Random, number: number, published: readonly Published[], options: FlowOptions): Flow {
  const service = published[random.below(published.length)] as Published;
  const own = service.endpoints.filter((endpoint) => endpoint.pod !== undefined);
  const endpoint = own[random.below(own.length)];
  const { pod } = endpoint ?? {};
  if (!endpoint || !pod) throw new Error(`${service.name} has no pod on the node`);
  return {
    protocol: service.protocol,
    client: CLIENT_NET + 2 + (number % 250),
    clientPort: FIRST_PORT + (Math.floor(number / 250) % 40_000),
    server: options.services ? service.balancer : pod.address,
    serverPort: options.services ? service.port : endpoint.port,
    pod,
    podPort: endpoint.port,
    packets: service.protocol === "tcp" ? SHORTEST_TCP : SHORTEST_UDP,
    start: random.below(SPAN),
  };
}
