import { createReplay } from "../../src/engine/replay.ts";
import { parseAddress } from "../../src/model/address.ts";
import type { Host } from "../../src/model/host.ts";
import { type Frame, type Packet, PROTOCOL, TCP_FLAG } from "../../src/model/packet.ts";
import type { PacketTrace } from "../../src/model/trace.ts";
import { readSnapshot } from "../../src/parse/snapshot.ts";
import { makePacket } from "../../src/wire/made-packet.ts";

const DEVICES = ["lo", "lan", "wan", "dmz"] as const;
const NETWORKS: Readonly<Record<string, string>> = { lan: "10.0.0", wan: "192.0.2", dmz: "10.1.0" };
const START = 1_700_000_000_000_000_000n;

/** When the captures of these tests begin. */
export const CAPTURE_BEGINS = "2023-11-14T22:13:20Z";

/** A router between lan (10.0.0.1/24), wan (192.0.2.1/24, the way to everywhere) and dmz (10.1.0.1/24), with these files of its snapshot. */
export function router(files: Readonly<Record<string, string>>, head: Readonly<Record<string, unknown>> = {}): Host {
  const links = DEVICES.map((name, i) => ({
    ifindex: i + 1,
    ifname: name,
    flags: name === "lo" ? ["LOOPBACK", "UP", "LOWER_UP"] : ["BROADCAST", "UP", "LOWER_UP"],
    mtu: 1500,
    operstate: "UP",
    link_type: name === "lo" ? "loopback" : "ether",
    address: `02:00:00:00:00:0${i}`,
    addr_info: NETWORKS[name] ? [{ family: "inet", local: `${NETWORKS[name]}.1`, prefixlen: 24, scope: "global" }] : [],
  }));
  const routes = Object.entries(NETWORKS).flatMap(([name, net]) => [
    `${net}.0/24 dev ${name} proto kernel scope link src ${net}.1`,
    `local ${net}.1 dev ${name} table local proto kernel scope host src ${net}.1`,
  ]);
  const { value, problems } = readSnapshot(
    new Map([
      ["snapshot.json", JSON.stringify({ version: 1, namespaces: ["host"], ...head })],
      ["netns/host/ip-addr.json", JSON.stringify(links)],
      ["netns/host/ip-route.txt", `${[...routes, "default via 192.0.2.254 dev wan"].join("\n")}\n`],
      ["netns/host/sysctl.txt", "net.ipv4.ip_forward = 1\nnet.ipv4.conf.all.rp_filter = 0\n"],
      ...Object.entries(files).map(([name, text]) => [`netns/host/${name}`, text] as const),
    ]),
    "",
  );
  if (problems.length > 0) throw new Error(JSON.stringify(problems));
  return value;
}

/** The nat table with these rules in its built-in chains. */
export function natTable(...rules: readonly string[]): string {
  return [
    "*nat",
    ":PREROUTING ACCEPT [0:0]",
    ":INPUT ACCEPT [0:0]",
    ":OUTPUT ACCEPT [0:0]",
    ":POSTROUTING ACCEPT [0:0]",
    ...rules,
    "COMMIT",
    "",
  ].join("\n");
}

/** "10.0.0.5:40000" in its halves. */
function endpoint(text: string) {
  const [host = "", port = "0"] = text.split(":");
  const address = parseAddress(host);
  if (address === undefined) throw new Error(text);
  return { address, port: Number(port) };
}

/** A TCP segment; the numbers are what tells it from others. */
export function tcp(src: string, dst: string, flags: string, more: { seq?: number; ack?: number; ttl?: number; id?: number } = {}): Packet {
  const [from, to] = [endpoint(src), endpoint(dst)];
  const bits = flags.split(",").reduce((sum, flag) => sum | TCP_FLAG[flag as keyof typeof TCP_FLAG], 0);
  const packet = makePacket({
    protocol: PROTOCOL.tcp,
    src: from.address,
    dst: to.address,
    sport: from.port,
    dport: to.port,
    flags: bits,
    ttl: more.ttl ?? 64,
  });
  const transport = packet.transport?.kind === "tcp" ? { ...packet.transport, seq: more.seq ?? 1000, ack: more.ack ?? 0 } : undefined;
  return { ...packet, id: more.id ?? 7, ...(transport && { transport }) };
}

/** A UDP datagram with some text in it. */
export function udp(src: string, dst: string, text: string, more: { ttl?: number; id?: number } = {}): Packet {
  const [from, to] = [endpoint(src), endpoint(dst)];
  const data = new TextEncoder().encode(text);
  const length = 28 + data.length;
  const packet = makePacket({
    protocol: PROTOCOL.udp,
    src: from.address,
    dst: to.address,
    sport: from.port,
    dport: to.port,
    length,
    ttl: more.ttl ?? 64,
  });
  const payload = new Uint8Array(8 + data.length);
  payload.set(data, 8);
  return { ...packet, id: more.id ?? 7, payload };
}

/** A packet at a place and, in microseconds from the beginning, a time. */
export interface Seen {
  readonly at: number;
  readonly device: "lan" | "wan" | "dmz";
  readonly out?: boolean;
  readonly packet: Packet;
}

/** What `tcpdump -i any` makes of packets, in order. */
export function frames(seen: readonly Seen[]): Frame[] {
  return seen.map(({ at, device, out, packet }, i) => ({
    number: i + 1,
    time: START + BigInt(at) * 1000n,
    captured: packet.length,
    length: packet.length,
    linkType: "LINUX_SLL2",
    interfaceIndex: DEVICES.indexOf(device) + 1,
    type: out ? "outgoing" : "host",
    packet,
  }));
}

/** Replays packets through a router; a trace for each. */
export function replayed(host: Host, seen: readonly Seen[]): PacketTrace[] {
  const replay = createReplay(host, { netns: "host", capture: "any.pcap" });
  const traces = frames(seen).flatMap((frame) => replay.push(frame));
  return [...traces, ...replay.finish()];
}
