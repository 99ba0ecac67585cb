import { describe, expect, it } from "vitest";
import { limitCredits } from "../../src/extensions/limit-rate.ts";
import { matchSpec } from "../../src/extensions/registry.ts";
import type { PacketContext } from "../../src/extensions/spec.ts";
import { address, cells, context, packet } from "./context.ts";
import { ask, readRule } from "./rule-words.ts";

const START = 1_700_000_000_000_000_000n;
const at = (seconds: number, base: PacketContext): PacketContext => ({ ...base, time: START + BigInt(Math.round(seconds * 1e9)) });
const refusal = (rule: string) => {
  const spec = matchSpec("limit");
  return spec?.check?.(readRule(rule, spec).args as never);
};

describe("limit", () => {
  const matches = (rule: string, times: readonly number[], backend: "legacy" | "nft" = "legacy") => {
    const base = context({ cells: cells(), backend });
    return times.map((seconds) => ask(rule, at(seconds, base)));
  };

  it("lets a burst through and then one per period", () => {
    expect(matches("-m limit --limit 1/sec --limit-burst 2", [0, 0, 0, 0.5, 1.05, 1.2])).toEqual([true, true, false, false, true, false]);
    expect(matches("-m limit --limit 1/sec --limit-burst 2", [0, 0, 0, 0.5, 1.05, 1.2], "nft")).toEqual([
      true,
      true,
      false,
      false,
      true,
      false,
    ]);
  });

  it("does not know when it hangs on the tick of the kernel's clock", () => {
    const [, , late] = matches("-m limit --limit 1/sec --limit-burst 1", [0, 0.5, 1.005]);
    expect(late).toEqual({ unknown: expect.stringContaining("clock") });
  });

  it("knows the others again after that, however long a flood lasts", () => {
    const flood = matches(
      "-m limit --limit 1/sec --limit-burst 2",
      Array.from({ length: 300 }, (_, i) => i / 10),
    );
    const words = flood.map((result) => (typeof result === "boolean" ? String(Number(result)) : "?")).join("");
    expect(words).toBe(`1100000000${"??00000000".repeat(29)}`);
  });

  it("allows for the time that a packet takes which comes round to it again", () => {
    const rule = "-m limit --limit 10000/sec --limit-burst 2";
    expect(matches(rule, [0, 0, 0], "nft")).toEqual([true, true, { unknown: expect.stringContaining("clock") }]);
    expect(matches(rule.replace("10000", "10"), [0, 0, 0], "nft")).toEqual([true, true, false]);
  });

  it.each([
    ["-m limit --limit 1/day --limit-burst 3", 1],
    ["-m limit --limit 3/day --limit-burst 4", 4],
    ["-m limit --limit 3/day --limit-burst 6", 1],
  ])("%s lets %i through at once, with 32 bits as the kernel has them", (rule, expected) => {
    const first = matches(rule, Array<number>(10).fill(0)).filter((result) => result);
    expect(first).toHaveLength(expected);
  });

  it("with nft lets the whole burst through", () => {
    const first = matches("-m limit --limit 1/day --limit-burst 3", Array<number>(10).fill(0), "nft").filter((result) => result);
    expect(first).toHaveLength(3);
  });

  it("refuses what the kernel refuses", () => {
    expect(limitCredits(10_000)).toBe(32_000);
    expect(refusal("-m limit --limit 1/sec --limit-burst 0")).toMatch(/overflow/);
    expect(refusal("-m limit --limit 1/day --limit-burst 2")).toMatch(/overflow/);
    expect(refusal("-m limit --limit 1/day --limit-burst 1")).toBeUndefined();
  });

  it("keeps a state for each rule", () => {
    const base = context({ cells: cells() });
    const rule = "-m limit --limit 1/hour --limit-burst 1";
    expect([ask(rule, base), ask(rule, { ...base, ruleKey: "other" }), ask(rule, base)]).toEqual([true, true, false]);
  });
});

