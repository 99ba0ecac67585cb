import { describe, expect, it } from "vitest";
import { type Packet, TCP_FLAG } from "../../src/model/packet.ts";
import type { PacketTrace } from "../../src/model/trace.ts";
import { decodePacket } from "../../src/wire/ip.ts";
import { ipv4, tcp, udp } from "../kernel/wire/build.ts";
import { replayed, router, type Seen } from "./router.ts";

const CLIENT = "10.0.0.5";
const SERVER = "10.1.0.2";
const SECOND = 1_000_000;

let id = 0;

function decoded(octets: Uint8Array, captured = octets.length): Packet {
  const { packet } = decodePacket(octets.subarray(0, captured), octets.length);
  if (!packet) throw new Error("no packet");
  return packet;
}

function datagram(src: string, dst: string, sport: number, dport: number, data: readonly number[] = []): Packet {
  const payload = udp({ sport, dport, payload: Uint8Array.from(data) }, src, dst);
  return decoded(ipv4({ src, dst, protocol: 17, payload, id: ++id }));
}

interface Line {
  readonly from: "client" | "server";
  readonly text?: string;
  readonly flags?: number;
  readonly port?: number;
  readonly captured?: number;
}

/** What two hosts say to each other in one TCP connection, each line a segment. */
function conversation(lines: readonly Line[], dport = 21, sport = 40000): Packet[] {
  const seq = { client: 1000, server: 5000 };
  return lines.map(({ from, text = "", flags = TCP_FLAG.ACK, captured }) => {
    const to = from === "client" ? "server" : "client";
    const [src, dst] = from === "client" ? [CLIENT, SERVER] : [SERVER, CLIENT];
    const ports = from === "client" ? { sport, dport } : { sport: dport, dport: sport };
    const payload = Uint8Array.from(Buffer.from(text, "latin1"));
    const segment = tcp({ ...ports, seq: seq[from], ack: flags & TCP_FLAG.ACK ? seq[to] : 0, flags, payload }, src, dst);
    seq[from] += payload.length + (flags & TCP_FLAG.SYN ? 1 : 0);
    return decoded(ipv4({ src, dst, protocol: 6, payload: segment, id: ++id }), captured);
  });
}

const OPEN: readonly Line[] = [
  { from: "client", flags: TCP_FLAG.SYN },
  { from: "server", flags: TCP_FLAG.SYN | TCP_FLAG.ACK },
  { from: "client" },
];
const LOGIN: readonly Line[] = [
  { from: "server", text: "220 hi\r\n" },
  { from: "client", text: "USER x\r\n" },
];
const PORT: Line = { from: "client", text: "PORT 10,0,0,5,156,65\r\n" };
const dataConnection = () => conversation([{ from: "server", flags: TCP_FLAG.SYN }], 20, 40001);

const RULES = (...raw: readonly string[]) => `*raw
:PREROUTING ACCEPT [0:0]
${raw.map((rule) => `-A PREROUTING ${rule}\n`).join("")}COMMIT
*filter
:FORWARD ACCEPT [0:0]
-A FORWARD -m conntrack --ctstate RELATED -j ACCEPT
-A FORWARD -i dmz -m conntrack --ctstate NEW -j DROP
COMMIT
`;
const FTP = RULES("-p tcp -m tcp --dport 21 -j CT --helper ftp");

function follow(files: Record<string, string>, packets: readonly Packet[], pauses: Readonly<Record<number, number>> = {}): PacketTrace[] {
  let at = 0;
  const seen: Seen[] = packets.map((packet, i) => {
    at += pauses[i] ?? 1000;
    return { at, device: packet.src === 0x0a000005 ? "lan" : "dmz", packet };
  });
  return replayed(router(files), seen);
}

const stateOf = (trace: PacketTrace | undefined) => trace?.way.steps.find((step) => step.kind === "conntrack")?.state;

