import { describe, expect, it } from "vitest";
import type { ConnectionView } from "../../src/extensions/spec.ts";
import type { Packet } from "../../src/model/packet.ts";
import { address, cells, context, ipset, packet, short, tcp, tuple } from "./context.ts";
import { ask } from "./rule-words.ts";

const hex = (text: string) => Uint8Array.from(Buffer.from(text.replaceAll(" ", ""), "hex"));

/** An IPv6 packet with a routing header of type 0 and so many addresses, each of them 2001:db8::1. */
function routed(addresses: number): Packet {
  const header = hex(
    `3b${(addresses * 2).toString(16).padStart(2, "0")}0000 00000000 ${"20010db8000000000000000000000001".repeat(addresses)}`,
  );
  return packet({
    family: 6,
    src: address("2001:db8::5"),
    dst: address("2001:db8::6"),
    protocol: 59,
    length: 40 + header.length,
    headerLength: 40 + header.length,
    extensionHeaders: ["routing"],
    extensionOctets: header,
    payload: new Uint8Array(0),
  });
}

/** A DCCP RESET with these options. */
function dccp(options: string): Packet {
  const header = hex(
    `9c40 0035 ${((28 + options.length / 2) / 4).toString(16).padStart(2, "0")} 00 0000 0f 000000000001 00 00000000 00000000 00000000 ${options}`,
  );
  const { transport: _, ...rest } = packet({ protocol: 33, length: 20 + header.length, payload: header });
  return { ...rest, transport: { kind: "ports", sport: 40_000, dport: 53 } };
}

