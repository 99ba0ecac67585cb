import { describe, expect, it } from "vitest";
import { evidence } from "../../src/explain/evidence.ts";
import { headline } from "../../src/explain/way.ts";
import { replayed, router, udp } from "../engine/router.ts";

function told(...rules: readonly string[]) {
  const chains = ["PREROUTING", "INPUT", "FORWARD", "OUTPUT", "POSTROUTING"].map((chain) => `:${chain} ACCEPT [0:0]`);
  const host = router({ "iptables-save.txt": ["*mangle", ...chains, ...rules, "COMMIT", ""].join("\n") });
  const [trace] = replayed(host, [{ at: 0, device: "lan", packet: udp("10.0.0.5:5000", "198.51.100.7:53", "a") }]);
  if (!trace) throw new Error("no trace");
  return { trace, lines: evidence(trace, trace.way) };
}

describe("what became of copies", () => {
  it.each([
    ["10.1.0.9", "", "Its copy (TEE) was sent out of dmz"],
    ["10.0.0.1", "", "Its copy (TEE) was delivered"],
    ["10.1.0.9", "-A OUTPUT -j DROP", "Its copy (TEE) was dropped: by mangle OUTPUT 1"],
  ])("TEE to %s %s: %s", (gateway, rule, words) => {
    const { trace, lines } = told(`-A FORWARD -j TEE --gateway ${gateway}`, ...(rule === "" ? [] : [rule]));
    expect(lines.at(-1)).toBe(words);
    expect(headline(trace, trace.way)).toBe("forwarded lan → wan");
  });

  it("names the rule that hands a packet to a program", () => {
    const { trace } = told("-A FORWARD -j NFQUEUE --queue-num 1");
    expect(headline(trace, trace.way)).toBe("held back: mangle FORWARD 1 hands it to a program (NFQUEUE), which decides");
  });
});
