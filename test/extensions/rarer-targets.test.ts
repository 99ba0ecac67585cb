import { describe, expect, it } from "vitest";
import type { Effect } from "../../src/extensions/effect.ts";
import type { ConnectionView, TargetResult } from "../../src/extensions/spec.ts";
import { formatAddress } from "../../src/model/address.ts";
import type { Packet } from "../../src/model/packet.ts";
import { parseIptablesSave } from "../../src/parse/iptables-save.ts";
import { address, context, laterFragment, packet, short, tcp, tuple } from "./context.ts";
import { run } from "./rule-words.ts";

function effects(result: TargetResult): readonly Effect[] {
  if (!("verdict" in result)) throw new Error("undecided");
  return result.effects ?? [];
}

function six(change: Partial<Packet> = {}): Packet {
  return packet({ family: 6, src: address("2001:db8:a::2"), dst: address("2001:db8:c::1"), headerLength: 40, length: 68, ...change });
}

describe("prefix translation, as the kernel did it", () => {
  const translated = (rule: string, change: Partial<Packet>) => {
    const [first] = effects(run(rule, context({ packet: six(change) })));
    return first?.kind === "set-address" ? formatAddress(first.value) : undefined;
  };

  it.each([
    ["2001:db8:c::/48", "2001:db8:ff::/48", "2001:db8:c:1:2:3:4:5", "2001:db8:ff:ff0d:2:3:4:5"],
    ["2001:db8:c::/48", "2001:db8:ff::/48", "2001:db8:c:ffff:ffff:ffff:ffff:ffff", "2001:db8:ff:ff0c:ffff:ffff:ffff:ffff"],
    ["2001:db8:c::/64", "fd00:1:2:3::/64", "2001:db8:c::1", "fd00:1:2:3:30be::1"],
    ["2001:db8:c::/64", "fd00:1:2:3::/64", "2001:db8:c:1:ffff:ffff:1:2", "fd00:1:2:3:ffff:ffff:30bf:2"],
    ["2001:db8:c::/48", "fd00:1:2:30::/60", "2001:db8:c:1:2:3:4:5", "fd00:1:2:31:3093:3:4:5"],
    ["2001:db8::/32", "fd00:1:2::/47", "2001:db8:c::1", "fd00:1:2:30b5::1"],
    ["::/0", "::/0", "2001:db8:c:ffff:ffff:ffff:ffff:ffff", "2001:db8:c:0:ffff:ffff:ffff:ffff"],
  ])("%s to %s: %s becomes %s", (from, to, before, after) => {
    expect(translated(`-j DNPT --src-pfx ${from} --dst-pfx ${to}`, { dst: address(before) })).toBe(after);
  });

  it("drops an address of which no word can take up the change", () => {
    const full = six({ dst: address("2001:db8:c:ffff:ffff:ffff:ffff:ffff") });
    const result = run("-j DNPT --src-pfx 2001:db8:c::/64 --dst-pfx fd00:1:2:3::/64", context({ packet: full }));
    expect(result).toMatchObject({ verdict: "DROP", effects: [{ which: "dst", value: address("fd00:1:2:3:ffff:ffff:ffff:ffff") }] });
  });

  it("translates the other address of the packet that an error quotes, if it has the prefix", () => {
    const quoting = (quoted: Partial<Packet>) => six({ protocol: 58, transport: { kind: "icmp", type: 1, code: 0, quoted: six(quoted) } });
    const rule = "-j SNPT --src-pfx 2001:db8:a::/64 --dst-pfx fd00:1:2:3::/64";
    const about = (quoted: Partial<Packet>) => effects(run(rule, context({ packet: quoting(quoted) })));
    expect(about({ dst: address("2001:db8:a::9") })).toEqual([
      { kind: "set-address", which: "src", value: address("fd00:1:2:3:30bc::2") },
      { kind: "set-quoted-address", which: "dst", value: address("fd00:1:2:3:30bc::9") },
    ]);
    expect(about({ src: address("2001:db8:a::7"), dst: address("2001:db8:d::9") })).toHaveLength(1);
  });
});

