import { expect, it } from "vitest";
import { createReplay } from "../../src/engine/replay.ts";
import type { Frame, Packet } from "../../src/model/packet.ts";
import type { Way } from "../../src/model/trace.ts";
import { readSnapshot } from "../../src/parse/snapshot.ts";
import { decodePacket } from "../../src/wire/ip.ts";
import { fragments, ipv4, tcp } from "../kernel/wire/build.ts";
import { natTable } from "./router.ts";

const [POD, HOST] = ["10.5.0.11", "10.5.0.1"];

const link = (name: string, mac: string, peer: number) => [
  { ifindex: 1, ifname: "lo", flags: ["LOOPBACK", "UP", "LOWER_UP"], mtu: 65_536, link_type: "loopback", addr_info: [] },
  {
    ...{ ifindex: 2, link_index: peer, ifname: name, flags: ["BROADCAST", "UP", "LOWER_UP"], mtu: 1500, operstate: "UP" },
    ...{ link_type: "ether", address: mac, link_netnsid: 0, linkinfo: { info_kind: "veth" } },
    addr_info: [{ family: "inet", local: name === "eth0" ? POD : HOST, prefixlen: 24, scope: "global" }],
  },
];

const routes = (device: string, own: string) =>
  `10.5.0.0/24 dev ${device} proto kernel scope link src ${own}\nlocal ${own} dev ${device} table local proto kernel scope host src ${own}\n`;

/** A pod whose translation draws ports, and its host, which tracks connections. */
function host() {
  const tracking = "*filter\n:INPUT DROP [0:0]\n-A INPUT -p tcp -m conntrack --ctstate NEW -j ACCEPT\nCOMMIT\n";
  const { value, problems } = readSnapshot(
    new Map([
      ["snapshot.json", JSON.stringify({ version: 1, namespaces: ["host", "pod"] })],
      ["netns/host/ip-addr.json", JSON.stringify(link("p0", "02:00:00:00:00:01", 2))],
      ["netns/host/ip-route.txt", routes("p0", HOST)],
      ["netns/host/iptables-save.txt", tracking],
      ["netns/host/netns-ids.txt", "nsid 0 (iproute2 netns name: pod)\n"],
      ["netns/pod/ip-addr.json", JSON.stringify(link("eth0", "02:00:00:00:00:02", 2))],
      ["netns/pod/ip-route.txt", routes("eth0", POD)],
      ["netns/pod/iptables-save.txt", natTable("-A POSTROUTING -p tcp -j MASQUERADE --random")],
      ["netns/pod/netns-ids.txt", "nsid 0 (iproute2 netns name: host)\n"],
    ]),
    "",
  );
  if (problems.length > 0) throw new Error(JSON.stringify(problems));
  return value;
}

function sent(packet: Packet, number: number): Frame {
  const time = 1_700_000_000_000_000_000n + BigInt(number);
  return { number, time, captured: packet.length, length: packet.length, linkType: "RAW", type: "outgoing", interfaceIndex: 0, packet };
}

// Linux 6.18 counts such a datagram as NEW: NAT has kept the checksum right.
it("a datagram whose port is drawn, and that is cut and joined again, is answered on whichever port that is", () => {
  const payload = tcp({ sport: 40_003, dport: 6443, flags: 2, payload: new Uint8Array(600) }, POD, HOST);
  const replay = createReplay(host(), { netns: "pod", capture: "pod.pcap" });
  const pieces = fragments(ipv4({ src: POD, dst: HOST, protocol: 6, id: 77, payload }), 532);
  expect(pieces).toHaveLength(2);
  const answer = tcp({ sport: 6443, dport: 45_000, flags: 18, ack: 601 }, HOST, POD);
  const traces = pieces.flatMap((octets, i) => replay.push(sent(decodePacket(octets).packet as Packet, i + 1)));
  traces.push(...replay.push(sent(decodePacket(ipv4({ src: HOST, dst: POD, protocol: 6, payload: answer })).packet as Packet, 3), "host"));
  const [, last, answered] = [...traces, ...replay.finish()];
  expect(last?.way.verdict).toBe("delivered");
  const turns = (way: Way | undefined) => way?.steps.flatMap((step) => (step.kind === "conntrack" ? [[step.netns, step.state]] : []));
  expect(turns(last?.way)).toEqual([
    ["pod", "NEW"],
    ["host", "NEW"],
  ]);
  expect(turns(answered?.way)).toEqual([
    ["host", "ESTABLISHED"],
    ["pod", "ESTABLISHED"],
  ]);
});
