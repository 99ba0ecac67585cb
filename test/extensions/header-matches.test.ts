import { describe, expect, it } from "vitest";
import type { ConnectionView, PacketContext } from "../../src/extensions/spec.ts";
import { address, context, packet, tuple } from "./context.ts";
import { ask } from "./rule-words.ts";

const connection: ConnectionView = {
  original: tuple("10.0.0.1", 1000, "10.0.0.9", 80),
  reply: tuple("10.1.0.9", 8080, "10.0.0.1", 1000),
  direction: "original",
  mark: 0x12,
  zone: 0,
  status: { expected: false, seenReply: true, assured: false, confirmed: true, srcNat: false, dstNat: true },
};
const tracked = context({ ctState: "ESTABLISHED", connection });

describe("conntrack and state", () => {
  it("looks at the state, SNAT and DNAT at the connection", () => {
    expect(ask("-m conntrack --ctstate RELATED,ESTABLISHED", tracked)).toBe(true);
    expect(ask("-m conntrack --ctstate DNAT", tracked)).toBe(true);
    expect(ask("-m conntrack --ctstate SNAT,NEW", tracked)).toBe(false);
    expect(ask("-m conntrack ! --ctstate NEW", tracked)).toBe(true);
    expect(ask("-m state --state NEW", tracked)).toBe(false);
  });

  it("knows packets without a connection only by their state", () => {
    const untracked = context({ ctState: "UNTRACKED" });
    expect(ask("-m conntrack --ctstate UNTRACKED", untracked)).toBe(true);
    expect(ask("-m conntrack --ctstate INVALID", untracked)).toBe(false);
    expect(ask("-m state --state INVALID", context({ ctState: "INVALID" }))).toBe(true);
    expect(ask("-m conntrack ! --ctproto 6", untracked)).toBe(false);
    expect(ask("-m conntrack --ctstate UNTRACKED --ctproto 6", untracked)).toBe(true);
    expect(ask("-m connmark --mark 0", untracked)).toBe(false);
    expect(ask("-m connmark ! --mark 5", untracked)).toBe(false);
  });

  it("compares both tuples", () => {
    expect(ask("-m conntrack --ctorigdst 10.0.0.0/24 --ctorigdstport 80 --ctproto tcp", tracked)).toBe(true);
    expect(ask("-m conntrack --ctreplsrc 10.1.0.9 --ctreplsrcport 8000:8100", tracked)).toBe(true);
    expect(ask("-m conntrack ! --ctrepldst 10.0.0.1", tracked)).toBe(false);
    expect(ask("-m conntrack --ctdir REPLY", tracked)).toBe(false);
  });

  it("compares status and lifetime", () => {
    expect(ask("-m conntrack --ctstatus ASSURED,SEEN_REPLY", tracked)).toBe(true);
    expect(ask("-m conntrack --ctstatus NONE", tracked)).toBe(false);
    expect(ask("-m conntrack ! --ctstatus NONE", tracked)).toBe(true);
    expect(ask("-m conntrack --ctexpire 1:9", tracked)).toEqual({ unknown: "the seconds until the connection expires" });
    expect(ask("-m conntrack --ctexpire 1:9", { ...tracked, connection: { ...connection, expires: 9.9 } })).toBe(true);
  });

  it("compares marks of packet and connection", () => {
    expect(ask("-m connmark --mark 0x10/0xf0", tracked)).toBe(true);
    expect(ask("-m mark --mark 0x80000000/0x80000000", context({ mark: 0x80000001 }))).toBe(true);
    expect(ask("-m mark ! --mark 0x1", context({ mark: 1 }))).toBe(false);
    expect(ask("-m mark --mark 0x3/0x1", context({ mark: 3 }))).toBe(false);
  });

  it("compares the name of the helper that announced the connection, and no more than that", () => {
    const announced = (masterHelper?: string | { unknown: string }) => ({
      ...tracked,
      connection: { ...connection, ...(masterHelper === undefined ? {} : { masterHelper }) },
    });
    expect(ask("-m helper --helper ftp", tracked)).toBe(false);
    expect(ask("-m helper ! --helper ftp", context())).toBe(true);
    expect(ask("-m helper --helper ftp", announced("ftp"))).toBe(true);
    expect(ask("-m helper ! --helper ftp", announced("ftp"))).toBe(false);
    expect(ask("-m helper --helper ftp-2121", announced("ftp"))).toBe(true);
    expect(ask("-m helper --helper ftp", announced("tftp"))).toBe(false);
    expect(ask('-m helper --helper ""', announced("tftp"))).toBe(true);
    expect(ask('-m helper --helper ""', tracked)).toBe(false);
    expect(ask("-m helper --helper ftp", announced({ unknown: "who announced it" }))).toEqual({ unknown: "who announced it" });
  });
});

