import { describe, expect, it } from "vitest";
import { PROTOCOL } from "../../src/model/packet.ts";
import type { PacketTrace } from "../../src/model/trace.ts";
import { traceObject } from "../../src/render/ndjson.ts";
import { makePacket } from "../../src/wire/made-packet.ts";
import { natTable, replayed, router, type Seen, tcp, udp } from "./router.ts";

const SERVER = "198.51.100.7:443";
const RANDOM = natTable("-A POSTROUTING -o wan -j MASQUERADE --random-fully");

const host = (rules = RANDOM) => router({ "iptables-save.txt": rules });
const source = ({ way }: PacketTrace) => way.nat.src?.to;

const syn = (client: string, at = 0, seq = 1000): Seen => ({ at, device: "lan", packet: tcp(client, SERVER, "SYN", { seq }) });
const sent = (from: string, at = 50, seq = 1000): Seen => ({
  at,
  device: "wan",
  out: true,
  packet: tcp(from, SERVER, "SYN", { seq, ttl: 63 }),
});
const answer = (to: string, at = 900, ack = 1001): Seen => ({ at, device: "wan", packet: tcp(SERVER, to, "SYN,ACK", { seq: 1, ack }) });

describe("a source port drawn by NAT", () => {
  it("is that with which the packet is seen leaving", () => {
    const [first, again, back] = replayed(host(), [
      syn("10.0.0.5:40000"),
      sent("192.0.2.1:51234"),
      answer("192.0.2.1:51234"),
      { at: 950, device: "lan", out: true, packet: tcp(SERVER, "10.0.0.5:40000", "SYN,ACK", { seq: 1, ack: 1001, ttl: 63 }) },
    ]);
    expect(first).toMatchObject({
      certainty: "certain",
      decided: [{ what: "source", choices: ["192.0.2.1:1024-65535"], chosen: "192.0.2.1:51234", by: "seen", packet: 2, interface: "wan" }],
    });
    expect(first && source(first)).toBe("192.0.2.1:51234");
    expect(again?.seenBefore).toBe(1);
    expect(back?.way.nat.dst?.to).toBe("10.0.0.5:40000");
    expect(back?.observed.map((one) => one.packet)).toEqual([4]);
  });

  it("is that to which the answer comes, where only the way in was captured", () => {
    const [first, back] = replayed(host(), [syn("10.0.0.5:40000"), answer("192.0.2.1:51234")]);
    expect(first).toMatchObject({ certainty: "certain", decided: [{ chosen: "192.0.2.1:51234", by: "answered", packet: 2 }] });
    expect(back?.way.nat.dst?.to).toBe("10.0.0.5:40000");
    expect(back?.flow).toBe(first?.flow);
  });

  it("is told apart for connections to the same server by what is answered", () => {
    const traces = replayed(host(), [
      syn("10.0.0.5:1111", 0, 100),
      syn("10.0.0.6:2222", 1, 200),
      answer("192.0.2.1:60002", 500, 201),
      answer("192.0.2.1:60001", 501, 101),
    ]);
    expect(traces.slice(0, 2).map(source)).toEqual(["192.0.2.1:60001", "192.0.2.1:60002"]);
    expect(traces.slice(2).map((trace) => trace.way.nat.dst?.to)).toEqual(["10.0.0.6:2222", "10.0.0.5:1111"]);
  });

  it.each([
    [
      "a port outside of the range",
      natTable("-A POSTROUTING -o wan -p tcp -j MASQUERADE --to-ports 2000-2999 --random"),
      sent("192.0.2.1:51234"),
    ],
    ["another address", RANDOM, sent("192.0.2.9:51234")],
    ["an answer to something else", RANDOM, answer("192.0.2.1:51234", 900, 77)],
  ])("is not told by %s", (_, rules, seen) => {
    const [first] = replayed(host(rules), [syn("10.0.0.5:40000"), seen]);
    expect(first && source(first)).toBe("192.0.2.1:(any port)");
    expect(first?.decided).toEqual([]);
  });

  it("may be that to which something comes back that acknowledges something else", () => {
    const [, back] = replayed(host(), [syn("10.0.0.5:40000"), answer("192.0.2.1:51234", 900, 77)]);
    expect(back).toMatchObject({ certainty: "possible", way: { verdict: "unknown" } });
    expect(back?.alternatives.map(({ nat }) => nat.dst?.to)).toEqual(["10.0.0.5:40000", undefined]);
  });

  it("drawn from few may be the one that another connection asks for", () => {
    const rules = natTable(
      "-A POSTROUTING -o wan -p tcp -s 10.0.0.5 -j MASQUERADE --to-ports 2000-2003 --random",
      "-A POSTROUTING -o wan -j MASQUERADE",
    );
    const ports = (port: number) => {
      const [, second] = replayed(host(rules), [syn("10.0.0.5:40000"), syn(`10.0.0.6:${port}`, 10, 200)]);
      return [second?.certainty, ...(second?.alternatives ?? []).map(({ nat }) => nat.src?.to)];
    };
    expect(ports(2004)).toEqual(["certain"]);
    expect(ports(2003)).toEqual(["possible", "192.0.2.1:(any port)", "192.0.2.1:2003"]);
  });

  it("is left out of the machine-readable output when nothing tells it", () => {
    const [first] = replayed(host(), [syn("10.0.0.5:40000")]);
    const object = JSON.parse(JSON.stringify(first && traceObject(first, ""))) as { out: Record<string, unknown>[]; certainty: string };
    expect(object.out).toMatchObject([{ interface: "wan", src: "192.0.2.1", dport: 443 }]);
    expect(object.out[0]).not.toHaveProperty("sport");
    expect(object).not.toHaveProperty("decided");
  });

  it("is drawn only when the packet's own is taken", () => {
    const rules = natTable("-A POSTROUTING -o wan -j SNAT --to-source 192.0.2.1");
    const traces = replayed(host(rules), [
      syn("10.0.0.5:40000", 0, 100),
      sent("192.0.2.1:40000", 10, 100),
      syn("10.0.0.6:40000", 20, 200),
      sent("192.0.2.1:61616", 30, 200),
    ]);
    expect(traces.map(source)).toEqual(["192.0.2.1:40000", "192.0.2.1:40000", "192.0.2.1:61616", "192.0.2.1:61616"]);
    expect(traces.map((trace) => trace.decided.length)).toEqual([0, 0, 1, 1]);
  });

  it("is told late, by an answer that comes after a while, for what follows", () => {
    const traces = replayed(host(), [
      syn("10.0.0.5:40000"),
      answer("192.0.2.1:51234", 1_500_000),
      { at: 1_500_100, device: "lan", packet: tcp("10.0.0.5:40000", SERVER, "ACK", { seq: 1001, ack: 2 }) },
    ]);
    expect(traces.map((trace) => trace.way.nat.src?.to ?? trace.way.nat.dst?.to)).toEqual([
      "192.0.2.1:(any port)",
      "10.0.0.5:40000",
      "192.0.2.1:51234",
    ]);
  });
});