describe("HMARK", () => {
  const connection: ConnectionView = {
    original: tuple("10.0.0.1", 1000, "10.0.0.9", 80),
    reply: tuple("10.0.1.9", 8080, "10.0.0.1", 1000),
    direction: "original",
    mark: 0,
    zone: 0,
    status: { expected: false, seenReply: false, assured: false, confirmed: false, srcNat: false, dstNat: true },
  };
  const all = "-j HMARK --hmark-tuple src,dst,sport,dport,proto --hmark-rnd 0xfeedcafe --hmark-mod 4294967295";
  const mark = (rule: string, change: Parameters<typeof context>[0]) => {
    const [effect] = effects(run(rule, context(change)));
    return effect?.kind === "set-mark" ? effect.value : undefined;
  };
  const forth = tcp({ sport: 1000, dport: 80 });
  const back = tcp({ sport: 80, dport: 1000 }, { src: forth.dst, dst: forth.src });

  it("gives both directions the same mark, and other ports or protocols another one", () => {
    expect(mark(all, { packet: forth })).toBeDefined();
    expect(mark(all, { packet: back })).toBe(mark(all, { packet: forth }));
    expect(mark(all, { packet: tcp({ sport: 1001, dport: 80 }) })).not.toBe(mark(all, { packet: forth }));
    expect(mark(all, { packet: { ...forth, protocol: 17 } })).not.toBe(mark(all, { packet: forth }));
  });

  // As Linux 6.18 marked packets whose data are these octets.
  it.each([
    [17, [1, 2, 3], 0x61eb151a],
    [17, [1, 2, 3, 4], 0x7867ae17],
    [17, [1, 2, 3, 4, 5], 0x7867ae17],
    [6, [1, 2, 3], 0x61eb150b],
    [6, [1, 2, 3, 4], 0x7867ae0e],
    [132, [1, 2, 3], 0x61eb158d],
    [132, [1, 2, 3, 4], 0x7867ae8c],
    [51, [1, 2, 3, 4, 5, 6, 7], 0x61eb1538],
    [51, [1, 2, 3, 4, 5, 6, 7, 8], 0xce4149ff],
    [50, [1, 2, 3], 0x61eb1537],
    [50, [1, 2, 3, 4], 0x7867ae3a],
  ])("marks protocol %i with the octets %j", (protocol, octets, expected) => {
    expect(mark(all, { packet: short(protocol, octets) })).toBe(expected);
  });

  const AH = "1104000000000100000000010000000000000000";
  // As Linux 6.18 marked them.
  it.each([
    ["an authentication header", ["ah"], AH, 0xe93e5b38],
    ["one behind a fragment header", ["fragment", "ah"], `3300000000000011${AH}`, 0xe83dceac],
    ["one that was not captured", ["ah"], "", undefined],
  ] as const)("marks %s by its SPI, not by the ports behind it", (_, extensionHeaders, hex, expected) => {
    const extensionOctets = Uint8Array.from(Buffer.from(hex, "hex"));
    const headerLength = 40 + (extensionOctets.length || AH.length / 2);
    const ends = { src: address("2001:db8:1::10"), dst: address("2001:db8:96::10") };
    const authentic = six({ ...ends, extensionHeaders, extensionOctets, headerLength, length: headerLength + 28 });
    const result = run(
      "-j HMARK --hmark-tuple src,dst,spi,proto --hmark-rnd 0x6040714f --hmark-mod 4294967295",
      context({ packet: authentic }),
    );
    expect("unknown" in result ? undefined : effects(result)).toEqual(expected && [{ kind: "set-mark", value: expected }]);
  });

  it("stays within modulus and offset", () => {
    const marks = Array.from({ length: 50 }, (_, i) =>
      mark("-j HMARK --hmark-tuple sport --hmark-rnd 1 --hmark-mod 3 --hmark-offset 7", { packet: tcp({ sport: 1000 + i }) }),
    );
    expect([...new Set(marks)].sort()).toEqual([7, 8, 9]);
  });

  it("looks at fragments without ports, and at what ICMP errors quote", () => {
    const first = { ...forth, fragment: { offset: 0, more: true } };
    const { transport: _, ...later } = { ...forth, fragment: { offset: 24, more: false } };
    expect(mark(all, { packet: first })).toBe(mark(all, { packet: later }));
    expect(mark(all, { packet: first })).not.toBe(mark(all, { packet: forth }));
    const error = packet({ protocol: 1, src: address("192.0.2.1"), transport: { kind: "icmp", type: 11, code: 0, quoted: forth } });
    expect(mark(all, { packet: error })).toBe(mark(all, { packet: forth }));
  });

  it("takes the connection's original source and who answers, and marks nothing without a connection", () => {
    const rule = `${all.replace("src,", "ct,src,")}`;
    const like = tcp({ sport: 1000, dport: 8080 }, { src: address("10.0.0.1"), dst: address("10.0.1.9") });
    expect(mark(rule, { packet: forth, connection })).toBe(mark(all, { packet: like }));
    expect(run(rule, context({ packet: forth, ctState: "UNTRACKED" }))).toEqual({
      verdict: "CONTINUE",
      note: "no connection, so nothing is marked",
    });
  });
});