describe("addrtype", () => {
  const types: PacketContext["addressType"] = (asked, device) => (asked === address("10.0.0.2") && device !== "eth1" ? "LOCAL" : "UNICAST");

  it("looks at source and destination", () => {
    const about = context({ addressType: types });
    expect(ask("-m addrtype --dst-type LOCAL", about)).toBe(true);
    expect(ask("-m addrtype ! --dst-type LOCAL,BROADCAST", about)).toBe(false);
    expect(ask("-m addrtype --src-type UNICAST --dst-type LOCAL", about)).toBe(true);
    expect(ask("-m addrtype --dst-type LOCAL --limit-iface-in", { ...about, in: "eth1" })).toBe(false);
  });

  it("does not take an IPv4 address in the clothes of IPv6 for unicast", () => {
    const to = (dst: string) => context({ packet: packet({ family: 6, src: address("2001:db8::1"), dst: address(dst) }) });
    expect(ask("-m addrtype --dst-type UNICAST", to("::ffff:10.1.0.10"))).toBe(false);
    expect(ask("-m addrtype --dst-type UNICAST", to("::10.1.0.10"))).toBe(true);
  });

  it("says so when routes are not known, unless the other side decides", () => {
    const about = context({ addressType: (asked) => (asked === address("10.0.0.2") ? { unknown: "the routes" } : "UNICAST") });
    expect(ask("-m addrtype --dst-type LOCAL", about)).toEqual({ unknown: "the routes" });
    expect(ask("-m addrtype --src-type LOCAL --dst-type LOCAL", about)).toBe(false);
  });

  it("wants every type of an IPv6 address at once", () => {
    const about = context({
      packet: packet({ family: 6, src: address("fe80::1"), dst: address("ff02::1") }),
      family: 6,
      addressType: () => "MULTICAST",
    });
    expect(ask("-m addrtype --dst-type MULTICAST", about)).toBe(true);
    expect(ask("-m addrtype --dst-type UNICAST,MULTICAST", about)).toBe(false);
    expect(ask("-m addrtype --src-type UNICAST", about)).toBe(true);
  });

  it.each([
    ["LOCAL", "LOCAL", true],
    ["LOCAL", "UNICAST", false],
    ["LOCAL", "PROHIBIT", false],
    ["UNREACHABLE", "PROHIBIT", true],
    ["UNREACHABLE", "BLACKHOLE", true],
    ["UNREACHABLE", "UNREACHABLE", true],
    ["UNREACHABLE", "LOCAL", false],
    ["LOCAL,UNREACHABLE", "PROHIBIT", true],
    ["UNICAST,LOCAL", "LOCAL", true],
  ] as const)("asks the routes of IPv6 whether it is %s: %s", (types6, found, expected) => {
    const about = context({
      packet: packet({ family: 6, src: address("2001:db8::1"), dst: address("2001:db8::2") }),
      family: 6,
      addressType: () => found,
    });
    expect(ask(`-m addrtype --dst-type ${types6}`, about)).toBe(expected);
    expect(ask(`-m addrtype ! --dst-type ${types6}`, about)).toBe(!expected);
  });
});

