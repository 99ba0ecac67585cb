import { describe, expect, it } from "vitest";
import { formatAddress } from "../../src/model/address.ts";
import type { Packet } from "../../src/model/packet.ts";
import type { PacketTrace } from "../../src/model/trace.ts";
import { replayed, router, udp } from "./router.ts";

const FAR = "198.51.100.7";
const HERE = "10.0.0.1";
const RULES = [
  "*filter",
  ":INPUT ACCEPT [0:0]",
  ":FORWARD ACCEPT [0:0]",
  ":OUTPUT ACCEPT [0:0]",
  "-A FORWARD -p udp -m udp --dport 9 -j REJECT --reject-with icmp-port-unreachable",
  "-A INPUT -p udp -m udp --dport 9 -j REJECT --reject-with icmp-port-unreachable",
];

/** What the kernel (6.18) did with UDP datagrams from 10.0.0.5 that came in on lan. */
function machine(settings: { accept?: 0 | 1; rules?: readonly string[] } = {}) {
  return router({
    "iptables-save.txt": `${[...RULES, ...(settings.rules ?? []), "COMMIT"].join("\n")}\n`,
    "sysctl.txt": [
      "net.ipv4.ip_forward = 1",
      "net.ipv4.conf.all.rp_filter = 0",
      `net.ipv4.conf.all.accept_source_route = ${settings.accept ?? 1}`,
      "net.ipv4.conf.lan.accept_source_route = 1\n",
    ].join("\n"),
    "ip-route.txt": [
      "10.0.0.0/24 dev lan proto kernel scope link src 10.0.0.1",
      "192.0.2.0/24 dev wan proto kernel scope link src 192.0.2.1",
      "10.1.0.0/24 dev dmz proto kernel scope link src 10.1.0.1 mtu 600",
      "local 10.0.0.1 dev lan table local proto kernel scope host src 10.0.0.1",
      "local 192.0.2.1 dev wan table local proto kernel scope host src 192.0.2.1",
      "local 10.1.0.1 dev dmz table local proto kernel scope host src 10.1.0.1",
      "default via 192.0.2.254 dev wan\n",
    ].join("\n"),
  });
}

function datagram(options: string, dst = FAR, more: { ttl?: number; dport?: number; text?: string } = {}): Packet {
  const packet = udp("10.0.0.5:4000", `${dst}:${more.dport ?? 53}`, more.text ?? "xxxx", { ttl: more.ttl ?? 64 });
  const ipOptions = Uint8Array.from(Buffer.from(options, "hex"));
  return { ...packet, dontFragment: false, headerLength: 20 + ipOptions.length, length: packet.length + ipOptions.length, ipOptions };
}

function sent(packet: Packet, host = machine()): PacketTrace {
  const [trace] = replayed(host, [{ at: 0, device: "lan", packet }]);
  if (!trace) throw new Error("not replayed");
  return trace;
}

/** Options in hexadecimal digits, with question marks for what nobody can know. */
function shown({ ipOptions, unknownOptions }: Packet): string {
  return [...(ipOptions ?? [])].map((octet, at) => (unknownOptions?.includes(at) ? "??" : octet.toString(16).padStart(2, "0"))).join("");
}

function out({ way }: PacketTrace): string[] {
  return way.out.map((one) => `${one.interface} ${formatAddress(one.packet.dst)} ${shown(one.packet)}`);
}

function answered({ way }: PacketTrace): string[] {
  return way.replies.map(({ packet }) => {
    const icmp = packet.transport?.kind === "icmp" ? packet.transport : undefined;
    const kind = `${icmp?.type}/${icmp?.code}${icmp?.pointer === undefined ? "" : ` at ${icmp.pointer}`}`;
    return `${formatAddress(packet.dst)} ${packet.length} ${kind} ${shown(packet)} about ${icmp?.quoted ? shown(icmp.quoted) : ""}`.replace(
      "  ",
      " ",
    );
  });
}

describe("the options of a forwarded packet", () => {
  it.each([
    ["record route", "070b0400000000000000000000000000", "070b08c0000201000000000000000000"],
    ["record route, its last place", "070b080a0000090000000000", "070b0c0a000009c000020100"],
    ["record route, full", "0707080102030400", "0707080102030400"],
    ["what stands behind the end", "00090909", "00000000"],
    ["timestamp", "440c05000000000000000000", "440c0900????????00000000"],
    ["timestamp with addresses", "4414050100000000000000000000000000000000", "44140d010a000001????????0000000000000000"],
    ["timestamp of another host", "440c0503c000026300000000", "440c0503c000026300000000"],
    ["timestamp of this host", "440c0503c000020100000000", "440c0d03c0000201????????"],
    ["timestamp without room", "4408092000000000", "4408093000000000"],
    ["source route that names others", "8307040102030400", "8307040102030400"],
  ])("%s", (_, before, after) => {
    const trace = sent(datagram(before));
    expect(out(trace)).toEqual([`wan ${FAR} ${after}`]);
    expect(trace.way.out[0]?.packet.headerChecksum).toBe("good");
  });

  it("are those with the copied bit in later fragments", () => {
    expect(out(sent(datagram("070704000000009404000001", "10.1.0.5", { text: "x".repeat(700) })))).toEqual([
      "dmz 10.1.0.5 0707080a0100019404000001",
      "dmz 10.1.0.5 010101010101019404000001",
    ]);
  });

  it("say that a time which the host writes is not known", () => {
    const notes = sent(datagram("440c05000000000000000000")).way.steps.flatMap((step) => (step.kind === "stack" ? [step.note] : []));
    expect(notes).toEqual(["host writes the time, whose value is not known, into its timestamp option"]);
  });
});