describe("changes of TCP headers", () => {
  const options = [
    { kind: 2, data: Uint8Array.of(5, 180) },
    { kind: 4, data: new Uint8Array(0) },
  ];

  it("strips the options that are there", () => {
    const about = context({ packet: tcp({ headerLength: 28, options }) });
    expect(effects(run("-p tcp -j TCPOPTSTRIP --strip-options mss,timestamp", about))).toEqual([{ kind: "strip-options", kinds: [2] }]);
    expect(effects(run("-p tcp -j TCPOPTSTRIP --strip-options 8", about))).toEqual([]);
    expect(run("-p tcp -j TCPOPTSTRIP --strip-options 8", context({ packet: short(6, [1, 2]) }))).toEqual({ verdict: "DROP" });
    expect(run("-p tcp -j TCPOPTSTRIP --strip-options 8", context({ packet: laterFragment(6) }))).toEqual({ verdict: "CONTINUE" });
  });

  it.each([
    ["--ecn-tcp-remove", [{ kind: "set-tcp-flags", value: 0x02 }]],
    ["--ecn-tcp-cwr 0", [{ kind: "set-tcp-flags", value: 0x42 }]],
    ["--ecn-tcp-ece 1 --ecn-tcp-cwr 1", []],
    ["--ecn-ip-ect 1", [{ kind: "set-tos", value: 0x11 }]],
  ])("ECN %s", (words, wanted) => {
    const about = context({ packet: tcp({ flags: 0xc2 }, { tos: 0x12 }) });
    expect(effects(run(`-p tcp -j ECN ${words}`, about))).toEqual(wanted);
  });

  it("proxies handshakes: a SYN ends here, other flags pass, an ACK cannot be decided", () => {
    const proxied = (flags: number) => run("-p tcp -j SYNPROXY", context({ packet: tcp({ flags }) }));
    expect(proxied(0x02)).toMatchObject({ verdict: "DROP" });
    expect(proxied(0x10)).toHaveProperty("unknown");
    expect(proxied(0x12)).toEqual({ verdict: "CONTINUE" });
    expect(proxied(0x14)).toEqual({ verdict: "CONTINUE" });
    expect(run("-p tcp -j SYNPROXY", context({ packet: tcp({ flags: 0x12 }, { checksum: "bad" }) }))).toMatchObject({ verdict: "DROP" });
  });
});

describe("what only the host can tell", () => {
  it("lets a program or nobody listen on a queue that may be passed by", () => {
    expect(run("-j NFQUEUE --queue-num 3 --queue-bypass", context())).toMatchObject({
      when: "a program listens on queue 3 (--assume nfqueue=yes)",
      yes: { verdict: "QUEUE" },
      no: { verdict: "ACCEPT" },
    });
  });

  it("believes what is assumed", () => {
    const assume = (key: string) => ({ nfqueue: "no", tproxy: "yes", clusterip: "no" })[key];
    expect(run("-j NFQUEUE --queue-bypass", context({ assume }))).toMatchObject({ verdict: "ACCEPT" });
    expect(run("-p tcp -j TPROXY --on-port 1", context({ packet: tcp(), assume }))).toMatchObject({ verdict: "ACCEPT" });
    expect(run("-j CLUSTERIP", context({ assume }))).toEqual({ verdict: "DROP" });
  });

  it("lets a transparent socket take the packet, or drops it", () => {
    const about = context({ packet: tcp({ dport: 80 }), hook: "PREROUTING", table: "mangle", mark: 0xf0 });
    expect(run("-p tcp -j TPROXY --on-port 0 --on-ip 127.0.0.1 --tproxy-mark 0x1/0xf", about)).toMatchObject({
      when: "a transparent socket takes it (at 127.0.0.1, port 80) (--assume tproxy=yes)",
      yes: { verdict: "ACCEPT", effects: [{ kind: "set-mark", value: 0xf1 }, { kind: "assign-socket" }] },
      no: { verdict: "DROP" },
    });
  });

  it("sends a copy to a gateway, by a device if one is named", () => {
    expect(effects(run("-j TEE --gateway 10.0.0.9 --oif eth1", context()))).toEqual([
      { kind: "duplicate", gateway: address("10.0.0.9"), device: "eth1" },
    ]);
  });
});

