import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { ipv6Protocol } from "../../src/extensions/ipv6-headers.ts";
import { matchSpec } from "../../src/extensions/registry.ts";
import type { MatchResult, PacketContext } from "../../src/extensions/spec.ts";
import type { Family } from "../../src/model/address.ts";
import type { Packet } from "../../src/model/packet.ts";
import type { Rule } from "../../src/model/rule.ts";
import { parseIptablesSave } from "../../src/parse/iptables-save.ts";
import { decodeIpv4 } from "../../src/wire/ipv4.ts";
import { decodeIpv6 } from "../../src/wire/ipv6.ts";
import { address, cells, context, packet } from "./context.ts";

interface Recorded<P> {
  readonly family?: Family;
  readonly rules: readonly string[];
  /** Numbers of the rules that matched, from 0. */
  readonly packets: readonly (P & { readonly matched: readonly number[] })[];
}

function read<P>(name: string): Recorded<P> {
  return JSON.parse(readFileSync(new URL(`recorded/${name}.json`, import.meta.url), "utf8"));
}

function rulesOf(lines: readonly string[], family: Family): readonly Rule[] {
  const text = `*raw\n:c - [0:0]\n${lines.map((line) => `-A c ${line}\n`).join("")}COMMIT\n`;
  const { value, problems } = parseIptablesSave(text, "recorded", family);
  expect(problems).toEqual([]);
  return value.tables.get("raw")?.chains.get("c")?.rules ?? [];
}

/** All conditions of a rule: its protocol, and then its matches. */
function test(rule: Rule, family: Family): (about: PacketContext) => MatchResult {
  const matches = rule.matches.map(({ name, args }) => matchSpec(name, family)?.compile(args as never));
  return (about) => {
    const { protocol } = rule;
    const found = family === 6 ? ipv6Protocol(about) : about.packet.protocol;
    if (protocol && typeof found !== "number") return found;
    if (protocol && (found === protocol.value) === protocol.not) return false;
    const results = matches.map((match) => match?.(about) ?? false);
    const [first = true, ...rest] = results.filter((result) => result !== true);
    // What follows in the rule is asked even then.
    return first === "match and hotdrop" && rest.length > 0 ? "hotdrop" : first;
  };
}

function decoded(octets: string, family: Family): Packet {
  const bytes = Uint8Array.from(Buffer.from(octets, "hex"));
  const found = (family === 4 ? decodeIpv4 : decodeIpv6)(bytes, 0, bytes.length, bytes.length, 0);
  if (typeof found === "string") throw new Error(found);
  return found;
}

describe.each(["headers-4", "headers-6", "segments-6", "dccp-4", "cut-6"])("%s: what the kernel matched", (name) => {
  const { family = 4, rules, packets } = read<{ readonly octets: string }>(name);
  const tests = rulesOf(rules, family).map((rule) => test(rule, family));
  const arrived = packets.map(({ octets, matched }, i) => ({ octets, matched, i })).filter(({ matched }) => matched.length > 0);
  expect(arrived.length).toBeGreaterThan(80);

  it.each(arrived)("$octets", ({ octets, matched, i }) => {
    const about = context({
      packet: decoded(octets, family),
      family,
      in: "gb",
      srcMac: 0x020000000001 + (i % 3),
      ctState: "UNTRACKED",
      deviceGroup: (device) => (device === "gb" ? 1 : 0),
    });
    const results = tests.map((match) => match(about));
    const dropped = results.findIndex((result) => result === "hotdrop" || result === "match and hotdrop");
    const met = dropped < 0 ? results : results.slice(0, dropped + 1);
    expect(met.flatMap((result, rule) => (result === true || result === "match and hotdrop" ? [rules[rule]] : []))).toEqual(
      matched.map((rule) => rules[rule]),
    );
  });
});

describe.each(["limits-1", "limits-2"])("%s: what the kernel let through", (name) => {
  const { rules, packets } = read<{ readonly time: number; readonly src: string; readonly sport: number; readonly length: number }>(name);

  it.each(rulesOf(rules, 4).map((rule, i) => ({ rule, i, words: rules[i] })))("$words", ({ rule, i }) => {
    const match = test(rule, 4);
    const state = cells();
    const answers = packets.map(({ time, src, sport, length }) => {
      const payload = Uint8Array.of(sport >> 8, sport & 255, 0, 53);
      const udp = { kind: "udp", sport, dport: 53, length: length - 20 } as const;
      const sent = packet({ src: address(src), dst: address("10.2.0.1"), length, transport: udp, payload });
      return match(context({ packet: sent, time: 1_700_000_000_000_000_000n + BigInt(time), cells: state }));
    });
    const decided = answers.flatMap((answer, at) => (typeof answer === "boolean" ? [{ at, answer }] : []));
    expect(decided.length).toBeGreaterThan(0.8 * packets.length);
    expect(decided).toEqual(decided.map(({ at }) => ({ at, answer: packets[at]?.matched.includes(i) })));
  });
});