describe("options that are not valid", () => {
  it.each([
    ["a pointer into the header", "0707030102030400", "10.0.0.5 68 12/0 at 22 about 0707030102030400"],
    ["no overflow left", "440809f000000000", "10.0.0.5 68 12/0 at 23 about 440809f000000000"],
    ["two record routes", "0703040703040000", "10.0.0.5 72 12/0 at 23 07030400 about 0703040703040000"],
    ["longer than the header", "01990c00", "10.0.0.5 64 12/0 at 21 about 01990c00"],
    ["a label that is too short", "8606000000010000", "10.0.0.5 76 12/0 at 21 8606000000010000 about 8606000000010000"],
    ["a strict source route that names others", "8907040102030400", "10.0.0.5 68 12/0 at 16 about 8907040102030400"],
  ])("%s", (_, options, answer) => {
    const trace = sent(datagram(options));
    expect(trace.way.verdict).toBe("dropped");
    expect(answered(trace)).toEqual([answer]);
  });

  it("leave a label open, whose domain the host may know", () => {
    expect(sent(datagram("860a00000001010400000000")).way.undecided).toMatch(/CIPSO/);
  });
});

describe("a source route that names this host", () => {
  it.each([
    ["loose", "830b040a0100060a01000500", "dmz 10.1.0.6 830b080a0100010a01000500"],
    ["loose, twice through this host", "830b04c00002010a01000500", "dmz 10.1.0.5 830b0cc00002010a01000100"],
    ["strict, to a neighbour", "890b040a0100060a01000500", "dmz 10.1.0.6 890b080a0100010a01000500"],
  ])("%s", (_, before, after) => {
    expect(out(sent(datagram(before, HERE)))).toEqual([after]);
  });

  it("is at its end", () => {
    expect(sent(datagram("8307080a01000600", HERE)).way.verdict).toBe("delivered");
  });

  it.each([
    ["strict, to a gateway", "890704c633640700", "10.0.0.5 68 3/5 about 890704c633640700"],
    ["cut", "8306040a01000000", "10.0.0.5 68 12/0 at 22 about 8306040a01000000"],
  ])("%s", (_, options, answer) => {
    const trace = sent(datagram(options, HERE));
    expect(trace.way.at.reason).toBe("source-route");
    expect(answered(trace)).toEqual([answer]);
  });

  it("is dropped without a word unless the host accepts source routes", () => {
    for (const dst of [HERE, FAR]) {
      const { way } = sent(datagram("830b040a0100060a01000500", dst), machine({ accept: 0 }));
      expect([way.verdict, way.at.reason, way.replies.length]).toEqual(["dropped", "source-route", 0]);
    }
  });
});

describe("an ICMP error about a packet with options", () => {
  it.each([
    [
      "record route",
      "070b0400000000000000000000000000",
      FAR,
      "10.0.0.5 88 11/0 070b0c0a0000010a00000100 about 070b080a000001000000000000000000",
    ],
    [
      "source route",
      "830f0c0a0000090a0000080a01000600",
      HERE,
      "10.0.0.8 88 11/0 830b040a0000090a00000500 about 830f0c0a0000090a0000080a01000600",
    ],
    ["source route that nobody has used", "830b04010203040506070000", FAR, "10.0.0.5 72 11/0 about 830b04010203040506070000"],
  ])("repeats them: %s", (_, options, dst, answer) => {
    expect(answered(sent(datagram(options, dst, { ttl: 1 })))).toEqual([answer]);
  });

  it("is not sent when the record route has no room for a whole address", () => {
    const trace = sent(datagram("0708040000000000", FAR, { ttl: 1 }));
    expect([trace.way.verdict, trace.way.replies.length]).toEqual(["dropped", 0]);
  });
});

describe("REJECT", () => {
  const TRACKED = ["-A INPUT -m conntrack --ctstate NEW"];
  const RECORD = "0707040000000000";

  it("repeats the options that nothing was written into", () => {
    expect(answered(sent(datagram("0707080102030400", FAR, { dport: 9 })))).toEqual([
      "10.0.0.5 76 3/3 0707080102030400 about 0707080102030400",
    ]);
  });

  it.each([FAR, HERE])(
    "does not answer when the host has written into the options of a packet to %s, for the sums do not add up",
    (dst) => {
      const trace = sent(datagram(RECORD, dst, { dport: 9 }));
      expect([trace.way.verdict, trace.way.replies.length]).toEqual(["rejected", 0]);
    },
  );

  it.each([FAR, HERE])("answers about a packet to %s that connection tracking has looked at", (dst) => {
    expect(sent(datagram(RECORD, dst, { dport: 9 }), machine({ rules: TRACKED })).way.replies).toHaveLength(1);
  });
});