describe("refused", () => {
  const problems = (rule: string, family: 4 | 6 = 4) =>
    parseIptablesSave(`*mangle\n-A FORWARD ${rule}\nCOMMIT\n`, "rules", family).problems.map(({ message }) => message);

  // iptables-save writes this one with "0us", which iptables does not read again.
  it("RATEEST with a longer average than there can be, by one doubling", () => {
    const rateest = (microseconds: number) => `-j RATEEST --rateest-name a --rateest-interval 1us --rateest-ewmalog ${microseconds}us`;
    expect([2 ** 30 - 1, 2 ** 30 + 1].map((average) => problems(rateest(average)).length)).toEqual([0, 1]);
  });

  it.each([
    "-j HMARK --hmark-tuple src --hmark-mod 10",
    "-j HMARK --hmark-tuple src --hmark-rnd 1 --hmark-mod 0",
    "-j HMARK --hmark-rnd 1 --hmark-mod 2",
    "-j HMARK --hmark-tuple spi,sport --hmark-rnd 1 --hmark-mod 2",
    "-j HMARK --hmark-spi 1 --hmark-sport 2 --hmark-rnd 1 --hmark-mod 2",
    "-j RATEEST --rateest-name a --rateest-interval 10s --rateest-ewmalog 30s",
    "-j RATEEST --rateest-name a --rateest-interval 1s --rateest-ewmalog 1s",
    "-j RATEEST --rateest-name a --rateest-interval 1m --rateest-ewmalog 1s",
    "-j IDLETIMER --timeout 0 --label a",
    "-j IDLETIMER --timeout 5 --label power",
    "-p tcp -j TCPOPTSTRIP --strip-options 1",
    "-p tcp -j TCPOPTSTRIP --strip-options 3,wscale",
    "-p tcp -j ECN --ecn-tcp-remove --ecn-tcp-cwr 1",
    "-j ECN",
    "-j TEE --gateway 0.0.0.0",
    "-j TEE --gateway 2001:db8::1",
    "-j CONNSECMARK --save --restore",
    "-j NFQUEUE --queue-num 1 --queue-cpu-fanout",
    "-j NFQUEUE --queue-balance 0:65535",
    "-j CLUSTERIP --hashmode sourceip",
    "-j LED",
    "-j IDLETIMER --timeout 2147483 --label a",
    // Behind the 16 words of memory, and to where no instruction is.
    '-m bpf --bytecode "2,2 0 0 16,6 0 0 0"',
    '-m bpf --bytecode "3,3 0 0 16,6 0 0 1,6 0 0 1"',
    '-m bpf --bytecode "3,5 0 0 2,6 0 0 0,6 0 0 1"',
    '-m bpf --bytecode "3,21 2 0 0,6 0 0 0,6 0 0 1"',
    '-m bpf --bytecode "3,21 0 2 0,6 0 0 0,6 0 0 1"',
    '-m bpf --bytecode "2,100 0 0 32,6 0 0 1"',
    '-m bpf --bytecode "2,116 0 0 32,6 0 0 1"',
  ])("%s", (rule) => {
    expect(problems(rule)).toHaveLength(1);
  });

  it.each(["-j DNPT --src-pfx fd00::/65 --dst-pfx fd01::/64", "-j SNPT --src-pfx fd00::1/64 --dst-pfx fd01::/64"])("%s", (rule) => {
    expect(problems(rule, 6)).toHaveLength(1);
  });
});