describe("statistic", () => {
  it("counts packets from --packet on", () => {
    const base = context({ cells: cells() });
    const results = Array.from({ length: 6 }, () => ask("-m statistic --mode nth --every 3 --packet 1", base));
    expect(results).toEqual([false, true, false, false, true, false]);
    const not = context({ cells: cells() });
    expect(Array.from({ length: 3 }, () => ask("-m statistic --mode nth ! --every 3 --packet 0", not))).toEqual([false, true, true]);
  });

  it("decides at random only where that is no chance", () => {
    expect(ask("-m statistic --mode random --probability 1", context())).toBe(true);
    expect(ask("-m statistic --mode random ! --probability 1", context())).toBe(false);
    expect(ask("-m statistic --mode random --probability 0", context())).toBe(false);
    expect(ask("-m statistic --mode random --probability 0.5", context())).toHaveProperty("unknown");
  });
});

describe("recent", () => {
  const base = () => context({ cells: cells() });

  it("remembers sources, and masks them", () => {
    const about = base();
    expect(ask("-m recent --rcheck --name x", about)).toBe(false);
    expect(ask("-m recent --set --name x", about)).toBe(true);
    expect(ask("-m recent --rcheck --name x", about)).toBe(true);
    expect(ask("-m recent ! --rcheck --name x", about)).toBe(false);
    expect(ask("-m recent --rcheck --name y", about)).toBe(false);
    expect(ask("-m recent --rcheck --name x --rdest", about)).toBe(false);
    ask("-m recent --set --name net --mask 255.255.255.0", about);
    const neighbour = { ...about, packet: packet({ src: address("10.0.0.77") }) };
    expect(ask("-m recent --rcheck --name net --mask 255.255.255.0", neighbour)).toBe(true);
  });

  it("counts hits within seconds; --update adds one, --rcheck does not", () => {
    const about = base();
    ask("-m recent --set", at(0, about));
    const rule = "-m recent --update --seconds 10 --hitcount 2";
    expect(ask(rule, at(1, about))).toBe(false);
    ask("-m recent --set", at(2, about));
    expect(ask(rule, at(3, about))).toBe(true);
    expect(ask("-m recent --rcheck --seconds 10 --hitcount 4", at(4, about))).toBe(false);
    expect(ask(rule, at(12.5, about))).toBe(false);
    expect(ask("-m recent --rcheck --seconds 10", at(13, about))).toBe(true);
    expect(ask("-m recent --rcheck --seconds 10", at(13.001, about))).toBe(false);
  });

  it("removes addresses", () => {
    const about = base();
    expect(ask("-m recent --remove", about)).toBe(false);
    ask("-m recent --set", about);
    expect(ask("-m recent --remove", about)).toBe(true);
    expect(ask("-m recent --rcheck", about)).toBe(false);
  });

  it("compares the TTL that the packet came with", () => {
    const about = base();
    ask("-m recent --set", about);
    expect(ask("-m recent --rcheck --rttl", about)).toBe(true);
    expect(ask("-m recent --rcheck --rttl", { ...about, packet: packet({ ttl: 60 }) })).toBe(false);
    expect(ask("-m recent --rcheck --rttl", { ...about, hook: "FORWARD", out: "eth1", packet: packet({ ttl: 63 }) })).toBe(true);
  });

  it("reaps an old entry and forgets the oldest of more than a hundred", () => {
    const about = base();
    ask("-m recent --set", at(0, about));
    ask("-m recent --rcheck --seconds 5 --reap", at(10, about));
    expect(ask("-m recent --rcheck", at(10, about))).toBe(false);
    for (let i = 0; i <= 100; i++) ask("-m recent --set", { ...about, packet: packet({ src: (address("10.9.0.0") as number) + i }) });
    expect(ask("-m recent --rcheck", { ...about, packet: packet({ src: address("10.9.0.0") }) })).toBe(false);
    expect(ask("-m recent --rcheck", { ...about, packet: packet({ src: address("10.9.0.1") }) })).toBe(true);
  });
});

describe("hashlimit", () => {
  const matches = (rules: readonly string[], rate: string) => {
    const base = context({ cells: cells() });
    return rules.map((ruleKey) =>
      ask(`-m hashlimit --hashlimit-upto ${rate} --hashlimit-burst 2 --hashlimit-name table`, { ...base, ruleKey }),
    );
  };

  it("allows for the time that a packet takes which comes round to it again", () => {
    expect(matches(["one", "one", "one"], "1000/sec")).toEqual([true, true, { unknown: expect.stringContaining("clock") }]);
    expect(matches(["one", "one", "one"], "10/sec")).toEqual([true, true, false]);
  });

  it("does not where another rule has asked its table", () => {
    expect(matches(["one", "two", "three"], "1000/sec")).toEqual([true, true, false]);
  });
});
