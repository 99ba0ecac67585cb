import { describe, expect, it } from "vitest";
import { Recalled } from "../../src/engine/recalled.ts";
import { createReplay } from "../../src/engine/replay.ts";
import type { Host } from "../../src/model/host.ts";
import type { VlanTag } from "../../src/model/packet.ts";
import { readSnapshot } from "../../src/parse/snapshot.ts";
import { frames, udp } from "./router.ts";

const MAC = "02:00:00:00:00:02";
const flags = ["BROADCAST", "UP", "LOWER_UP"];
const device = (ifindex: number, ifname: string, local: string, more: object = {}) => ({
  ...{ ifindex, ifname, flags, mtu: 1500, operstate: "UP", link_type: "ether", address: MAC },
  addr_info: [{ family: "inet", local, prefixlen: 24, scope: "global" }],
  ...more,
});
const vlan = (id: number) => ({ link: "lan", linkinfo: { info_kind: "vlan", info_data: { protocol: "802.1Q", id } } });
const network = (name: string, net: string) =>
  `${net}.0/24 dev ${name} proto kernel scope link src ${net}.1\nlocal ${net}.1 dev ${name} table local proto kernel scope host src ${net}.1\n`;

/** A router with lan (10.0.0.1/24) and on it the VLANs 10 (10.10.0.1/24) and 20 (10.20.0.1/24, down). */
function router(): Host {
  const links = [
    device(2, "lan", "10.0.0.1"),
    device(3, "lan.10", "10.10.0.1", vlan(10)),
    device(4, "lan.20", "10.20.0.1", { ...vlan(20), flags: ["BROADCAST"] }),
  ];
  const files: [string, string][] = [
    ["snapshot.json", JSON.stringify({ version: 1, namespaces: ["host"] })],
    ["netns/host/ip-addr.json", JSON.stringify(links)],
    ["netns/host/ip-route.txt", network("lan", "10.0.0") + network("lan.10", "10.10.0")],
    ["netns/host/sysctl.txt", "net.ipv4.ip_forward = 1\n"],
    [
      "netns/host/iptables-save.txt",
      "*filter\n:INPUT ACCEPT [0:0]\n:FORWARD ACCEPT [0:0]\n:OUTPUT ACCEPT [0:0]\n-A FORWARD -p udp\nCOMMIT\n",
    ],
  ];
  const { value, problems } = readSnapshot(new Map(files), "");
  expect(problems).toEqual([]);
  return value;
}

function replayed(packet: ReturnType<typeof udp>, vlans?: readonly VlanTag[]) {
  const replay = createReplay(router(), { netns: "host", capture: "lan.pcap" });
  const traces = frames([{ at: 0, device: "lan", packet }]).flatMap((frame) => replay.push({ ...frame, ...(vlans && { vlans }) }));
  const way = [...traces, ...replay.finish()][0]?.way;
  const rules = way?.steps.flatMap((step) => (step.kind === "rule" ? [[step.in, step.out]] : []));
  return { ...way, rules, left: way?.out.map(({ interface: name }) => name) };
}

const tag = (id: number, protocol = 0x8100): VlanTag => ({ id, priority: 0, protocol });

