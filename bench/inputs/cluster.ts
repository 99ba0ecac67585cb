import { Random } from "./random.ts";

/** A pod on the node, with the device that leads to it. */
export interface Pod {
  readonly address: number;
  readonly mac: number;
  readonly device: string;
  readonly index: number;
  readonly deviceMac: number;
}

/** Where a service sends its connections; `pod` when that is on this node. */
export interface Endpoint {
  readonly chain: string;
  readonly address: number;
  readonly port: number;
  readonly pod?: Pod;
}

/** A service as kube-proxy knows it. */
export interface Service {
  readonly name: string;
  readonly hash: string;
  readonly protocol: "tcp" | "udp";
  readonly address: number;
  readonly port: number;
  readonly endpoints: readonly Endpoint[];
  /** Address of its load balancer, whose connections stay on the node that they reach. */
  readonly balancer?: number;
}

/** A service that clients reach from outside. */
export type Published = Service & { readonly balancer: number };

/** The node: its pods and the published services, which are the same however many rules there are. */
export interface Cluster {
  readonly pods: readonly Pod[];
  readonly published: readonly Published[];
}

export const NODE = { address: 0xc000020a, mac: 0x020000000101, gatewayMac: 0x020000000102, index: 2, device: "eth0" };

const PODS = 64;
const ENDPOINTS = 3;
const PORT = { tcp: 8080, udp: 5353 };
const POD_NET = 0x0af40000;
const SERVICE_NET = 0x0a600000;
const BALANCER_NET = 0xc6336400;
const BASE32 = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

/** Draws the node. */
export function cluster(seed: number): Cluster {
  const random = new Random(seed);
  const pods = Array.from(
    { length: PODS },
    (_, i): Pod => ({
      address: POD_NET + 10 + i,
      mac: 0x020000010000 + i,
      device: `veth${random.bits().toString(16).padStart(8, "0")}`,
      index: 10 + i,
      deviceMac: 0x020000020000 + i,
    }),
  );
  const published: Published[] = [];
  for (let i = 0; i < PODS / 2; i++) {
    const own = pods.slice(2 * i, 2 * i + (i % 4 === 0 ? 1 : 2));
    published.push({ ...service(random, i, i % 8 === 3 || i % 8 === 6 ? "udp" : "tcp", own), balancer: BALANCER_NET + 10 + i });
  }
  return { pods, published };
}

/** Draws a service with three endpoints, of which some may be on this node. */
export function service(random: Random, number: number, protocol: "tcp" | "udp", own: readonly Pod[]): Service {
  const endpoints = Array.from({ length: ENDPOINTS }, (_, i): Endpoint => {
    const chain = `KUBE-SEP-${hash(random)}`;
    const port = PORT[protocol];
    const pod = own[i];
    if (pod) return { chain, address: pod.address, port, pod };
    return { chain, address: POD_NET + 256 * random.between(1, 250) + random.between(2, 250), port };
  });
  return {
    name: `team-${number % 40}/app-${number}:${protocol === "udp" ? "dns" : "http"}`,
    hash: hash(random),
    protocol,
    address: SERVICE_NET + 256 + number,
    port: protocol === "udp" ? 53 : 80,
    endpoints,
  };
}

/** An address in dotted form. */
export function dotted(address: number): string {
  return [address >>> 24, (address >>> 16) & 255, (address >>> 8) & 255, address & 255].join(".");
}

/** A MAC address with colons. */
export function colons(mac: number): string {
  return (mac.toString(16).padStart(12, "0").match(/../g) ?? []).join(":");
}

function hash(random: Random): string {
  return Array.from({ length: 16 }, () => BASE32[random.below(BASE32.length)]).join("");
}
