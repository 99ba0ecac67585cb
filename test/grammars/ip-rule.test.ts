import { describe, expect, it } from "vitest";
import { readRuleLine } from "../../grammars/ip-rule.ts";

describe("a line of ip rule", () => {
  it("reads priority, negation, selectors and action", () => {
    const { value } = readRuleLine("1000:\tnot from all to 10.0.0.0/8 iif lookup [detached] lookup to");
    expect(value?.priority.text).toBe("1000:");
    expect(value?.not).toBe(true);
    expect(value?.attributes.map(({ name, values }) => [name.text, ...values.map(({ text }) => text)])).toEqual([
      ["from", "all"],
      ["to", "10.0.0.0/8"],
      ["iif", "lookup"],
      ["[detached]"],
      ["lookup", "to"],
    ]);
  });

  it.each([
    ["from all lookup main", 'expected a priority and a colon (32766:), found "from"', 1, 4],
    ["5:\tfrom all fwmark", "expected a mark after fwmark, found the end of the line", 19, 1],
    ["5:\tfrom all jump x", 'expected a selector or an action (from, to, fwmark, iif, lookup, goto …), found "jump"', 13, 4],
    ["5:", "expected a selector or an action (from, to, fwmark, iif, lookup, goto …), found the end of the line", 3, 1],
  ])("says where %j departs from the grammar", (text, message, column, span) => {
    expect(readRuleLine(text).faults).toEqual([{ message, column, span }]);
  });
});
