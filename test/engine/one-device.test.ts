import { describe, expect, it } from "vitest";
import type { PacketTrace } from "../../src/model/trace.ts";
import { natTable, replayed, router, type Seen, tcp, udp } from "./router.ts";

const STATEFUL = [
  "*filter",
  ":INPUT ACCEPT [0:0]",
  ":FORWARD DROP [0:0]",
  ":OUTPUT DROP [0:0]",
  "-A FORWARD -m conntrack --ctstate ESTABLISHED -j ACCEPT",
  "-A FORWARD -m conntrack --ctstate NEW -j ACCEPT",
  "-A OUTPUT -m conntrack --ctstate ESTABLISHED -j ACCEPT",
  "COMMIT",
  "",
].join("\n");

const host = (...nat: readonly string[]) => router({ "iptables-save.txt": STATEFUL + (nat.length > 0 ? natTable(...nat) : "") });

const states = (traces: readonly PacketTrace[]) =>
  traces.map(({ way }) => [way.verdict, ...way.steps.flatMap((step) => (step.kind === "conntrack" ? [step.state] : []))]);
const hooks = (trace: PacketTrace | undefined) => trace?.way.steps.flatMap((step) => (step.kind === "rule" ? [step.hook] : []));

/** The three packets that open a connection, where the first and third come in and the second leaves. */
function handshake(device: Seen["device"], client: string, server: string): Seen[] {
  return [
    { at: 0, device, packet: tcp(client, server, "SYN", { seq: 100 }) },
    { at: 300, device, out: true, packet: tcp(server, client, "SYN,ACK", { seq: 900, ack: 101, ttl: 63 }) },
    { at: 400, device, packet: tcp(client, server, "ACK", { seq: 101, ack: 901 }) },
  ];
}

describe("a capture of one device, both directions", () => {
  it("shows answers on their way out, which connection tracking has seen", () => {
    expect(states(replayed(host(), handshake("lan", "10.0.0.5:4000", "198.51.100.7:80")))).toEqual([
      ["forwarded", "NEW"],
      ["forwarded", "ESTABLISHED"],
      ["forwarded", "ESTABLISHED"],
    ]);
  });

  it("knows answers with the host's own address for those of a forwarded connection", () => {
    const nat = "-A PREROUTING -i wan -p tcp -m tcp --dport 80 -j DNAT --to-destination 10.1.0.2:8080";
    const traces = replayed(host(nat), handshake("wan", "198.51.100.7:4000", "192.0.2.1:80"));
    expect(states(traces)).toEqual([
      ["forwarded", "NEW"],
      ["forwarded", "ESTABLISHED"],
      ["forwarded", "ESTABLISHED"],
    ]);
    expect(hooks(traces[1])).toEqual([]);
    expect(new Set(traces.map((trace) => trace.flow)).size).toBe(1);
  });

  it("knows answers with a foreign address for those of a local socket", () => {
    const nat = "-A PREROUTING -i lan -p tcp -m tcp --dport 80 -j REDIRECT --to-ports 3128";
    const traces = replayed(host(nat), handshake("lan", "10.0.0.5:4000", "198.51.100.7:80"));
    expect(states(traces)).toEqual([
      ["delivered", "NEW"],
      ["forwarded", "ESTABLISHED"],
      ["delivered", "ESTABLISHED"],
    ]);
    expect(hooks(traces[1])).toEqual(["OUTPUT"]);
  });

  it("shows the beginning of a connection on its way out", () => {
    const [first, second] = replayed(host(), [
      { at: 0, device: "wan", out: true, packet: tcp("10.0.0.5:4000", "198.51.100.7:80", "SYN", { seq: 100, ttl: 63 }) },
      { at: 300, device: "wan", packet: tcp("198.51.100.7:80", "10.0.0.5:4000", "SYN,ACK", { seq: 900, ack: 101 }) },
    ]);
    expect(states([first as PacketTrace, second as PacketTrace])).toEqual([
      ["forwarded", "NEW"],
      ["forwarded", "ESTABLISHED"],
    ]);
    expect(first?.assumptions).toEqual([]);
  });

  it("takes it for untranslated, where rules translate, and says so", () => {
    const [first] = replayed(host("-A PREROUTING -p udp -m udp --dport 53 -j DNAT --to-destination 198.51.100.9"), [
      { at: 0, device: "wan", out: true, packet: udp("10.0.0.5:4000", "198.51.100.9:53", "q", { ttl: 63 }) },
    ]);
    expect(first).toMatchObject({ certainty: "assumed", assumptions: [{ id: "way-in" }] });
  });
});
