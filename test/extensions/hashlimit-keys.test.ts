import { describe, expect, it } from "vitest";
import type { PacketContext } from "../../src/extensions/spec.ts";
import type { Packet } from "../../src/model/packet.ts";
import { parseIptablesSave } from "../../src/parse/iptables-save.ts";
import { address, cells, context, packet, short } from "./context.ts";
import { ask } from "./rule-words.ts";

const rule = (mode: string, more = "") =>
  `-m hashlimit --hashlimit-upto 1/hour --hashlimit-burst 1 --hashlimit-mode ${mode} --hashlimit-name t --hashlimit-htable-expire 900000${more}`;

/** Which packets are the first of their entry. */
function firsts(words: string, packets: readonly Packet[], more: Partial<PacketContext> = {}) {
  const state = cells();
  return packets.map((one) => ask(words, context({ packet: one, cells: state, ...more })));
}

const udp = (src: string, sport: number, dst = "10.2.0.1", dport = 53, change: Partial<Packet> = {}) =>
  packet({
    src: address(src),
    dst: address(dst),
    transport: { kind: "udp", sport, dport, length: 28 },
    payload: Uint8Array.of(sport >> 8, sport & 255, dport >> 8, dport & 255),
    ...change,
  });

describe("hashlimit has an entry for each", () => {
  const list = [
    udp("10.1.0.1", 1),
    udp("10.1.0.1", 2),
    udp("10.1.0.2", 1),
    udp("10.1.0.1", 1, "10.2.0.9"),
    udp("10.1.0.1", 1, "10.2.0.1", 80),
  ];

  it.each([
    ["srcip", [true, false, true, false, false]],
    ["srcport", [true, true, false, false, false]],
    ["dstip", [true, false, false, true, false]],
    ["dstport", [true, false, false, false, true]],
    ["srcip,srcport", [true, true, true, false, false]],
    ["srcip,dstip,dstport", [true, false, true, true, true]],
  ])("%s", (mode, expected) => {
    expect(firsts(rule(mode), list)).toEqual(expected);
  });

  it("network, where there is a mask", () => {
    expect(firsts(rule("srcip", " --hashlimit-srcmask 30"), [udp("10.1.0.1", 1), udp("10.1.0.3", 1), udp("10.1.0.4", 1)])).toEqual([
      true,
      false,
      true,
    ]);
    expect(firsts(rule("dstip", " --hashlimit-dstmask 0"), list)).toEqual([true, false, false, false, false]);
  });

  it("IPv6 network", () => {
    const six = (last: string) => ({
      ...udp("10.1.0.1", 1),
      family: 6 as const,
      src: address(`2001:db8::${last}`),
      dst: address("2001:db8::9"),
      headerLength: 40,
    });
    const list = [six("1:1"), six("1:2"), six("2:1")];
    expect(firsts(rule("srcip", " --hashlimit-srcmask 112"), list, { family: 6 })).toEqual([true, false, true]);
    expect(firsts(rule("srcip"), list, { family: 6 })).toEqual([true, true, true]);
  });
});

/** An IPv6 packet with a fragment header. */
function behind(protocol: number, offset: number): Packet {
  const { transport: _, ...rest } = udp("10.1.0.1", 1, "10.2.0.1", 53, { protocol, fragment: { offset, more: false }, headerLength: 48 });
  const extensionOctets = Uint8Array.of(protocol, 0, offset >> 8, offset & 255, 0, 0, 0, 1);
  const addresses = { src: address("2001:db8::1"), dst: address("2001:db8::2") };
  return { ...rest, family: 6, ...addresses, extensionHeaders: ["fragment"], extensionOctets };
}

describe("the ports of hashlimit", () => {
  it("are whatever stands there, also in a later fragment of IPv4", () => {
    const { transport: _, ...later } = udp("10.1.0.1", 1, "10.2.0.1", 53, { fragment: { offset: 1480, more: false } });
    expect(firsts(rule("srcport"), [udp("10.1.0.1", 1), later, { ...later, payload: Uint8Array.of(9, 9, 9, 9) }])).toEqual([
      true,
      false,
      true,
    ]);
  });

  it("are 0 for a later fragment of IPv6 and for protocols without ports", () => {
    const six = behind(17, 1480);
    expect(firsts(rule("srcport"), [six, { ...six, payload: Uint8Array.of(9, 9, 9, 9) }], { family: 6 })).toEqual([true, false]);
    expect(firsts(rule("srcport"), [packet({ protocol: 1 }), packet({ protocol: 47 })])).toEqual([true, false]);
  });

  it("drop an IPv6 packet that has no next header, but for a later fragment", () => {
    expect(firsts(rule("srcport"), [behind(59, 0)], { family: 6 })).toEqual(["hotdrop"]);
    expect(firsts(rule("srcport"), [behind(59, 1480)], { family: 6 })).toEqual([true]);
    expect(firsts(rule("srcip"), [behind(59, 0)], { family: 6 })).toEqual([true]);
  });

  it("that are cut off drop the packet", () => {
    expect(firsts(rule("dstport"), [short(17, [1, 2, 3])])).toEqual(["hotdrop"]);
    expect(firsts(rule("dstip"), [short(17, [1, 2, 3])])).toEqual([true]);
  });
});

describe("rules that name one table", () => {
  const uses = (...lines: readonly string[]) => {
    const text = `*filter\n:INPUT ACCEPT [0:0]\n${lines.map((line) => `-A INPUT ${line}\n`).join("")}COMMIT\n`;
    const rules = parseIptablesSave(text, "rules", 4).value.tables.get("filter")?.chains.get("INPUT")?.rules ?? [];
    return { uses: () => rules.flatMap(({ matches }) => matches.map(({ args }) => args ?? {})) };
  };

  it("share its entries", () => {
    const state = cells();
    const about = (ruleKey: string) =>
      context({ packet: udp("10.1.0.1", 1), cells: state, ruleKey, ...uses(rule("srcip"), rule("srcip")) });
    expect([ask(rule("srcip"), about("1")), ask(rule("srcip"), about("2"))]).toEqual([true, false]);
  });

  it("are not known to be the ones that made it, where they differ", () => {
    const other = rule("srcip").replace("1/hour", "2/hour");
    const about = context({ packet: udp("10.1.0.1", 1), ...uses(rule("srcip"), other) });
    expect(ask(rule("srcip"), about)).toEqual({ unknown: expect.stringContaining("share the table t") });
  });
});