describe("header fields", () => {
  const about = context({ packet: packet({ ttl: 63, tos: 0xb9, length: 100 }), srcMac: 0x420102030405, realm: 4 });

  it.each([
    ["-m ttl --ttl-eq 63", true],
    ["-m ttl --ttl-lt 63", false],
    ["-m ttl --ttl-gt 62", true],
    ["-m dscp --dscp 0x2e", true],
    ["-m tos --tos 0xb8/0xfc", true],
    ["-m tos --tos 0xb8", false],
    ["-m length --length 99:100", true],
    ["-m length ! --length 100", false],
    ["-m iprange --src-range 10.0.0.1-10.0.0.5 ! --dst-range 10.0.0.3-10.0.0.9", true],
    ["-m mac --mac-source 42:01:02:03:04:05", true],
    ["-m mac ! --mac-source 42:01:02:03:04:05", false],
    ["-m pkttype --pkt-type unicast", true],
    ["-m pkttype --pkt-type multicast", false],
    ["-m realm --realm 4", true],
    ["-m realm --realm cosmos", false],
    ["-m comment --comment x", true],
  ])("%s: %s", (rule, expected) => {
    expect(ask(rule, about)).toBe(expected);
  });

  it("a packet without an Ethernet header has no source address, not even another one", () => {
    expect(ask("-m mac ! --mac-source 42:01:02:03:04:05", context())).toBe(false);
  });

  it("does not guess CPU, socket owner and blanked addresses", () => {
    expect(ask("-m cpu --cpu 0", about)).toHaveProperty("unknown");
    expect(ask("-m owner --uid-owner 0", context({ local: true }))).toHaveProperty("unknown");
    expect(ask("-m owner ! --uid-owner 0", context())).toBe(true);
    expect(ask("-m owner --uid-owner 0", context())).toBe(false);
    expect(ask("-m mac --mac-source XX:XX:XX:XX:XX:XX", about)).toHaveProperty("unknown");
  });
});

describe("physdev", () => {
  const bridged = context({ physIn: "veth0", physOut: "veth1", bridged: true });
  const up = context({ physIn: "veth0" });

  it("compares bridge ports", () => {
    expect(ask("-m physdev --physdev-in veth+ --physdev-out veth1", bridged)).toBe(true);
    expect(ask("-m physdev --physdev-is-bridged", bridged)).toBe(true);
    expect(ask("-m physdev --physdev-is-bridged", up)).toBe(false);
    expect(ask("-m physdev ! --physdev-is-out", up)).toBe(true);
    expect(ask("-m physdev ! --physdev-out veth1", up)).toBe(false);
    expect(ask("-m physdev ! --physdev-in veth0", up)).toBe(false);
  });

  it("matches a packet that passed no bridge only where all is negated", () => {
    expect(ask("-m physdev ! --physdev-in veth0 ! --physdev-is-bridged", context())).toBe(true);
    expect(ask("-m physdev ! --physdev-in veth0 --physdev-is-in", context())).toBe(false);
  });
});

describe("rpfilter", () => {
  it("asks for a route back, and lets DHCP and loopback pass", () => {
    expect(ask("-m rpfilter", context({ reversePath: () => false }))).toBe(false);
    expect(ask("-m rpfilter --invert", context({ reversePath: () => false }))).toBe(true);
    expect(ask("-m rpfilter --invert", context({ reversePath: () => ({ unknown: "the routes" }) }))).toEqual({ unknown: "the routes" });
    expect(ask("-m rpfilter", context({ in: "lo", reversePath: () => false }))).toBe(true);
    const dhcp = packet({ src: 0, dst: address("255.255.255.255") });
    expect(ask("-m rpfilter", context({ packet: dhcp, reversePath: () => false }))).toBe(true);
  });

  it("hands its options on", () => {
    const seen: unknown[] = [];
    ask("-m rpfilter --loose --accept-local", context({ reversePath: (options) => seen.push(options) > 0 }));
    expect(seen).toEqual([{ loose: true, validMark: false, acceptLocal: true }]);
  });
});

describe("frag", () => {
  it("does not know the identification that the kernel has drawn", () => {
    const drawn = context({
      packet: packet({
        family: 6,
        src: address("2001:db8::1"),
        dst: address("2001:db8::2"),
        headerLength: 48,
        fragment: { offset: 8, more: false },
        id: 7,
        drawnId: true,
        extensionHeaders: ["fragment"],
        extensionOctets: Uint8Array.of(17, 0, 0, 8, 0, 0, 0, 7),
      }),
    });
    expect(ask("-m frag --fragid 7", drawn)).toEqual({ unknown: "the identification that the kernel draws for fragments of its own" });
    expect(ask("-m frag --fraglast", drawn)).toBe(true);
    expect(ask("-m frag --fragfirst", drawn)).toBe(false);
  });
});
