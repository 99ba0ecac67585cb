import { describe, expect, it } from "vitest";
import { Recalled } from "../../src/engine/recalled.ts";
import { createReplay } from "../../src/engine/replay.ts";
import { headline } from "../../src/explain/way.ts";
import { formatAddress, parseAddress } from "../../src/model/address.ts";
import { PROTOCOL } from "../../src/model/packet.ts";
import type { PacketTrace } from "../../src/model/trace.ts";
import { readSnapshot } from "../../src/parse/snapshot.ts";
import { makeFrame, makePacket, type PacketDescription } from "../../src/wire/made-packet.ts";

const DEVICES = [
  { name: "lan", network: "2001:db8:1:", mtu: 1500 },
  { name: "wan", network: "2001:db8:2:", mtu: 1400 },
];

const links = DEVICES.map(({ name, network, mtu }, i) => ({
  ifindex: i + 2,
  ifname: name,
  flags: ["BROADCAST", "MULTICAST", "UP", "LOWER_UP"],
  mtu,
  operstate: "UP",
  link_type: "ether",
  address: `02:00:00:00:00:0${i}`,
  addr_info: [
    { family: "inet6", local: `${network}:1`, prefixlen: 64, scope: "global" },
    { family: "inet6", local: `fe80::${i + 1}`, prefixlen: 64, scope: "link" },
  ],
}));

const routes = DEVICES.flatMap(({ name, network }, i) => [
  `${network}:/64 dev ${name} proto kernel metric 256 pref medium`,
  `local ${network}:1 dev ${name} table local proto kernel metric 0 pref medium`,
  `fe80::/64 dev ${name} proto kernel metric 256 pref medium`,
  `local fe80::${i + 1} dev ${name} table local proto kernel metric 0 pref medium`,
  `multicast ff00::/8 dev ${name} table local proto kernel metric 256 pref medium`,
]);

const FORWARDING = "net.ipv6.conf.all.forwarding = 1\nnet.ipv6.conf.lan.forwarding = 1\nnet.ipv6.conf.wan.forwarding = 1\n";

/** A router between lan (2001:db8:1::1/64) and wan (2001:db8:2::1/64, MTU 1400). */
const routerWith = (settings = "") =>
  readSnapshot(
    new Map([
      ["snapshot.json", JSON.stringify({ version: 1, namespaces: ["host"] })],
      ["netns/host/ip-addr.json", JSON.stringify(links)],
      ["netns/host/ip6-route.txt", `${[...routes, "prohibit 2001:db8:9::/48 dev lo metric 1024 pref medium"].join("\n")}\n`],
      ["netns/host/sysctl.txt", FORWARDING + settings],
    ]),
    "",
  ).value;
const host = routerWith();

const address = (text: string) => parseAddress(text) ?? 0n;

function sent(src: string, dst: string, more: Partial<PacketDescription> = {}): PacketTrace {
  const packet = makePacket({ protocol: PROTOCOL.udp, sport: 4000, dport: 53, src: address(src), dst: address(dst), ...more });
  const replay = createReplay(host, { netns: "host", capture: "made" });
  replay.push(makeFrame(packet, 1, 1_700_000_000_000_000_000n, undefined, "lan"));
  return replay.finish()[0] as PacketTrace;
}

const answers = ({ way }: PacketTrace) =>
  way.replies.map(({ packet }) => {
    const icmp = packet.transport?.kind === "icmp" ? packet.transport : undefined;
    return `${icmp?.type}/${icmp?.code} from ${formatAddress(packet.src)}${icmp?.mtu ? ` mtu ${icmp.mtu}` : ""}`;
  });

