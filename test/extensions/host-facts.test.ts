import { describe, expect, it } from "vitest";
import { readAssumptions } from "../../src/commands/assume.ts";
import { packetOctets } from "../../src/extensions/packet-octets.ts";
import type { Packet } from "../../src/model/packet.ts";
import { context, packet, tcp } from "./context.ts";
import { ask } from "./rule-words.ts";

const assume = (facts: Readonly<Record<string, string>>) => ({ assume: (key: string) => facts[key] });
const outgoing = { local: true, hook: "OUTPUT" } as const;

describe("what no capture shows", () => {
  it.each([
    ["-m owner --uid-owner 1000", { "owner.uid": "1000" }, true],
    ["-m owner --uid-owner 0-999", { "owner.uid": "1000" }, false],
    ["-m owner ! --uid-owner 0 --gid-owner 5", { "owner.uid": "1000", "owner.gid": "5" }, true],
    ["-m owner ! --socket-exists", { "owner.uid": "1000" }, false],
    ["-m owner ! --socket-exists", { "owner.socket": "no" }, true],
    ["-m cpu ! --cpu 2", { cpu: "3" }, true],
    ["-m cgroup --path /system.slice", { "cgroup.path": "system.slice/ssh.service" }, true],
    ["-m cgroup --path /system", { "cgroup.path": "/system.slice" }, false],
    ["-m cgroup ! --cgroup 16", { "cgroup.classid": "0x10" }, false],
    ["-m policy --dir out --pol none", { ipsec: "no" }, true],
    ["-m policy --dir out --pol ipsec --proto esp", { ipsec: "no" }, false],
    ["-m ipvs ! --ipvs", { ipvs: "no" }, true],
    ["-m ipvs --vport 80", { ipvs: "no" }, false],
    ["-m nfacct --nfacct-name web", { nfacct: "match" }, true],
    ["-m rateest --rateest a --rateest-gt --rateest-bps 8bit", { rateest: "no" }, false],
    ["-m socket --transparent", { socket: "yes" }, true],
  ])("%s, with %o, is %s", (rule, facts, expected) => {
    expect(ask(rule, context({ ...outgoing, ...assume(facts as Record<string, string>) }))).toBe(expected);
    expect(ask(rule, context(outgoing))).toHaveProperty("unknown", expect.stringContaining("--assume"));
  });

  it("does not matter where it cannot decide", () => {
    const forwarded = context({ hook: "POSTROUTING" });
    expect(ask("-m cgroup ! --cgroup 1", forwarded)).toBe(false);
    expect(ask("-m owner ! --uid-owner 0", forwarded)).toBe(true);
    expect(ask("-m socket", context({ packet: packet({ protocol: 47 }) }))).toBe(false);
    expect(ask("-m osf ! --genre Linux", context({ packet: tcp({ flags: 16 }) }))).toBe(false);
  });

  it("of an ICMP error is about the packet that it quotes", () => {
    const error = (quoted?: Packet) =>
      packet({ protocol: 1, transport: { kind: "icmp", type: 3, code: 3, ...(quoted ? { quoted } : {}) } });
    expect(ask("-m socket", context({ packet: error(tcp()), ...assume({ socket: "yes" }) }))).toBe(true);
    expect(ask("-m socket", context({ packet: error() }))).toBe(false);
  });

  it("of devices is their group", () => {
    const groups: Record<string, number> = { lan: 1, wan: 2 };
    const about = context({ in: "lan", out: "wan", hook: "FORWARD", deviceGroup: (device) => groups[device] });
    expect(ask("-m devgroup --src-group 1 --dst-group 2", about)).toBe(true);
    expect(ask("-m devgroup --src-group 1 ! --dst-group 2", about)).toBe(false);
    expect(ask("-m devgroup --src-group 2 --dst-group 2", about)).toBe(false);
    expect(ask("-m devgroup --src-group 0x3/0x1", about)).toBe(true);
    expect(ask("-m devgroup --src-group 1 --dst-group 2", { ...about, out: "other" })).toHaveProperty(
      "unknown",
      expect.stringContaining("other"),
    );
  });

  it("of a fingerprint is the system's name", () => {
    const about = (genre: string) => context({ packet: tcp({ flags: 2 }), ...assume({ "osf.genre": genre }) });
    expect(ask("-p tcp -m osf --genre linux", about("Linux"))).toBe(true);
    expect(ask("-p tcp -m osf ! --genre Windows", about("Linux"))).toBe(true);
  });

  it("is read from --assume, and refused where it is nothing", () => {
    expect([...readAssumptions(["owner.uid=1000", "time.minuteswest=-60"])]).toEqual([
      ["owner.uid", "1000"],
      ["time.minuteswest", "-60"],
    ]);
    expect(readAssumptions(undefined).size).toBe(0);
    expect(() => readAssumptions(["owner.name=bob"])).toThrow(/one of the keys owner.socket, owner.uid/);
    expect(() => readAssumptions(["cpu"])).toThrow(/KEY=VALUE/);
    expect(() => readAssumptions(["cpu=first"])).toThrow(/--assume cpu expects N, found "first"/);
    expect(() => readAssumptions(["cpu=1", "cpu=2"])).toThrow(/twice/);
  });
});

