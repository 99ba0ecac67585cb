import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { formatAddress, parseAddress } from "../../../src/model/address.ts";
import type { Frame, Packet } from "../../../src/model/packet.ts";
import { looksLikeTcpdump, TcpdumpReader } from "../../../src/parse/tcpdump/reader.ts";
import { readTcpdump } from "../../../src/parse/tcpdump/text.ts";
import { formatTime } from "../../../src/wire/time.ts";

function read(...lines: readonly string[]) {
  const reader = new TcpdumpReader("dump.txt");
  for (const line of lines) reader.push(line);
  const frames = reader.finish();
  return { frames, problems: reader.problems, digits: reader.digits };
}

function one(...lines: readonly string[]): Frame {
  const { frames, problems } = read(...lines);
  expect(problems).toEqual([]);
  expect(frames).toHaveLength(1);
  return frames[0] as Frame;
}

const packetOf = (...lines: readonly string[]): Packet => one(...lines).packet as Packet;
const T = "10:17:07.311224 ";

describe("a line of tcpdump", () => {
  it.each([
    ["10:17:07.311224", "1970-01-01T10:17:07.311224Z", 6],
    ["10:17:07.311224123", "1970-01-01T10:17:07.311224123Z", 9],
    ["2026-11-21 23:59:59.000001", "2026-11-21T23:59:59.000001Z", 6],
    ["1700000000.250000", "2023-11-14T22:13:20.250000Z", 6],
    ["[Error converting time]", "1970-01-01T00:00:00.000000Z", 6],
    ["    7  10:17:07.311224", "1970-01-01T10:17:07.311224Z", 6],
  ])("begins with the time %s", (stamp, time, digits) => {
    const found = read(`${stamp} IP 192.0.2.1.80 > 192.0.2.2.90: UDP, length 5`);
    expect(formatTime(found.frames[0]?.time ?? 0n, found.digits)).toBe(time);
    expect(found.digits).toBe(digits);
  });

  it("begins without a time", () => {
    expect(
      read("IP 192.0.2.1 > 192.0.2.2: ICMP echo request, id 1, seq 2, length 64", "ARP, Reply 192.0.2.1 is-at 02:00:00:00:00:01, length 28")
        .frames,
    ).toMatchObject([
      { number: 1, packet: { transport: { type: 8, id: 1, sequence: 2 } } },
      { number: 2, etherType: 0x0806 },
    ]);
  });

  it("goes past midnight", () => {
    const { frames } = read(
      `23:59:59.999999 IP 192.0.2.1.1 > 192.0.2.2.2: UDP, length 1`,
      `00:00:00.000001 IP 192.0.2.1.1 > 192.0.2.2.2: UDP, length 1`,
    );
    expect((frames[1]?.time ?? 0n) - (frames[0]?.time ?? 0n)).toBe(2000n);
  });

  it("adds up times since the line before", () => {
    const line = "IP 192.0.2.1.1 > 192.0.2.2.2: UDP, length 1";
    const { frames } = read(` 00:00:00.000000 ${line}`, ` 00:00:00.000005 ${line}`, ` 00:00:00.000003 ${line}`);
    expect(frames.map(({ time }) => time)).toEqual([0n, 5000n, 8000n]);
  });

  it("shows a TCP header", () => {
    const packet = packetOf(
      `${T}IP 192.0.2.1.http > 192.0.2.2.40000: Flags [S.], seq 5, ack 7, win 100, options [mss 1460,nop,wscale 7], length 0`,
    );
    expect(packet).toMatchObject({ protocol: 6, length: 48, checksum: "good", headerChecksum: "good" });
    expect(packet.transport).toMatchObject({ sport: 80, dport: 40000, seq: 5, ack: 7, flags: 0x12, window: 100, headerLength: 28 });
    expect(packet.transport).toMatchObject({ options: [{ kind: 2 }, { kind: 1 }, { kind: 3 }] });
  });

  it("shows a TCP header as before 4.0", () => {
    const packet = packetOf(`${T}IP 192.0.2.1.80 > 192.0.2.2.40000: P 100:150(50) ack 7 win 9660 <nop,nop,timestamp 1 2>`);
    expect(packet).toMatchObject({
      length: 20 + 32 + 50,
      transport: { flags: 0x18, seq: 100, ack: 7, window: 9660, options: [{ kind: 1 }, { kind: 1 }, { kind: 8 }] },
    });
  });

  it("counts sequence numbers from the beginning of the connection, or not with -S", () => {
    const syn = `${T}IP 192.0.2.1.9 > 192.0.2.2.80: Flags [S], seq 1000000000, win 9, length 0`;
    const answer = `${T}IP 192.0.2.2.80 > 192.0.2.1.9: Flags [S.], seq 4294967290, ack 1000000001, win 9, length 0`;
    const numbers = (...lines: readonly string[]) =>
      read(syn, answer, ...lines)
        .frames.map(({ packet }) => packet?.transport)
        .map((t) => (t?.kind === "tcp" ? [t.seq, t.ack] : []));
    const first = [
      [1000000000, 0],
      [4294967290, 1000000001],
    ];
    expect(
      numbers(
        `${T}IP 192.0.2.1.9 > 192.0.2.2.80: Flags [P.], seq 1:11, ack 1, win 9, length 10`,
        `${T}IP 192.0.2.2.80 > 192.0.2.1.9: Flags [.], ack 11, win 9, length 0`,
      ),
    ).toEqual([...first, [1000000001, 4294967291], [4294967291, 1000000011]]);
    expect(numbers(`${T}IP 192.0.2.1.9 > 192.0.2.2.80: Flags [P.], seq 1000000001:1000000011, ack 4294967291, win 9, length 10`)).toEqual([
      ...first,
      [1000000001, 4294967291],
    ]);
  });

  it.each([
    ["UDP, length 5", 33],
    ["60859+ A? example.com. (29)", 57],
    ["NTPv4, Client, length 48", 76],
    ["VXLAN, flags [I] (0x08), vni 7: IP 10.0.0.1 > 10.0.0.2: ICMP echo request, id 1, seq 1, length 64", 60],
  ])("shows a UDP datagram: %s", (body, length) => {
    expect(packetOf(`${T}IP 192.0.2.1.1000 > 192.0.2.2.domain: ${body}`)).toMatchObject({
      protocol: 17,
      length,
      transport: { sport: 1000, dport: 53 },
    });
  });

  it.each([
    ["ICMP host 10.0.0.9 unreachable, length 36", 3, 1],
    ["ICMP 10.0.0.9 udp port 53 unreachable, length 36", 3, 3],
    ["ICMP 10.0.0.9 unreachable - need to frag (mtu 1400), length 556", 3, 4],
    ["ICMP host 10.0.0.9 unreachable - admin prohibited filter, length 36", 3, 13],
    ["ICMP time exceeded in-transit, length 36", 11, 0],
    ["ICMP redirect 10.0.0.9 to host 10.0.0.1, length 36", 5, 1],
    ["ICMP type-#40, length 36", 40, 0],
  ])("shows an ICMP message: %s", (body, type, code) => {
    expect(packetOf(`${T}IP 192.0.2.1 > 192.0.2.2: ${body}`)).toMatchObject({ protocol: 1, transport: { type, code } });
  });

  it("takes what -v shows of the IP header, with a wrong checksum and the packet that an error quotes", () => {
    const packet = packetOf(
      `${T}IP (tos 0xc0, ttl 3, id 99, offset 0, flags [none], proto ICMP (1), length 56, bad cksum 1234 (->abcd)!)`,
      "    192.0.2.1 > 192.0.2.2: ICMP 10.0.0.9 udp port 53 unreachable, length 36",
      "\tIP (tos 0x0, ttl 63, id 7, offset 0, flags [DF], proto UDP (17), length 48)",
      "    192.0.2.2.5000 > 10.0.0.9.53: [|domain]",
    );
    expect(packet).toMatchObject({ tos: 0xc0, ttl: 3, id: 99, dontFragment: false, length: 56, headerChecksum: "bad" });
    expect(packet.transport).toMatchObject({ quoted: { ttl: 63, id: 7, length: 48, transport: { sport: 5000, dport: 53 } } });
  });

  it("shows IPv6 with headers between", () => {
    const lines = [
      `${T}IP6 (class 0xc0, flowlabel 0x12345, hlim 1, next-header Options (0) payload length: 36) fe80::1 > ff02::16: HBH (rtalert: 0x0000) (padn) ICMP6, multicast listener report v2, 1 group record(s), length 28`,
    ];
    expect(packetOf(...lines)).toMatchObject({
      protocol: 58,
      tos: 0xc0,
      flowLabel: 0x12345,
      ttl: 1,
      length: 76,
      extensionHeaders: ["hop-by-hop"],
      transport: { type: 143 },
    });
  });

  it("shows the device, link addresses and VLAN tags", () => {
    expect(one(`${T}eth0  Out IP 192.0.2.1.1 > 192.0.2.2.2: UDP, length 1`)).toMatchObject({ interfaceName: "eth0", type: "outgoing" });
    const tagged = `${T}02:00:00:00:00:01 > 02:00:00:00:00:02, ethertype 802.1Q-QinQ (0x88a8), length 156: vlan 100, p 0, ethertype 802.1Q (0x8100), vlan 201, p 3, ethertype IPv4 (0x0800), 192.0.2.1.1 > 192.0.2.2.2: UDP, length 100`;
    expect(one(tagged)).toMatchObject({
      linkType: "EN10MB",
      srcMac: 0x020000000001,
      dstMac: 0x020000000002,
      length: 156,
      vlans: [
        { id: 100, priority: 0, protocol: 0x88a8 },
        { id: 201, priority: 3, protocol: 0x8100 },
      ],
    });
  });

  it("learns device and link type from what tcpdump says at its start", () => {
    const { frames, problems } = read(
      "tcpdump: verbose output suppressed, use -v[v]... for full protocol decode",
      "listening on eth3, link-type EN10MB (Ethernet), snapshot length 262144 bytes",
      `${T}IP 192.0.2.1.1 > 192.0.2.2.2: UDP, length 1`,
      "1 packet captured",
      "1 packet received by filter",
      "0 packets dropped by kernel",
    );
    expect(problems).toEqual([]);
    expect(frames).toMatchObject([{ interfaceName: "eth3", linkType: "EN10MB" }]);
  });

  it("names what it does not say", () => {
    expect(one(`${T}IP 192.0.2.1 > 192.0.2.2: ip-proto-253 20`).assumptions?.map(({ id }) => id)).toEqual(["text-header", "text-length"]);
    expect(one(`${T}IP 192.0.2.1.1 > 192.0.2.2.2: tcp 0`).assumptions?.map(({ id }) => id)).toEqual(["text-header", "text-tcp"]);
    expect(one("1700000000.250000 IP 192.0.2.1.1 > 192.0.2.2.2: UDP, length 1").timeAssumption).toBeUndefined();
  });

  it("keeps what is no IP as a frame without packet", () => {
    expect(
      read(
        `${T}STP 802.1d, Config, Flags [none], bridge-id 8000.02:00:00:00:00:01.8001, length 35`,
        `${T}IPX 00000028.00:aa > 00000028.ff:ff: ipx-rip-resp`,
      ),
    ).toMatchObject({
      frames: [{ number: 1 }, { number: 2 }],
      problems: [],
    });
  });

  it("complains of names and of lines that are no packets, and of nothing else", () => {
    const { frames, problems } = read(
      `${T}IP host.example.com.http > 192.0.2.2.40000: Flags [.], ack 1, win 9, length 0`,
      "what is this",
      `${T}IP 192.0.2.1.1 > 192.0.2.2.2: UDP, length 1`,
    );
    expect(frames.map(({ packet }) => packet?.src)).toEqual([undefined, 0xc0000201]);
    expect(problems).toMatchObject([
      { line: 2, column: 1, span: 12, message: expect.stringContaining("expected the time of a packet") },
      { line: 1, column: 20, span: 21, message: expect.stringContaining('found "host.example.com.http"') },
    ]);
  });
});

