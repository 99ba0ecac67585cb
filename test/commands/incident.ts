import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { sum16 } from "../../src/wire/checksum.ts";
import { pcapFile } from "../wire/pcap-bytes.ts";

const RULES = `*nat
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
-A PREROUTING -d 198.51.100.2/32 -p udp -m udp --dport 8080 -j DNAT --to-destination 10.1.0.20:80
-A PREROUTING -d 198.51.100.2/32 -p udp -m udp --dport 8081 -j DNAT --to-destination 10.1.0.21:80
COMMIT
*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
-A FORWARD -p udp -m udp --dport 161 -j DROP
-A FORWARD -p udp -m udp --dport 123 -j REJECT --reject-with icmp-port-unreachable
-A FORWARD -p udp -m udp --dport 514 -m length --length 60:65535 -j DROP
-A FORWARD -d 10.1.0.21/32 -j DROP
-A FORWARD -p udp -m multiport --dports 53,80,514 -j ACCEPT
COMMIT
`;
const ROUTES = "default via 203.0.113.254 dev eth0\n10.1.0.0/16 dev eth1 proto kernel scope link src 10.1.0.1\n";
const LINKS = ["eth0 203.0.113.1 24", "eth0 198.51.100.2 32", "eth1 10.1.0.1 16"].map((line) => line.split(" "));
const BEGIN = 1_700_000_040;

/** A datagram of the capture: seconds after its begin, ends, and octets of data. */
export interface Sent {
  readonly at: number;
  readonly src: string;
  readonly sport: number;
  readonly dst: string;
  readonly dport: number;
  readonly data?: number;
}

function octets({ src, sport, dst, dport, data = 20 }: Sent): Uint8Array {
  const packet = new Uint8Array(28 + data);
  const view = new DataView(packet.buffer);
  packet.set([0x45, 0, 0, 0, 0, 1, 0x40, 0, 64, 17]);
  view.setUint16(2, packet.length);
  packet.set(src.split(".").map(Number), 12);
  packet.set(dst.split(".").map(Number), 16);
  view.setUint16(10, ~sum16(packet, 0, 20) & 0xffff);
  view.setUint16(20, sport);
  view.setUint16(22, dport);
  view.setUint16(24, 8 + data);
  return packet;
}

/** The incident: three minutes of traffic from many clients, what is dropped changing from minute to minute. */
export function traffic(clients: number): Sent[] {
  const sent: Sent[] = [];
  for (let i = 0; i < clients; i++) {
    const src = `192.0.${2 + (i >> 7)}.${1 + (i & 127)}`;
    const at = (i * 150) / clients;
    sent.push({ at, src, sport: 20_000 + i, dst: "10.1.0.10", dport: 53 });
    sent.push({ at: at + 0.1, src, sport: 20_000 + i, dst: "198.51.100.2", dport: i % 4 === 0 ? 8081 : 8080 });
    if (at < 60) sent.push({ at: at + 0.2, src: "192.0.9.66", sport: 30_000 + i, dst: "10.1.0.9", dport: 161 });
    else sent.push({ at: at + 0.2, src, sport: 30_000 + i, dst: "10.1.0.9", dport: 9999 });
    if (i % 8 === 0) sent.push({ at: at + 0.3, src, sport: 40_000 + i, dst: "10.1.0.9", dport: 123 });
  }
  for (const [at, data] of [20, 20, 100, 100].entries()) {
    sent.push({ at: at * 30, src: "192.0.9.99", sport: 514, dst: "10.1.0.5", dport: 514, data });
  }
  return sent.sort((a, b) => a.at - b.at);
}

/** The incident as files in a folder of their own, and the flags that name them. */
export function incident(clients: number): {
  readonly folder: string;
  readonly capture: string;
  readonly machine: string[];
  remove(): void;
} {
  const folder = mkdtempSync(join(tmpdir(), "nettrace-"));
  const file = (name: string, content: string | Uint8Array) => {
    writeFileSync(join(folder, name), content);
    return join(folder, name);
  };
  const packets = traffic(clients).map((sent) => {
    const micros = Math.round(sent.at * 1e6);
    return { data: octets(sent), seconds: BEGIN + Math.floor(micros / 1e6), fraction: micros % 1_000_000 };
  });
  const links = ["eth0", "eth1"].map((ifname, i) => ({
    ifindex: i + 1,
    ifname,
    flags: ["BROADCAST", "UP", "LOWER_UP"],
    mtu: 1500,
    operstate: "UP",
    link_type: "ether",
    address: `02:00:00:00:00:0${i + 1}`,
    addr_info: LINKS.filter(([name]) => name === ifname).map(([, local, length]) => ({
      family: "inet",
      local,
      prefixlen: Number(length),
      scope: "global",
    })),
  }));
  const capture = file("capture.pcap", pcapFile(packets, { linkType: 101 }));
  const machine = ["--rules", file("rules.txt", RULES), "--routes", file("routes.txt", ROUTES), "--interface", "eth0"];
  machine.push("--links", file("links.json", JSON.stringify(links)));
  return { folder, capture, machine, remove: () => rmSync(folder, { recursive: true, force: true }) };
}