describe("time", () => {
  // 2024-02-29 was a Thursday.
  const at = (text: string, more = {}) => context({ time: BigInt(Date.parse(text)) * 1_000_000n, ...more });

  it.each([
    ["--timestart 08:00 --timestop 17:00", "2024-02-29T08:00:00Z", true],
    ["--timestart 08:00 --timestop 17:00", "2024-02-29T17:00:00.9Z", true],
    ["--timestart 08:00 --timestop 17:00", "2024-02-29T17:00:01Z", false],
    ["--timestart 08:00 --timestop 17:00", "2024-02-29T07:59:59Z", false],
    ["--timestart 22:00 --timestop 02:00", "2024-02-29T01:00:00Z", true],
    ["--timestart 22:00 --timestop 02:00", "2024-02-29T12:00:00Z", false],
    ["--timestart 22:00 --timestop 02:00 --weekdays Wed", "2024-02-29T01:00:00Z", false],
    ["--timestart 22:00 --timestop 02:00 --weekdays Wed --contiguous", "2024-02-29T01:00:00Z", true],
    ["--timestart 22:00 --timestop 02:00 --weekdays Wed --contiguous", "2024-02-29T23:00:00Z", false],
    ["--weekdays Thu", "2024-02-29T12:00:00Z", true],
    ["--weekdays 7", "2024-03-03T12:00:00Z", true],
    ["! --weekdays Thu", "2024-02-29T12:00:00Z", false],
    ["--monthdays 29", "2024-02-29T23:59:59Z", true],
    ["! --monthdays 1", "2024-03-01T00:00:00Z", false],
    ["--datestart 2024-02-29T12:00:00", "2024-02-29T11:59:59Z", false],
    ["--datestart 2024-02-29T12:00:00", "2024-02-29T12:00:00Z", true],
    ["--datestop 2024-02-29", "2024-02-29T00:00:01Z", false],
    ["", "2038-01-19T03:14:08Z", false],
  ])("-m time %s at %s is %s", (options, when, expected) => {
    expect(ask(`-m time ${options}`.trim(), at(when))).toBe(expected);
  });

  it("goes by the kernel's time zone where that is told", () => {
    const rule = "-m time --timestart 08:00 --timestop 09:00 --kerneltz";
    expect(ask(rule, at("2024-02-29T07:30:00Z"))).toHaveProperty("unknown", expect.stringContaining("time zone"));
    expect(ask(rule, at("2024-02-29T07:30:00Z", assume({ "time.minuteswest": "-60" })))).toBe(true);
    expect(ask(rule, at("2024-02-29T08:30:00Z", assume({ "time.minuteswest": "-60" })))).toBe(false);
  });
});

describe("octets of a changed packet", () => {
  const bytes = (text: string) => Uint8Array.from(Buffer.from(text, "hex"));
  const sent: Packet = tcp(
    { sport: 1000, dport: 80, seq: 1, headerLength: 24, options: [{ kind: 2, data: bytes("05b4") }] },
    {
      checksum: "good",
      payload: bytes("03e80050000000010000000060020064abcd0000020405b4"),
    },
  );

  it("are those of the packet as it is now, with the sums that belong to it", () => {
    const changed: Packet = {
      ...sent,
      dst: 0x0a000063,
      ttl: 63,
      transport: { ...sent.transport, dport: 8080, options: [{ kind: 2, data: bytes("0500") }] } as Packet["transport"] & object,
    };
    const about = context({ packet: changed });
    expect(ask('-m u32 --u32 "0x10=0x0a000063&&0x8>>0x18=63&&0x0>>22&0x3c@0&0xffff=8080&&0x28=0x02040500"', about)).toBe(true);
    const octets = packetOctets(changed).map((octet) => octet ?? 0);
    const sum = (list: readonly number[]) => list.reduce((total, octet, i) => (total + (i % 2 === 0 ? octet * 256 : octet)) % 0xffff, 0);
    // A sum over what includes its own checksum comes to all ones, or nothing.
    expect(sum(octets.slice(0, 20))).toBe(0);
    expect(sum([...octets.slice(12, 20), 0, 6, 0, 24, ...octets.slice(20)])).toBe(0);
    expect(octets).toHaveLength(44);
  });

  it("keep a checksum that was wrong, unless it was changed since", () => {
    const wrong: Packet = { ...sent, checksum: "bad" };
    expect(ask('-m u32 --u32 "0x24>>0x10=0xabcd"', context({ packet: wrong }))).toBe(true);
    const changed: Packet = { ...wrong, transport: { ...wrong.transport, dport: 8080 } as Packet["transport"] & object };
    expect(ask('-m u32 --u32 "0x24>>0x10=0xabcd"', context({ packet: changed }))).toHaveProperty("unknown");
  });

  it("are not known where they were not captured", () => {
    const cut = context({ packet: { ...sent, payload: sent.payload.subarray(0, 8) } });
    expect(ask('-m u32 --u32 "0x28=0"', cut)).toHaveProperty("unknown");
    expect(ask('-m u32 --u32 "0x14>>16=1000"', cut)).toBe(true);
    expect(ask('-m bpf --bytecode "4,48 0 0 40,21 0 1 2,6 0 0 1,6 0 0 0"', cut)).toHaveProperty("unknown");
  });

  it.each([
    ["word", 32, 40, true],
    ["half word", 40, 42, true],
    ["octet", 48, 43, true],
    ["word", 32, 41, false],
    ["half word", 40, 43, false],
    ["octet", 48, 44, false],
  ])("a BPF program reads a %s (%i) at %i: %s, as the packet has 44", (_, load, at, expected) => {
    expect(ask(`-m bpf --bytecode "2,${load} 0 0 ${at},6 0 0 1"`, context({ packet: sent }))).toBe(expected);
  });
});
