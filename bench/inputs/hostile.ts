import { CaptureFile, type Format } from "./capture-file.ts";
import { type Cluster, NODE, type Published } from "./cluster.ts";
import { BEGIN } from "./forwarded.ts";
import { type Packet, SYN, writePacket } from "./packet.ts";
import { Random } from "./random.ts";

/** Writes a flood in which every packet opens a connection of its own, as it comes in on the node's device. */
export function writeHostile(
  path: string,
  format: Format,
  cluster: Cluster,
  options: { readonly seed: number; readonly frames: number },
): void {
  const random = new Random(options.seed + 4);
  const file = new CaptureFile(path, format);
  // Where lots decide between pods, the flood would mostly measure what is said about lots.
  const targets = cluster.published.filter((one) => one.endpoints.filter((endpoint) => endpoint.pod).length === 1);
  const seen = { index: NODE.index, mac: NODE.gatewayMac, outgoing: false };
  for (let i = 0; i < options.frames; i++) {
    const packet = draw(random, i, targets, cluster.published);
    file.add(BEGIN + i * 40, seen, (to, at) => writePacket(to, at, packet));
  }
  file.close();
}

/** No two packets have address and port of the sender in common: the first 32 bits of both count. */
function draw(random: Random, number: number, targets: readonly Published[], all: readonly Published[]): Packet {
  const service = targets[random.below(targets.length)] as Published;
  const base = {
    protocol: service.protocol,
    src: 0x0b000000 + Math.floor(number / 16) * 3,
    sport: 1024 + (number % 16) * 3999 + random.below(3999),
    ttl: random.between(40, 250),
    id: random.below(0x10000),
    payload: service.protocol === "udp" ? random.between(20, 400) : 0,
    seq: random.bits(),
    ack: 0,
    flags: SYN,
    clock: random.bits(),
  };
  switch (random.below(4)) {
    case 0:
      return { ...base, dst: NODE.address, dport: random.between(1, 65_535) };
    case 1:
      return { ...base, dst: (all[random.below(all.length)] as Published).balancer, dport: random.between(1000, 65_535) };
    default:
      return { ...base, dst: service.balancer, dport: service.port };
  }
}