describe("an IPv6 router", () => {
  it("sends a packet on with one hop less", () => {
    const { way } = sent("2001:db8:1::10", "2001:db8:2::10");
    expect(way.verdict).toBe("forwarded");
    expect(way.out.map((one) => [one.interface, one.packet.ttl])).toEqual([["wan", 63]]);
  });

  it.each([
    ["the last hop", "2001:db8:1::10", "2001:db8:2::10", { ttl: 1 }, "3/0 from 2001:db8:1::1"],
    ["a prohibited network", "2001:db8:1::10", "2001:db8:9::10", {}, "1/1 from 2001:db8:1::1"],
    ["no route", "2001:db8:1::10", "2001:db8:77::10", {}, "1/0 from 2001:db8:1::1"],
    ["what does not fit", "2001:db8:1::10", "2001:db8:2::10", { length: 1450 }, "2/0 from 2001:db8:1::1 mtu 1400"],
    ["a link-local source", "fe80::10", "2001:db8:2::10", {}, "1/2 from fe80::1"],
  ])("answers %s", (_what, src, dst, more, expected) => {
    const trace = sent(src, dst, more);
    expect(trace.way.verdict).toBe("dropped");
    expect(answers(trace)).toEqual([expected]);
  });

  it("lets a packet go as the one before it, if that has the same flow label", () => {
    const replay = createReplay(host, { netns: "host", capture: "made" });
    const made = makePacket({
      protocol: PROTOCOL.udp,
      sport: 4000,
      dport: 53,
      src: address("2001:db8:1::10"),
      dst: address("2001:db8:2::10"),
    });
    const traces = [7, 7, 8, 8, 7].flatMap((flowLabel, i) =>
      replay.push(makeFrame({ ...made, flowLabel }, i + 1, 1_700_000_000_000_000_000n + BigInt(i), undefined, "lan")),
    );
    const all = [...traces, ...replay.finish()];
    expect(all.map((trace) => trace instanceof Recalled)).toEqual([false, true, false, true, true]);
    expect(all.map(({ way }) => [way.verdict, way.out[0]?.packet.flowLabel])).toEqual([7, 7, 8, 8, 7].map((label) => ["forwarded", label]));
  });

  it("answers nothing to a multicast or unspecified source", () => {
    expect(sent("ff02::1", "2001:db8:2::10").way).toMatchObject({ verdict: "dropped", replies: [] });
    expect(sent("::", "2001:db8:2::10", { ttl: 1 }).way).toMatchObject({ verdict: "dropped", replies: [] });
  });

  it("takes packets to groups of its own, and no others", () => {
    expect(sent("fe80::10", "ff02::1").way.verdict).toBe("delivered");
    expect(sent("fe80::10", "ff02::2").way.verdict).toBe("delivered");
    expect(sent("fe80::10", "ff02::1:ff00:1").way.verdict).toBe("delivered");
    expect(sent("fe80::10", "ff02::99").way).toMatchObject({ verdict: "dropped", at: { reason: "not-for-us" } });
  });

  it("tells the sender of a way without it, and sends the packet on", () => {
    const trace = sent("2001:db8:1::10", "2001:db8:1::20");
    expect(trace.way.verdict).toBe("forwarded");
    expect(answers(trace)).toEqual(["137/0 from fe80::1"]);
    expect(headline(trace, trace.way)).toBe("told the sender of a better way (ICMPv6 redirect to 2001:db8:1::10), forwarded lan");
  });

  /** How many messages the sender of each of some packets gets, or "?" where that is open. */
  const told = (router: typeof host, seconds: readonly number[], more: Pick<PacketDescription, "dst" | "ttl">) => {
    const replay = createReplay(router, { netns: "host", capture: "made" });
    const traces = seconds.flatMap((at, i) => {
      const time = 1_700_000_000_000_000_000n + BigInt(at * 1e9);
      const packet = makePacket({
        protocol: PROTOCOL.udp,
        sport: 4000,
        dport: 53,
        src: address("2001:db8:1::10"),
        length: 100 + i,
        ...more,
      });
      return replay.push(makeFrame(packet, i + 1, time, undefined, "lan"));
    });
    return [...traces, ...replay.finish()].map(({ way, alternatives }) => (alternatives.length > 0 ? "?" : way.replies.length));
  };

  it("tells one host of better ways six times at once, and once more each second", () => {
    const seconds = [0, 0, 0, 0, 0, 0, 0, 0.9, 1.1, 1.2];
    expect(told(host, seconds, { dst: address("2001:db8:1::20") })).toEqual([1, 1, 1, 1, 1, 1, 0, 0, 1, 0]);
  });

  const toldOfErrors = (milliseconds: number, seconds: readonly number[]) =>
    told(routerWith(`net.ipv6.icmp.ratelimit = ${milliseconds}\n`), seconds, { dst: address("2001:db8:2::10"), ttl: 1 });

  it("sends one host six errors at once, and more when it is time by the setting; some kernels send more by wider prefixes", () => {
    expect(toldOfErrors(4000, [0, 0, 0, 0, 0, 0, 0, 0.5, 1.5, 4.2, 4.3])).toEqual([1, 1, 1, 1, 1, 1, 0, 0, "?", 1, "?"]);
  });

  it("remembers how many it sent until as many may be sent at once again, however long that takes", () => {
    expect(toldOfErrors(10_000, [0, 0, 0, 0, 0, 0, 0, 2, 8])).toEqual([1, 1, 1, 1, 1, 1, 0, 0, "?"]);
  });

  it("is not known to send a second error to a host never heard of where each takes longer than a kernel can have saved", () => {
    expect(toldOfErrors(40_000, [0, 0])).toEqual([1, "?"]);
  });
});

describe("a rejected packet to an address that only a local route tells of", () => {
  const rejecting = (route: string) =>
    readSnapshot(
      new Map([
        ["snapshot.json", JSON.stringify({ version: 1, namespaces: ["host"] })],
        [
          "netns/host/ip6-route.txt",
          `2001:db8:1::/64 dev lan proto kernel metric 256 pref medium\n${route} table local proto kernel metric 0\n`,
        ],
        [
          "netns/host/ip6tables-save.txt",
          "*filter\n:INPUT ACCEPT [0:0]\n:FORWARD ACCEPT [0:0]\n:OUTPUT ACCEPT [0:0]\n-A INPUT -j REJECT\nCOMMIT\n",
        ],
      ]),
      "",
    ).value;
  const repliedFrom = (route: string) => {
    const [src, dst] = [address("2001:db8:1::5"), address("2001:db8:fa::1")];
    const packet = makePacket({ protocol: PROTOCOL.udp, sport: 4000, dport: 53, src, dst });
    const replay = createReplay(rejecting(route), { netns: "host", capture: "made" });
    const traces = [...replay.push(makeFrame(packet, 1, 1_700_000_000_000_000_000n, undefined, "lan")), ...replay.finish()];
    return traces[0]?.way.replies.map((reply) => formatAddress(reply.packet.src));
  };

  it("is answered from it where the route is for it alone, as for an address of a device", () => {
    expect(repliedFrom("local 2001:db8:fa::1 dev lan")).toEqual(["2001:db8:fa::1"]);
  });

  it("is not answered from it where the route is for many", () => {
    expect(repliedFrom("local 2001:db8:fa::/64 dev lo")).not.toContain("2001:db8:fa::1");
  });
});
