import { expect, it } from "vitest";
import { createReplay } from "../../src/engine/replay.ts";
import { parseAddress } from "../../src/model/address.ts";
import { PROTOCOL } from "../../src/model/packet.ts";
import { readSnapshot } from "../../src/parse/snapshot.ts";
import { makeFrame, makePacket } from "../../src/wire/made-packet.ts";

const links = ["eth0", "eth1"].map((ifname, i) => ({
  ifindex: i + 2,
  ifname,
  flags: ["BROADCAST", "MULTICAST", "UP", "LOWER_UP"],
  mtu: 1500,
  operstate: "UP",
  link_type: "ether",
  address: `02:00:00:00:00:0${i}`,
  addr_info: [{ family: "inet6", local: `2001:db8:${i + 1}::1`, prefixlen: 64, scope: "global" }],
}));

const routes = [1, 2].flatMap((n) => [
  `2001:db8:${n}::/64 dev eth${n - 1} proto kernel metric 256 pref medium`,
  `local 2001:db8:${n}::1 dev eth${n - 1} table local proto kernel metric 0 pref medium`,
]);

/** A host whose only route to the gateway of copies is for traffic of class 0x08. */
const { value: host } = readSnapshot(
  new Map([
    ["snapshot.json", JSON.stringify({ version: 1, namespaces: ["host"] })],
    ["netns/host/ip-addr.json", JSON.stringify(links)],
    ["netns/host/ip6-rule.txt", "0:\tfrom all lookup local\n102:\tfrom all tos 0x08 lookup 103\n32766:\tfrom all lookup main\n"],
    ["netns/host/ip6-route.txt", `${[...routes, "default via 2001:db8:2::fe dev eth1 table 103 metric 1024 pref medium"].join("\n")}\n`],
    [
      "netns/host/ip6tables-save.txt",
      "*filter\n:INPUT ACCEPT [0:0]\n:FORWARD ACCEPT [0:0]\n:OUTPUT ACCEPT [0:0]\n-A INPUT -j TEE --gateway 2001:db8:a4::5\nCOMMIT\n",
    ],
  ]),
  "",
);

const address = (text: string) => parseAddress(text) ?? 0n;

// What Linux 6.18 did in a namespace with these rules.
it.each([
  [0x08, 0x00000, false],
  [0x08, 0x0f000, false],
  [0, 0x08000, true],
  [0, 0x0b140, true],
  [0, 0x00800, false],
  [0, 0x00008, false],
  [0, 0x00080, false],
  [0, 0x80000, false],
  [0, 0x0008f, false],
  [0, 0x008f0, false],
])("a copy of a packet of class %i and flow label %i is routed by the latter: %s", (tos, flowLabel, routed) => {
  const udp = { protocol: PROTOCOL.udp, sport: 1111, dport: 7777, src: address("2001:db8:1::11"), dst: address("2001:db8:1::1") };
  const packet = { ...makePacket(udp), tos, ...(flowLabel > 0 && { flowLabel }) };
  const replay = createReplay(host, { netns: "host", capture: "made" });
  replay.push(makeFrame(packet, 1, 1_700_000_000_000_000_000n, undefined, "eth0"));
  const [trace] = replay.finish();
  expect(trace?.way.verdict).toBe("delivered");
  expect(trace?.way.copies?.[0]?.verdict).toBe(routed ? "forwarded" : "dropped");
  expect(trace?.way.out.map((one) => one.interface)).toEqual(routed ? ["eth1"] : []);
});