describe("the FTP helper", () => {
  it("lets the announced connection in, and tells who announced it", () => {
    const traces = follow({ "iptables-save.txt": FTP }, [...conversation([...OPEN, ...LOGIN, PORT]), ...dataConnection()]);
    const last = traces.at(-1);
    expect(last?.way.verdict).toBe("forwarded");
    expect(last?.way.steps).toContainEqual({
      kind: "conntrack",
      netns: "host",
      state: "RELATED",
      direction: "original",
      protocolState: "SYN_SENT",
      note: "announced by the connection from 10.0.0.5:40000 to 10.1.0.2:21, as its helper ftp has seen",
    });
    expect(traces.at(-2)?.way.steps).toContainEqual({
      kind: "stack",
      netns: "host",
      note: "the FTP helper expects a connection from 10.1.0.2 to 10.0.0.5:40001",
    });
  });

  it("waits five minutes for it", () => {
    const talk = conversation([...OPEN, ...LOGIN, PORT]);
    const later = (seconds: number) =>
      follow({ "iptables-save.txt": FTP }, [...talk, ...dataConnection()], { [talk.length]: seconds * SECOND }).at(-1);
    expect(stateOf(later(299))).toBe("RELATED");
    expect(stateOf(later(301))).toBe("NEW");
    expect(later(301)?.way.verdict).toBe("dropped");
  });

  it("expects a connection once", () => {
    const again = conversation([{ from: "server", flags: TCP_FLAG.SYN }], 22, 40001);
    const traces = follow({ "iptables-save.txt": FTP }, [...conversation([...OPEN, ...LOGIN, PORT]), ...dataConnection(), ...again]);
    expect(traces.slice(-2).map(stateOf)).toEqual(["RELATED", "NEW"]);
  });

  it("drops a command that does not come whole", () => {
    const traces = follow({ "iptables-save.txt": FTP }, conversation([...OPEN, ...LOGIN, { from: "client", text: "PORT 10,0,0" }]));
    expect(traces.at(-1)?.way.at).toMatchObject({ reason: "helper" });
    expect(traces.at(-1)?.way.verdict).toBe("dropped");
  });

  it("is not followed where its data were not captured", () => {
    const traces = follow({ "iptables-save.txt": FTP }, [...conversation([...OPEN, ...LOGIN, { ...PORT, captured: 50 }])]);
    expect(traces.at(-1)?.way).toMatchObject({
      verdict: "unknown",
      undecided: "the data of an FTP control connection, which was not captured",
    });
  });

  it("minds no other data that were not captured, but then only assumes where lines begin", () => {
    const noop: Line = { from: "client", text: "NOOP\r\n", captured: 43 };
    const traces = follow({ "iptables-save.txt": FTP }, [...conversation([...OPEN, ...LOGIN, noop, PORT]), ...dataConnection()]);
    expect(traces.map((trace) => trace.way.verdict)).toEqual(traces.map(() => "forwarded"));
    expect(stateOf(traces.at(-1))).toBe("RELATED");
    expect(traces.at(-2)?.assumptions.map((one) => one.id)).toContain("ftp-lines");
  });

  it("works on for a connection older than the capture", () => {
    const list = `ipv4     2 tcp      6 431999 ESTABLISHED src=${CLIENT} dst=${SERVER} sport=40000 dport=21 src=${SERVER} dst=${CLIENT} sport=21 dport=40000 [ASSURED] mark=0 helper=ftp use=1\n`;
    const traces = follow({ "iptables-save.txt": FTP, "conntrack.txt": list }, [...conversation([PORT]), ...dataConnection()]);
    expect(stateOf(traces.at(-1))).toBe("RELATED");
    expect(traces[0]?.assumptions.map((one) => one.id)).toContain("ftp-lines");
  });
});

describe("the TFTP helper", () => {
  const rules = RULES("-p udp -m udp --dport 69 -j CT --helper tftp");
  const request = datagram(CLIENT, SERVER, 3000, 69, [0, 1, 102, 0]);
  const answer = datagram(SERVER, CLIENT, 4000, 3000, [0, 3, 0, 1]);

  it("expects the answer from another port", () => {
    const traces = follow({ "iptables-save.txt": rules }, [request, answer]);
    expect(traces.map(stateOf)).toEqual(["NEW", "RELATED"]);
    expect(traces[1]?.way.verdict).toBe("forwarded");
  });

  it("may have been forgotten with the request, once that has expired", () => {
    const traces = follow({ "iptables-save.txt": rules }, [request, answer], { 1: 40 * SECOND });
    expect(traces[1]?.way.verdict).toBe("unknown");
    expect(traces[1]?.way.undecided).toContain("cleared away the expired connection");
  });
});

describe("a helper that is not followed", () => {
  const rules = RULES("-p udp -m udp --dport 5060 -j CT --helper sip");
  const call = datagram(CLIENT, SERVER, 5060, 5060, [1]);

  it("may have announced any connection of the same hosts: both ways are shown", () => {
    const [, media, other] = follow({ "iptables-save.txt": rules }, [
      call,
      datagram(SERVER, CLIENT, 7000, 8000),
      datagram("10.1.0.9", "10.0.0.9", 1, 2),
    ]);
    expect(media?.alternatives.map((way) => [way.verdict, way.conditions])).toEqual([
      ["forwarded", ["the helper sip of the connection from 10.0.0.5:5060 announced this connection"]],
      ["dropped", ["the helper sip of the connection from 10.0.0.5:5060 did not announce this connection"]],
    ]);
    expect(other?.way.verdict).toBe("dropped");
    expect(other?.alternatives).toEqual([]);
  });
});

describe("CT rules", () => {
  it("the first one decides", () => {
    const rules = RULES("-p udp -j CT --zone 5", "-p udp -j CT --notrack", "-j NOTRACK");
    const [first] = follow({ "iptables-save.txt": rules }, [datagram(CLIENT, SERVER, 1000, 53)]);
    expect(stateOf(first)).toBe("NEW");
    const notes = first?.way.steps.flatMap((step) => (step.kind === "rule" && step.table === "raw" ? [step.note] : []));
    const decided = "an earlier CT rule has decided, so nothing is changed";
    expect(notes).toEqual([undefined, decided, decided]);
  });

  it("a policy for timeouts is taken for the system's own", () => {
    const [first] = follow({ "iptables-save.txt": RULES("-p udp -j CT --timeout short") }, [datagram(CLIENT, SERVER, 1000, 53)]);
    expect(first?.assumptions.map((one) => one.id)).toContain("timeout-policy");
  });
});