describe("a frame with a VLAN tag", () => {
  it("comes in on the VLAN's device", () => {
    const { verdict, rules, left } = replayed(udp("10.10.0.5:4000", "10.0.0.9:53", "q"), [tag(10)]);
    expect({ verdict, rules, left }).toEqual({ verdict: "forwarded", rules: [["lan.10", "lan"]], left: ["lan"] });
  });

  it("is dropped where no device is there for it, or a down one", () => {
    const packet = udp("10.10.0.5:4000", "10.0.0.9:53", "q");
    expect(replayed(packet, [tag(11)])).toMatchObject({
      verdict: "dropped",
      at: { reason: "not-for-us", text: "its tag is that of VLAN 11, for which host has no device on lan" },
    });
    expect(replayed(packet, [tag(10, 0x88a8)])).toMatchObject({ verdict: "dropped", at: { reason: "not-for-us" } });
    expect(replayed(packet, [tag(20)])).toMatchObject({ verdict: "dropped", at: { reason: "device-down" } });
  });

  it("goes as the one before it in the same VLAN with the same priority", () => {
    const seen = Array.from({ length: 6 }, (_, i) => ({
      at: i,
      device: "lan" as const,
      packet: udp("10.10.0.5:4000", "10.0.0.9:53", `${i}`),
    }));
    const replay = createReplay(router(), { netns: "host", capture: "lan.pcap" });
    const tags = [[tag(10)], [tag(10)], [{ ...tag(10), priority: 3 }], [tag(11)], [tag(10), tag(10)], [tag(10)]];
    const traces = frames(seen).flatMap((frame, i) => replay.push({ ...frame, vlans: tags[i] ?? [] }));
    const all = [...traces, ...replay.finish()];
    expect(all.map(({ way }) => way.verdict)).toEqual(["forwarded", "forwarded", "forwarded", "dropped", "dropped", "forwarded"]);
    expect(all.map((trace) => trace instanceof Recalled)).toEqual([false, true, false, false, false, true]);
  });

  it("of number 0 is as good as untagged", () => {
    expect(replayed(udp("10.0.0.5:4000", "10.0.0.1:53", "q"), [tag(0)]).verdict).toBe("delivered");
  });
});

describe("a packet that leaves by a VLAN's device", () => {
  it("leaves by the one below as well", () => {
    const { at, left, rules } = replayed(udp("10.0.0.5:4000", "10.10.0.9:53", "q"));
    expect({ at, left, rules }).toEqual({
      at: { netns: "host", interface: "lan.10" },
      left: ["lan.10", "lan"],
      rules: [["lan", "lan.10"]],
    });
  });
});

describe("a VLAN's device in another namespace", () => {
  const files = new Map([
    ["snapshot.json", JSON.stringify({ version: 1, namespaces: ["host", "pod"] })],
    ["netns/host/ip-addr.json", JSON.stringify([device(2, "lan", "10.0.0.1")])],
    ["netns/host/ip-route.txt", network("lan", "10.0.0")],
    [
      "netns/pod/ip-addr.json",
      JSON.stringify([device(5, "net1", "10.30.0.1", { ...vlan(30), link: undefined, link_index: 2, link_netnsid: 0 })]),
    ],
    ["netns/pod/ip-route.txt", network("net1", "10.30.0")],
    ["netns/pod/netns-ids.txt", "nsid 0 (iproute2 netns name: host)\n"],
  ]);
  const pod = () => readSnapshot(files, "").value;

  it("takes frames with its tag", () => {
    const replay = createReplay(pod(), { netns: "host", capture: "lan.pcap" });
    const seen = frames([{ at: 0, device: "lan", packet: udp("10.30.0.5:4000", "10.30.0.1:53", "q") }]);
    const traces = seen.flatMap((frame) => replay.push({ ...frame, vlans: [tag(30)] }));
    expect([...traces, ...replay.finish()][0]?.way).toMatchObject({ verdict: "delivered", at: { netns: "pod" } });
  });

  it("sends by the one below, with its tag", () => {
    const replay = createReplay(pod(), { netns: "pod", capture: "net1.pcap" });
    const [frame] = frames([{ at: 0, device: "lan", out: true, packet: udp("10.30.0.1:4000", "10.30.0.5:53", "q") }]);
    const traces = frame ? replay.push({ ...frame, interfaceIndex: 0 }) : [];
    expect([...traces, ...replay.finish()][0]?.way).toMatchObject({
      verdict: "forwarded",
      at: { netns: "host", interface: "lan" },
      out: [{ interface: "net1" }, { netns: "host", interface: "lan" }],
    });
  });
});
