import { describe, expect, it } from "vitest";
import { createReplay } from "../../src/engine/replay.ts";
import type { Packet } from "../../src/model/packet.ts";
import { frames, replayed, router, type Seen, tcp, udp } from "./router.ts";

const FILTER = "*filter\n:INPUT ACCEPT [0:0]\n:FORWARD ACCEPT [0:0]\n:OUTPUT ACCEPT [0:0]\nCOMMIT\n";
const NARROW = [
  "10.0.0.0/24 dev lan proto kernel scope link src 10.0.0.1",
  "192.0.2.0/24 dev wan proto kernel scope link src 192.0.2.1",
  "local 10.0.0.1 dev lan table local proto kernel scope host src 10.0.0.1",
  "local 192.0.2.1 dev wan table local proto kernel scope host src 192.0.2.1",
  "default via 192.0.2.254 dev wan mtu 1400",
  "",
].join("\n");

/** Of this length, with DF. */
const long = (packet: Packet, length = 7292): Packet => ({ ...packet, length, dontFragment: true });
const data = long(tcp("10.0.0.5:4000", "198.51.100.7:80", "ACK", { seq: 101, ack: 901 }));
const arriving: Seen = { at: 0, device: "lan", packet: data };

describe("several segments in one", () => {
  it("are passed on where each of them fits", () => {
    const [trace] = replayed(router({ "iptables-save.txt": FILTER }), [arriving]);
    expect(trace).toMatchObject({ certainty: "certain", way: { verdict: "forwarded", replies: [] } });
    expect(trace?.way.out.map(({ interface: device, packet }) => [device, packet.length])).toEqual([["wan", 7292]]);
  });

  it("may or may not fit a smaller MTU", () => {
    const [trace] = replayed(router({ "iptables-save.txt": FILTER, "ip-route.txt": NARROW }), [arriving]);
    expect(trace?.alternatives.map(({ verdict, at, replies }) => [verdict, at.reason, replies.length])).toEqual([
      ["forwarded", undefined, 0],
      ["dropped", "too-big", 1],
    ]);
    expect(trace?.way.undecided).toBe("the segments that it is made of fit the MTU of wan (1400)");
  });

  it("did fit it where they are seen beyond", () => {
    const [trace] = replayed(router({ "iptables-save.txt": FILTER, "ip-route.txt": NARROW }), [
      arriving,
      { at: 50, device: "wan", out: true, packet: { ...data, ttl: 63 } },
    ]);
    expect(trace).toMatchObject({ alternatives: [], way: { verdict: "forwarded" }, observed: [{ interface: "wan" }] });
  });

  it("leave a socket of the host in one", () => {
    const packet = long(tcp("192.0.2.1:4000", "198.51.100.7:80", "ACK"));
    const [trace] = replayed(router({ "iptables-save.txt": FILTER }), [{ at: 0, device: "wan", out: true, packet }]);
    expect(trace).toMatchObject({ certainty: "certain", way: { verdict: "forwarded" } });
  });

  it("are not what a single long packet is", () => {
    const single = long(tcp("10.0.0.5:4000", "198.51.100.7:80", "ACK"), 1450);
    const [trace] = replayed(router({ "iptables-save.txt": FILTER, "ip-route.txt": NARROW }), [{ at: 0, device: "lan", packet: single }]);
    expect(trace?.way).toMatchObject({ verdict: "dropped", at: { reason: "too-big" }, replies: [{ type: "icmp-error" }] });
  });
});

describe("a datagram of a socket that is longer than the MTU", () => {
  const datagram = { ...udp("192.0.2.1:4000", "198.51.100.7:53", "x".repeat(3000)), dontFragment: false };
  const sent = (packet: Packet) => {
    const replay = createReplay(router({ "iptables-save.txt": FILTER }), { netns: "host", capture: "any.pcap" });
    const from = frames([{ at: 0, device: "wan", packet }]).map((frame) => ({ ...frame, interfaceIndex: 0, type: "outgoing" as const }));
    return [...from.flatMap((frame) => replay.push(frame)), ...replay.finish()][0]?.way;
  };

  it("leaves in fragments", () => {
    const out = sent(datagram)?.out.map(({ packet }) => [packet.length, packet.fragment]);
    expect(out).toEqual([
      [1500, { offset: 0, more: true }],
      [1500, { offset: 1480, more: true }],
      [68, { offset: 2960, more: false }],
    ]);
  });

  it("is refused with DF", () => {
    expect(sent({ ...datagram, dontFragment: true })).toMatchObject({ verdict: "dropped", at: { reason: "send-error" } });
  });
});
