import { describe, expect, it } from "vitest";
import type { Effect } from "../../src/extensions/effect.ts";
import type { ConnectionView } from "../../src/extensions/spec.ts";
import { address, context, laterFragment, packet, short, tcp, tuple } from "./context.ts";
import { run } from "./rule-words.ts";

const connection: ConnectionView = {
  original: tuple("10.0.0.1", 1000, "10.0.0.9", 80),
  reply: tuple("10.0.0.9", 80, "10.0.0.1", 1000),
  direction: "original",
  mark: 0xf0,
  zone: 0,
  status: { expected: false, seenReply: false, assured: false, confirmed: false, srcNat: false, dstNat: false },
};

function effects(rule: string, about = context()): readonly Effect[] {
  const result = run(rule, about);
  if (!("verdict" in result)) throw new Error("undecided");
  return result.effects ?? [];
}

describe("marks", () => {
  const about = context({ mark: 0x80000003, connection, ctState: "NEW" });

  it.each([
    ["-j MARK --set-mark 5", 5],
    ["-j MARK --set-mark 0x1/0x2", 0x80000001],
    ["-j MARK --set-xmark 0x1/0x3", 0x80000001],
    ["-j MARK --and-mark 0xffff", 3],
    ["-j MARK --or-mark 0x4000", 0x80004003],
    ["-j MARK --xor-mark 0x80000001", 2],
    ["-j CONNMARK --restore-mark", 0xf0],
    ["-j CONNMARK --restore-mark --nfmask 0xf --ctmask 0xf0", 0x800000f0],
  ])("%s: the packet's mark becomes %i", (rule, value) => {
    expect(effects(rule, about)).toEqual([{ kind: "set-mark", value }]);
  });

  it.each([
    ["-j CONNMARK --set-mark 1", 1],
    ["-j CONNMARK --set-xmark 0x11/0x0", 0xe1],
    ["-j CONNMARK --save-mark", 0x80000003],
    ["-j CONNMARK --save-mark --mask 0xf", 0xf3],
    ["-j CONNMARK --save-mark --left-shift-mark 4", 0x30],
    ["-j CONNMARK --save-mark --right-shift-mark 28", 8],
  ])("%s: the connection's mark becomes %i", (rule, value) => {
    expect(effects(rule, about)).toEqual([{ kind: "set-ctmark", value }]);
  });

  it("changes nothing without a connection", () => {
    expect(run("-j CONNMARK --set-mark 1", context({ ctState: "UNTRACKED" }))).toMatchObject({ verdict: "CONTINUE" });
    expect(effects("-j CONNMARK --set-mark 1", context({ ctState: "UNTRACKED" }))).toEqual([]);
  });
});

describe("address translation", () => {
  it("hands over ranges", () => {
    expect(run("-j DNAT --to-destination 10.0.0.1-10.0.0.9:80-90/85 --random --persistent", context())).toEqual({
      verdict: "ACCEPT",
      effects: [
        {
          kind: "nat",
          range: {
            manip: "dst",
            minAddress: address("10.0.0.1"),
            maxAddress: address("10.0.0.9"),
            minPort: 80,
            maxPort: 90,
            basePort: 85,
            random: true,
            persistent: true,
          },
        },
      ],
    });
    expect(effects("-j SNAT --to-source :5-6")).toEqual([{ kind: "nat", range: { manip: "src", minPort: 5, maxPort: 6 } }]);
    expect(effects("-j MASQUERADE --to-ports 7 --random-fully")).toEqual([
      { kind: "masquerade", range: { manip: "src", minPort: 7, maxPort: 7, random: true } },
    ]);
    expect(effects("-j REDIRECT --to-ports 8080")).toEqual([{ kind: "redirect", range: { manip: "dst", minPort: 8080, maxPort: 8080 } }]);
    expect(effects("-j REDIRECT")).toEqual([{ kind: "redirect", range: { manip: "dst" } }]);
  });

  it("reads IPv6 addresses with and without brackets", () => {
    const six = context({ family: 6, packet: packet({ family: 6, src: address("2001:db8::1"), dst: address("2001:db8::2") }) });
    expect(effects("-j DNAT --to-destination [fd00::1]:80", six)).toMatchObject([
      { range: { minAddress: address("fd00::1"), minPort: 80 } },
    ]);
    expect(effects("-j SNAT --to-source fd00::1-fd00::2", six)).toMatchObject([{ range: { maxAddress: address("fd00::2") } }]);
  });

  it.each(["10.0.0.1:70000", "10.0.0.1:90-80", "2001:db8::1", "10.0.0.1:echo-ssh", "", ":"])("refuses %j", (to) => {
    expect(() => run(`-j DNAT --to-destination "${to}"`, context())).toThrow(/expected/);
  });

  it("maps networks: the destination where packets come in, else the source", () => {
    const inbound = context({ hook: "PREROUTING", table: "nat" });
    expect(effects("-j NETMAP --to 192.168.7.0/24", inbound)).toMatchObject([
      { range: { manip: "dst", minAddress: address("192.168.7.2") } },
    ]);
    const outbound = context({ hook: "POSTROUTING", table: "nat" });
    expect(effects("-j NETMAP --to 192.168.0.0/16", outbound)).toMatchObject([
      { range: { manip: "src", minAddress: address("192.168.0.1") } },
    ]);
  });
});

