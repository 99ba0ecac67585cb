import { describe, expect, it } from "vitest";
import type { PacketTrace } from "../../src/model/trace.ts";
import { natTable, replayed, router, type Seen, tcp, udp } from "./router.ts";

const CLIENT = "10.0.0.5:40000";
const SERVICE = "10.0.0.99:80";
const ONE = "10.1.0.1";
const TWO = "10.1.0.2:8080";
const THREE = "10.1.0.3:8080";

const BALANCED = natTable(
  "-A PREROUTING -d 10.0.0.99/32 -p tcp -m statistic --mode random --probability 0.33333 -j DNAT --to-destination 10.1.0.2:8080",
  "-A PREROUTING -d 10.0.0.99/32 -p tcp -m statistic --mode random --probability 0.5 -j DNAT --to-destination 10.1.0.3:8080",
  "-A PREROUTING -d 10.0.0.99/32 -p tcp -j DNAT --to-destination 10.1.0.4:8080",
);
const CHOICES = [TWO, THREE, "10.1.0.4:8080"];

const host = () => router({ "iptables-save.txt": BALANCED });

const summary = ({ way, certainty, alternatives, decided }: PacketTrace) => ({
  verdict: way.verdict,
  certainty,
  ways: alternatives.length,
  to: way.nat.dst?.to,
  decided,
});

describe("a destination drawn by lot", () => {
  const syn: Seen = { at: 0, device: "lan", packet: tcp(CLIENT, SERVICE, "SYN") };

  it("is that with which the packet is seen further on", () => {
    const [first, second] = replayed(host(), [syn, { at: 50, device: "dmz", out: true, packet: tcp(CLIENT, THREE, "SYN", { ttl: 63 }) }]);
    expect(first && summary(first)).toEqual({
      verdict: "forwarded",
      certainty: "certain",
      ways: 0,
      to: THREE,
      decided: [{ what: "destination", choices: CHOICES, chosen: THREE, by: "seen", packet: 2, interface: "dmz" }],
    });
    expect(second?.seenBefore).toBe(1);
  });

  it("is that from which an answer comes, where only the way in was captured", () => {
    const [first, answer] = replayed(host(), [syn, { at: 900, device: "dmz", packet: tcp(TWO, CLIENT, "SYN,ACK", { ack: 1001 }) }]);
    expect(first && summary(first)).toMatchObject({
      certainty: "certain",
      to: TWO,
      decided: [{ what: "destination", chosen: TWO, by: "answered", packet: 2, interface: "dmz" }],
    });
    expect(answer && summary(answer)).toMatchObject({ verdict: "forwarded", certainty: "certain" });
    expect(answer?.way.nat.src).toEqual({ from: TWO, to: SERVICE });
    expect(answer?.flow).toBe(first?.flow);
  });

  it("leaves nothing in doubt for what comes after", () => {
    const traces = replayed(host(), [
      syn,
      { at: 50, device: "dmz", out: true, packet: tcp(CLIENT, THREE, "SYN", { ttl: 63 }) },
      { at: 100, device: "dmz", packet: tcp(THREE, CLIENT, "SYN,ACK", { seq: 5000, ack: 1001 }) },
      { at: 200, device: "lan", packet: tcp(CLIENT, SERVICE, "ACK", { seq: 1001, ack: 5001 }) },
      { at: 300, device: "wan", packet: udp("192.0.2.9:1", "10.0.0.7:2", "another") },
    ]);
    expect(traces.map((trace) => trace.certainty)).toEqual(["certain", "certain", "certain", "certain", "certain"]);
    expect(traces[3]?.way.nat.dst?.to).toBe(THREE);
  });

  it("stays open when nothing tells, and names all ways", () => {
    const [first, later] = replayed(host(), [syn, { at: 2_000_000, device: "dmz", packet: tcp(TWO, CLIENT, "SYN,ACK", { ack: 1001 }) }]);
    expect(first && summary(first)).toMatchObject({ verdict: "forwarded", certainty: "possible", ways: 3, decided: [] });
    expect(first?.alternatives.map((way) => way.nat.dst?.to)).toEqual(CHOICES);
    expect(later?.way.undecided).toMatch(/^what became of packet 1/);
  });

  it.each([
    ["another client's", tcp("10.0.0.6:40000", THREE, "SYN", { ttl: 63 })],
    ["another connection's", tcp(CLIENT, THREE, "SYN", { ttl: 63, seq: 77 })],
    ["one that no way leads to", tcp(CLIENT, `${ONE}:8080`, "SYN", { ttl: 63 })],
    ["one with another TTL", tcp(CLIENT, THREE, "SYN", { ttl: 60 })],
  ])("is not told by %s packet", (_, packet) => {
    const [first] = replayed(host(), [syn, { at: 50, device: "dmz", out: true, packet }]);
    expect(first?.certainty).toBe("possible");
  });

  it("is not told by an answer to something else", () => {
    const [first] = replayed(host(), [syn, { at: 50, device: "dmz", packet: tcp(TWO, CLIENT, "SYN,ACK", { ack: 4242 }) }]);
    expect(first?.certainty).toBe("possible");
  });

  it("is told for each of several connections at once", () => {
    const clients = ["10.0.0.5:1001", "10.0.0.5:1002", "10.0.0.6:1001"];
    const targets = [THREE, TWO, "10.1.0.4:8080"];
    const seen: Seen[] = [
      ...clients.map((client, i) => ({ at: i, device: "lan" as const, packet: tcp(client, SERVICE, "SYN", { seq: i }) })),
      ...clients.map((client, i) => ({
        at: 100 + i,
        device: "dmz" as const,
        out: true,
        packet: tcp(client, targets[i] ?? "", "SYN", { seq: i, ttl: 63 }),
      })),
    ];
    expect(replayed(host(), seen).map((trace) => [trace.way.nat.dst?.to, trace.seenBefore])).toEqual([
      [THREE, undefined],
      [TWO, undefined],
      ["10.1.0.4:8080", undefined],
      [THREE, 1],
      [TWO, 2],
      ["10.1.0.4:8080", 3],
    ]);
  });
});