// At the edge, where one step further the answer is another one.
describe("a match at its edge", () => {
  it("quota gives all of it", () => {
    const about = context({ cells: cells() });
    expect([1, 2].map(() => ask("-m quota --quota 48", about))).toEqual([true, false]);
    const less = context({ cells: cells() });
    expect(ask("-m quota --quota 47", less)).toBe(false);
  });

  it.each([
    ["--hl-lt", 65, true],
    ["--hl-lt", 64, false],
    ["--hl-gt", 63, true],
    ["--hl-gt", 64, false],
  ])("hl %s %i: %s, of 64", (option, limit, expected) => {
    const about = context({ packet: packet({ family: 6, src: address("2001:db8::1"), dst: address("2001:db8::2"), ttl: 64 }), family: 6 });
    expect(ask(`-m hl ${option} ${limit}`, about)).toBe(expected);
  });

  it.each([
    ["--packets-lt 6", true],
    ["--packets-lt 5", false],
    ["--packets-gt 4", true],
    ["--packets-gt 5", false],
    ["--bytes-lt 500", false],
    ["--bytes-gt 499", true],
  ])("set %s: %s, of 5 packets with 500 octets", (option, expected) => {
    const counted = ipset("s", "hash:ip", [["10.0.0.1", { packets: "5", bytes: "500" }]], { counters: "" });
    expect(ask(`-m set --match-set s src ! --update-counters ${option}`, context({ sets: new Map([["s", counted]]) }))).toBe(expected);
  });

  it.each([
    ["2024-02-29T00:00:00Z", true],
    ["2024-02-29T00:00:01Z", false],
  ])("time --datestop 2024-02-29 at %s: %s", (when, expected) => {
    const time = BigInt(Date.parse(when)) * 1_000_000n;
    expect(ask("-m time --datestop 2024-02-29", context({ time }))).toBe(expected);
  });

  it.each([
    ["5:7", true],
    ["6", true],
    ["7:", true],
    ["8:", false],
    ["0:7", true],
    ["0:6", false],
  ])("connbytes %s: %s, of 7 packets", (span, expected) => {
    const connection: ConnectionView = {
      original: tuple("10.0.0.1", 1000, "10.0.0.2", 80),
      reply: tuple("10.0.0.2", 80, "10.0.0.1", 1000),
      direction: "original",
      mark: 0,
      zone: 0,
      status: { expected: false, seenReply: true, assured: false, confirmed: true, srcNat: false, dstNat: false },
      counters: { original: [4, 400], reply: [3, 300] },
    };
    const rule = `-m connbytes --connbytes ${span} --connbytes-mode packets --connbytes-dir both`;
    expect(ask(rule, context({ connection }))).toBe(expected);
  });

  // As Linux 6.18 said of a packet in that second, a Saturday.
  it.each([
    ["--timestart 21:33:58 --timestop 22:33:58", true],
    ["--timestart 21:33:58 --timestop 22:33:57", false],
    ["--timestart 22:33:58 --timestop 22:34:58", true],
    ["--timestart 22:33:59 --timestop 22:34:58", false],
    ["--timestart 22:34:58 --timestop 22:33:58", true],
    ["--timestart 22:34:58 --timestop 22:33:57", false],
    ["--timestart 22:33:58 --timestop 22:32:58", true],
    ["--timestart 22:33:59 --timestop 22:32:58", false],
    ["--timestart 22:34:58 --timestop 22:33:58 --contiguous --weekdays Fri", true],
    ["--timestart 22:34:58 --timestop 22:33:58 --contiguous --weekdays Sat", false],
    ["--timestart 22:33:58 --timestop 22:33:57 --contiguous --weekdays Sat", true],
    ["--timestart 22:33:58 --timestop 22:33:57 --contiguous --weekdays Fri", false],
    ["--datestart 2026-11-21T22:33:58", true],
    ["--datestart 2026-11-21T22:33:59", false],
    ["--datestop 2026-11-21T22:33:58", true],
    ["--datestop 2026-11-21T22:33:57", false],
    ["--timestart 22:33:58 --timestop 22:33:58", true],
    ["--timestart 22:33:59 --timestop 22:33:59", true],
    ["--timestart 22:33:57 --timestop 22:33:57", true],
  ])("time %s at 22:33:58: %s", (options, expected) => {
    const time = BigInt(Date.parse("2026-11-21T22:33:58.4Z")) * 1_000_000n;
    expect(ask(`-m time ${options}`, context({ time }))).toBe(expected);
  });

  it.each([
    ["0", true],
    ["1", false],
  ])("u32 @%s: %s, where four octets are left", (offset, expected) => {
    const about = context({ packet: short(17, [0, 0, 0, 7]) });
    expect(ask(`-m u32 --u32 "0>>22&0x3C@${offset}=7"`, about)).toBe(expected);
  });

  it.each([
    [1, "2001:db8::1", true],
    [1, "2001:db8::1,2001:db8::1", false],
    [2, "2001:db8::1", true],
  ])("rt, %i addresses, --rt-0-not-strict %s: %s", (there, wanted, expected) => {
    const about = context({ packet: routed(there), family: 6 });
    expect(ask(`-m rt --rt-type 0 --rt-0-addrs ${wanted} --rt-0-not-strict`, about)).toBe(expected);
  });

  it("tcp reads options up to the last octet that was captured", () => {
    const whole = tcp(
      { headerLength: 24, options: [{ kind: 2, data: hex("05b4") }] },
      { payload: hex(`03e80050${"00".repeat(8)}60020064${"00".repeat(4)}020405b4`) },
    );
    expect(ask("-p tcp -m tcp --tcp-option 2", context({ packet: whole }))).toBe(true);
    expect(ask("-p tcp -m tcp --tcp-option 3", context({ packet: whole }))).toBe(false);
    const { transport: _, ...unread } = whole;
    expect(ask("-p tcp -m tcp --tcp-option 2", context({ packet: unread }))).toBe(true);
    expect(ask("-p tcp -m tcp --tcp-option 3", context({ packet: unread }))).toBe(false);
  });

  it.each([
    // Kinds 0 and 1 are one octet long; the others say how long they are, 2 too.
    ["02042a00", 42, false],
    ["01012a00", 42, true],
    ["0204002a", 42, false],
    ["00002a00", 42, true],
  ])("dccp with the options %s has %i: %s", (options, kind, expected) => {
    expect(ask(`-p dccp -m dccp --dccp-option ${kind}`, context({ packet: dccp(options) }))).toBe(expected);
  });
});