describe("a source port of a protocol without numbers", () => {
  const query = (client: string, at: number, text: string): Seen => ({
    at,
    device: "lan",
    packet: udp(client, "198.51.100.7:53", text, { id: 0 }),
  });
  const reply = (to: string, at: number): Seen => ({ at, device: "wan", packet: udp("198.51.100.7:53", to, "answer") });

  it("is not taken from what may be an answer, which is followed both ways", () => {
    const [first, answered] = replayed(host(), [query("10.0.0.5:40000", 0, "a"), reply("192.0.2.1:51234", 300)]);
    expect(first && source(first)).toBe("192.0.2.1:(any port)");
    expect(first?.certainty).toBe("certain");
    expect(answered).toMatchObject({ certainty: "possible" });
    expect(answered?.alternatives.map((way) => [way.conditions, way.verdict, way.nat.dst?.to])).toEqual([
      [[expect.stringMatching(/^it answers the connection from 10\.0\.0\.5:40000 \(not known: /)], "forwarded", "10.0.0.5:40000"],
      [[expect.stringMatching(/^it does not answer the connection from 10\.0\.0\.5:40000 \(/)], "delivered", undefined],
    ]);
  });

  it("is that of the only ping with the same number and data", () => {
    const ping = (at: number, device: "lan" | "wan", src: string, dst: string, type: number, id: number, text: string): Seen => {
      const [from, to] = [`${src}:0`, `${dst}:0`].map((end) => udp(end, end, "").src);
      const made = makePacket({
        protocol: PROTOCOL.icmp,
        src: from ?? 0,
        dst: to ?? 0,
        length: 28 + text.length,
        icmp: { type, code: 0, id },
      });
      const payload = Uint8Array.from([...new Uint8Array(8), ...new TextEncoder().encode(text)]);
      return { at, device, packet: { ...made, payload } };
    };
    const sent = (client: string, at: number, text: string) => ping(at, "lan", client, "198.51.100.7", 8, 77, text);
    const back = ping(300, "wan", "198.51.100.7", "192.0.2.1", 0, 1234, "a");
    const ways = (seen: readonly Seen[]) => replayed(host(), seen).map(({ certainty, way }) => [certainty, way.nat.dst?.to]);
    expect(ways([sent("10.0.0.5", 0, "a"), sent("10.0.0.6", 1, "b"), back])[2]).toEqual(["certain", "10.0.0.5"]);
    expect(ways([sent("10.0.0.5", 0, "a"), sent("10.0.0.6", 1, "a"), back])[2]?.[0]).toBe("possible");
  });

  it("is not taken from an answer that another query may have had", () => {
    const [first] = replayed(host(), [query("10.0.0.5:40000", 0, "a"), query("10.0.0.6:40000", 10, "b"), reply("192.0.2.1:51234", 300)]);
    expect(first && source(first)).toBe("192.0.2.1:(any port)");
  });

  it("is not taken from a sighting that could be another client's", () => {
    const leaving: Seen = {
      at: 20,
      device: "wan",
      out: true,
      packet: udp("192.0.2.1:51234", "198.51.100.7:53", "same", { id: 0, ttl: 63 }),
    };
    const one = query("10.0.0.5:40000", 0, "same");
    expect(replayed(host(), [one, leaving]).map(source)[0]).toBe("192.0.2.1:51234");
    expect(replayed(host(), [one, query("10.0.0.6:40000", 10, "same"), leaving]).map(source)[0]).toBe("192.0.2.1:(any port)");
  });
});

describe("a destination port drawn by NAT", () => {
  it("is that with which the packet is seen further on", () => {
    const rules = natTable("-A PREROUTING -i lan -p tcp -m tcp --dport 80 -j DNAT --to-destination 10.1.0.2:8000-8009 --random");
    const [first] = replayed(host(rules), [
      { at: 0, device: "lan", packet: tcp("10.0.0.5:40000", "10.0.0.99:80", "SYN") },
      { at: 9, device: "dmz", out: true, packet: tcp("10.0.0.5:40000", "10.1.0.2:8004", "SYN", { ttl: 63 }) },
    ]);
    expect(first?.decided).toMatchObject([{ what: "destination", choices: ["10.1.0.2:8000-8009"], chosen: "10.1.0.2:8004", by: "seen" }]);
  });
});