describe("a drop by lot", () => {
  const filter = [
    "*filter",
    ":INPUT ACCEPT [0:0]",
    ":FORWARD ACCEPT [0:0]",
    ":OUTPUT ACCEPT [0:0]",
    "-A FORWARD -m statistic --mode random --probability 0.1 -j DROP",
    "COMMIT",
    "",
  ].join("\n");

  it("did not happen to a packet that is seen further on", () => {
    const sent = udp("10.0.0.5:9", "192.0.2.9:9", "hello");
    const [first] = replayed(router({ "iptables-save.txt": filter }), [
      { at: 0, device: "lan", packet: sent },
      { at: 20, device: "wan", out: true, packet: { ...sent, ttl: 63 } },
    ]);
    expect(first && summary(first)).toMatchObject({ verdict: "forwarded", certainty: "certain" });
    expect(first?.decided).toMatchObject([
      { what: "way", chosen: expect.stringMatching(/^filter FORWARD 1 does not match/), by: "seen", packet: 2 },
    ]);
  });

  const conntrack = filter.replace("-A FORWARD", "-A FORWARD -m conntrack --ctstate NEW");
  const open = (rules: string, seen: readonly Seen[]) => replayed(router({ "iptables-save.txt": rules }), seen).map((one) => one.certainty);

  it("is possible for one of two that look the same, of which one is seen further on", () => {
    const sent = udp("10.0.0.5:9", "192.0.2.9:9", "hello");
    const leaving = (at: number): Seen => ({ at, device: "wan", out: true, packet: { ...sent, ttl: 63 } });
    const [first, again] = [0, 10].map((at): Seen => ({ at, device: "lan", packet: sent })) as [Seen, Seen];
    expect(open(filter, [first, again, leaving(20)])[0]).toBe("possible");
    expect(open(filter, [first, again, leaving(20), leaving(30)]).slice(0, 2)).toEqual(["possible", "possible"]);
    expect(open(filter, [first, leaving(5), again, leaving(20)])).toEqual(["certain", "certain", "certain", "certain"]);
  });

  it("did not happen to a segment whose end is acknowledged, if it was sent once", () => {
    const syn = (at: number): Seen => ({ at, device: "lan", packet: tcp(CLIENT, "192.0.2.9:80", "SYN", { id: at }) });
    const answer: Seen = { at: 900, device: "wan", packet: tcp("192.0.2.9:80", CLIENT, "SYN,ACK", { ack: 1001 }) };
    expect(open(conntrack, [syn(0), answer])[0]).toBe("certain");
    expect(open(conntrack, [syn(0), syn(500), answer])[0]).toBe("possible");
  });

  it("is not ruled out by what the other end sends unasked", () => {
    const ack: Seen = { at: 0, device: "lan", packet: tcp(CLIENT, "192.0.2.9:80", "ACK", { seq: 1000, ack: 1 }) };
    const data: Seen = { at: 9, device: "wan", packet: tcp("192.0.2.9:80", CLIENT, "ACK", { seq: 1, ack: 1000 }) };
    expect(open(conntrack, [ack, data])[0]).toBe("possible");
    const [there, back] = [udp("10.0.0.5:9", "192.0.2.9:9", "one"), udp("192.0.2.9:9", "10.0.0.5:9", "other")];
    const talk: Seen[] = [
      { at: 0, device: "lan", packet: there },
      { at: 9, device: "wan", packet: back },
    ];
    expect(open(conntrack, talk)[0]).toBe("possible");
  });

  it("is possible for one that is not", () => {
    const [first] = replayed(router({ "iptables-save.txt": filter }), [
      { at: 0, device: "lan", packet: udp("10.0.0.5:9", "192.0.2.9:9", "hello") },
    ]);
    expect(first && summary(first)).toMatchObject({ verdict: "unknown", certainty: "possible", ways: 2, decided: [] });
  });
});
