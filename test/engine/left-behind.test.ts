import { expect, it } from "vitest";
import { createReplay } from "../../src/engine/replay.ts";
import type { Frame, Packet } from "../../src/model/packet.ts";
import { readSnapshot } from "../../src/parse/snapshot.ts";
import { natTable, udp } from "./router.ts";

const flags = ["BROADCAST", "UP", "LOWER_UP"];
const device = (ifindex: number, ifname: string, more: object) => ({
  ...{ ifindex, ifname, flags, mtu: 1500, operstate: "UP", link_type: "ether", address: `02:00:00:00:00:0${ifindex}` },
  ...{ addr_info: [], ...more },
});
const port = { master: "br0", linkinfo: { info_slave_kind: "bridge" } };
const [ONE, OTHER] = [0x0200000000aa, 0x0200000000bb];

/** A bridge with three ports, whose rules cannot tell what becomes of a datagram to 10.0.0.99. */
function host() {
  const links = [
    device(1, "br0", { linkinfo: { info_kind: "bridge" } }),
    ...["p0", "p1", "p2"].map((name, i) => device(2 + i, name, port)),
  ];
  const files: [string, string][] = [
    ["snapshot.json", JSON.stringify({ version: 1, namespaces: ["host"] })],
    ["netns/host/ip-addr.json", JSON.stringify(links)],
    ["netns/host/ip-route.txt", "10.0.0.0/24 dev br0\n"],
    ["netns/host/sysctl.txt", "net.ipv4.ip_forward = 1\nnet.bridge.bridge-nf-call-iptables = 1\n"],
    [
      "netns/host/iptables-save.txt",
      `${natTable("-A PREROUTING -d 10.0.0.99/32 -p udp -j DNAT --to-destination 10.0.0.99:1000-2000 --random")}*filter\n:INPUT ACCEPT [0:0]\n:FORWARD ACCEPT [0:0]\n:OUTPUT ACCEPT [0:0]\n-A FORWARD -p udp -m udp --dport 1500 -j DROP\nCOMMIT\n`,
    ],
  ];
  const { value, problems } = readSnapshot(new Map(files), "");
  expect(problems).toEqual([]);
  return value;
}

/** Frames that came in on ports, as captures of these show them. */
function arrived(
  ...seen: readonly { readonly on: string; readonly srcMac: number; readonly dstMac: number; readonly packet: Packet }[]
): Frame[] {
  return seen.map(({ packet, on, ...macs }, i) => ({
    ...{ number: i + 1, time: BigInt(i + 1) * 5_000_000_000n, captured: packet.length, length: packet.length },
    ...{ linkType: "EN10MB", interfaceName: on, packet, ...macs },
  }));
}

it("where a station is was learned from a packet of which it is not known what became of it", () => {
  const replay = createReplay(host(), { netns: "host", capture: "bridge.pcap" });
  const traces = arrived(
    { on: "p0", srcMac: ONE, dstMac: OTHER, packet: udp("10.0.0.5:4000", "10.0.0.99:53", "q") },
    { on: "p1", srcMac: OTHER, dstMac: ONE, packet: udp("10.0.0.6:4001", "10.0.0.7:54", "q") },
  ).flatMap((frame) => replay.push(frame));
  traces.push(...replay.finish());
  expect(traces.map(({ way }) => way.verdict)).toEqual(["unknown", "forwarded"]);
  expect(traces[1]?.way.out.map((one) => one.interface)).toEqual(["p0"]);
});