describe("verdicts", () => {
  it("rejects, queues, logs", () => {
    expect(run("-j REJECT", context())).toEqual({ verdict: "DROP", effects: [{ kind: "reject", with: "icmp-port-unreachable" }] });
    expect(run("-j REJECT --reject-with tcp-rst", context())).toMatchObject({ effects: [{ with: "tcp-reset" }] });
    const six = context({ family: 6, packet: packet({ family: 6, src: 1n, dst: 2n }) });
    expect(run("-j REJECT", six)).toMatchObject({ effects: [{ with: "icmp6-port-unreachable" }] });
    expect(run("-j NFQUEUE --queue-num 3", context())).toEqual({ verdict: "QUEUE" });
    expect(run('-j LOG --log-prefix "a: "', context())).toEqual({ verdict: "CONTINUE", effects: [{ kind: "log", prefix: "a: " }] });
    for (const rule of ["-j TRACE", "-j AUDIT --type drop", "-j CHECKSUM --checksum-fill"]) {
      expect(run(rule, context())).toEqual({ verdict: "CONTINUE" });
    }
  });
});

describe("connection tracking", () => {
  const raw = context({ table: "raw", hook: "PREROUTING", ctState: "INVALID", mark: 0x10007 });

  it("leaves out, puts in zones, gives helpers", () => {
    expect(effects("-j NOTRACK", raw)).toEqual([{ kind: "notrack" }]);
    expect(effects("-j CT --notrack --zone 3", raw)).toEqual([{ kind: "notrack" }]);
    expect(effects("-j CT --zone 3 --helper ftp", raw)).toEqual([
      { kind: "ct-template", rule: "host:filter:INPUT:1", zone: 3, helper: "ftp" },
    ]);
    expect(effects("-j CT --zone-reply mark", raw)).toEqual([
      { kind: "ct-template", rule: "host:filter:INPUT:1", zone: 7, zoneDirection: "reply" },
    ]);
  });

  it("leaves a packet alone that has its connection already", () => {
    expect(effects("-j CT --zone 3", { ...raw, connection })).toEqual([]);
    expect(effects("-j NOTRACK", { ...raw, ctState: "UNTRACKED" })).toEqual([]);
  });
});

describe("header fields", () => {
  const about = context({ packet: packet({ ttl: 2, tos: 0x4b }) });

  it.each([
    ["-j TTL --ttl-set 9", 9],
    ["-j TTL --ttl-inc 255", 255],
    ["-j TTL --ttl-dec 1", 1],
    ["-j TTL --ttl-dec 5", 0],
  ])("%s: TTL %i", (rule, value) => {
    expect(effects(rule, about)).toEqual([{ kind: "set-ttl", value }]);
  });

  it.each([
    ["-j TOS --set-tos 0x10", 0x10],
    ["-j TOS --set-tos 0x00/0x0c", 0x43],
    ["-j TOS --and-tos 0xf0", 0x40],
    ["-j TOS --or-tos 0x80", 0xcb],
    ["-j TOS --xor-tos 0xff", 0xb4],
    ["-j DSCP --set-dscp 0x2e", 0xbb],
    ["-j DSCP --set-dscp-class CS1", 0x23],
  ])("%s: TOS %i", (rule, value) => {
    expect(effects(rule, about)).toEqual([{ kind: "set-tos", value }]);
  });

  it("sets a priority class", () => {
    expect(effects("-j CLASSIFY --set-class 1:a")).toEqual([{ kind: "set-priority", value: 0x1000a }]);
  });
});

describe("TCPMSS", () => {
  const syn = (mss: number) => tcp({ headerLength: 24, options: [{ kind: 2, data: Uint8Array.of(mss >> 8, mss & 255) }] });

  it("only ever lowers the size", () => {
    expect(effects("-j TCPMSS --set-mss 1400", context({ packet: syn(1460) }))).toEqual([{ kind: "set-mss", value: 1400 }]);
    expect(effects("-j TCPMSS --set-mss 1400", context({ packet: syn(1300) }))).toEqual([]);
    expect(effects("-j TCPMSS --set-mss 1400", context({ packet: syn(1400) }))).toEqual([]);
    expect(effects("-j TCPMSS --set-mss 1400", context({ packet: syn(1401) }))).toEqual([{ kind: "set-mss", value: 1400 }]);
    expect(effects("-j TCPMSS --clamp-mss-to-pmtu", context({ packet: syn(1460), pathMtu: () => 1360 }))).toEqual([
      { kind: "set-mss", value: 1360 },
    ]);
    expect(effects("-j TCPMSS --clamp-mss-to-pmtu", context({ packet: syn(1460) }))).toEqual([{ kind: "set-mss", value: "pmtu" }]);
  });

  it("drops a packet of whose path nothing is left beside the headers", () => {
    const clamped = (left: number) => run("-j TCPMSS --clamp-mss-to-pmtu", context({ packet: syn(1460), pathMtu: () => left }));
    expect(clamped(0)).toEqual({ verdict: "DROP" });
    expect(clamped(1)).toMatchObject({ verdict: "CONTINUE", effects: [{ kind: "set-mss", value: 1 }] });
  });

  it("adds what is missing only where no data follows", () => {
    expect(effects("-j TCPMSS --set-mss 1400", context({ packet: tcp() }))).toEqual([{ kind: "set-mss", value: 536 }]);
    expect(effects("-j TCPMSS --set-mss 1400", context({ packet: tcp({}, { length: 100 }) }))).toEqual([]);
  });

  it("drops what has no TCP header, but not later fragments", () => {
    expect(run("-j TCPMSS --set-mss 1400", context({ packet: short(6, [1, 2]) }))).toEqual({ verdict: "DROP" });
    expect(run("-j TCPMSS --set-mss 1400", context({ packet: laterFragment(6) }))).toEqual({ verdict: "CONTINUE" });
  });
});