describe("tcpdump's text", () => {
  it.each([
    ["10:17:07.311224 IP 1.2.3.4 > 5.6.7.8: ICMP echo request, id 1, seq 1, length 64\n", true],
    ["listening on any, link-type LINUX_SLL2 (Linux cooked v2), snapshot length 262144 bytes\n", true],
    ["IP6 fe80::1 > ff02::1: ICMP6, router advertisement, length 64\n", true],
    ["*filter\n:INPUT ACCEPT [0:0]\nCOMMIT\n", false],
    ["default via 10.0.0.1 dev eth0\n", false],
    ["", false],
  ])("is known by its first lines: %j", (text, is) => {
    expect(looksLikeTcpdump(text)).toBe(is);
  });

  it("tells any endpoints", () => {
    const port = fc.integer({ min: 0, max: 65535 });
    const address4 = fc.nat({ max: 0xffffffff });
    const address6 = fc.bigInt({ min: 0n, max: (1n << 128n) - 1n });
    const pair = fc.oneof(fc.tuple(address4, address4), fc.tuple(address6, address6));
    fc.assert(
      fc.property(pair, port, port, ([src, dst], sport, dport) => {
        const family = typeof src === "number" ? "IP" : "IP6";
        const line = `${T}${family} ${formatAddress(src)}.${sport} > ${formatAddress(dst)}.${dport}: UDP, length 3`;
        expect(packetOf(line)).toMatchObject({ src, dst, transport: { kind: "udp", sport, dport, length: 11 } });
      }),
    );
    expect(parseAddress("::1.2.3.4")).toBe(0x01020304n);
  });

  it("is read in linear time, with lines of ten megabytes", async () => {
    const long = new TextEncoder().encode(
      `${T}IP 192.0.2.1.1 > 192.0.2.2.2: UDP, length 1${" (tos 0x0 > :".repeat(800_000)}\n${T}IP 192.0.2.1.1 > 192.0.2.2.2: UDP, length 1\n`,
    );
    async function* pieces() {
      for (let at = 0; at < long.length; at += 65_536) yield long.subarray(at, at + 65_536);
    }
    const start = performance.now();
    const frames: Frame[] = [];
    for await (const batch of readTcpdump("long", pieces())) frames.push(...batch.frames);
    expect(frames).toHaveLength(2);
    expect(performance.now() - start).toBeLessThan(5000);
  });
});
