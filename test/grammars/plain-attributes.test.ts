import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { readRouteLine } from "../../grammars/ip-route.ts";
import { readRuleLine } from "../../grammars/ip-rule.ts";

const BLANKS = [" ", " ", " ", "\t", "  ", " \f"];
const ROUTE_WORDS = [
  ...["default", "10.0.0.0/8", "local", "blackhole", "5", "via", "dev", "src", "metric", "mtu", "lock", "proto", "inet", "inet6"],
  ...["onlink", "linkdown", "encap", "as", "to", "nexthop", "nh_info", "table", "eth0", "foo", "kernel", "weight", "1", "\u00a0"],
];
const RULE_WORDS = [
  ...["0:", "32766:", "5", "not", "from", "all", "to", "10.0.0.0/8", "lookup", "main", "goto", "nop", "unreachable", "[detached]"],
  ...["fwmark", "0x1/0xff", "iif", "eth0", "foo", "l3mdev", "suppress_prefixlength", "\u00a0"],
];

function lines(words: readonly string[], starts: readonly string[]) {
  const rest = fc.array(fc.tuple(fc.constantFrom(...BLANKS), fc.constantFrom(...words)), { maxLength: 9 });
  const edge = fc.constantFrom("", "", " ", "\t");
  return fc
    .tuple(edge, fc.oneof(fc.constantFrom(...starts), fc.constantFrom(...words)), rest, edge)
    .map(([before, start, more, after]) => before + start + more.flat().join("") + after);
}

describe("lines that are read without their grammar", () => {
  it("are routes as the grammar reads them", () => {
    const starts = ["default via 10.0.0.1 dev eth0", "local 10.0.0.1 dev eth0 table local", "10.0.0.0/8 dev eth0 proto kernel"];
    let whole = 0;
    const same = (line: string) => {
      const read = readRouteLine(line);
      expect(read).toEqual(readRouteLine(line, true));
      if (read.value?.kind === "route") whole++;
    };
    fc.assert(fc.property(lines(ROUTE_WORDS, starts), same), { numRuns: 5000 });
    expect(whole).toBeGreaterThan(300);
  });

  it("are policy rules as the grammar reads them", () => {
    let whole = 0;
    const same = (line: string) => {
      const read = readRuleLine(line);
      expect(read).toEqual(readRuleLine(line, true));
      if (read.value) whole++;
    };
    const starts = ["0:\tfrom all lookup local", "32766: from all", "100: not from 10.0.0.0/8 lookup main"];
    fc.assert(fc.property(lines(RULE_WORDS, starts), same), { numRuns: 5000 });
    expect(whole).toBeGreaterThan(300);
  });
});
