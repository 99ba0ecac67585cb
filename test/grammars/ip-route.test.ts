import { describe, expect, it } from "vitest";
import { readRouteLine } from "../../grammars/ip-route.ts";

const words = (text: string) => {
  const { value } = readRouteLine(text);
  if (value?.kind !== "route") throw new Error(`not a route: ${text}`);
  return value.attributes.map(({ name, values }) => [name.text, ...values.map((word) => word.text)].join(" "));
};

describe("a line of ip route", () => {
  it("takes names that are keywords elsewhere for what they are", () => {
    expect(words("10.0.0.0/8 via 10.0.0.1 dev metric table src metric 10")).toEqual([
      "via 10.0.0.1",
      "dev metric",
      "table src",
      "metric 10",
    ]);
  });

  it("keeps a keyword apart from a longer one that begins with it", () => {
    expect(words("default via inet6 fe80::1 dev tos0 realms 3/4 rttvar 5 offload_failed")).toEqual([
      "via inet6 fe80::1",
      "dev tos0",
      "realms 3/4",
      "rttvar 5",
      "offload_failed",
    ]);
  });

  it("gives an encapsulation all its words, whatever they mean elsewhere", () => {
    expect(words("10.0.0.0/8 encap ip id 1 src 1.1.1.1 dst 2.2.2.2 ttl 0 via 10.0.0.1 dev eth0")).toEqual([
      "encap ip id 1 src 1.1.1.1 dst 2.2.2.2 ttl 0",
      "via 10.0.0.1",
      "dev eth0",
    ]);
  });

  it("reads nexthops on the line of the route and on their own", () => {
    expect(readRouteLine("default nh_info id 1 group 2/3 nexthop dev a nexthop dev b").value).toMatchObject({ nexthops: [{}, {}] });
    expect(readRouteLine("\tnexthop via 10.0.0.1 dev a weight 1 linkdown").value).toMatchObject({ kind: "nexthops", nexthops: [{}] });
    expect(readRouteLine("\tnh_info id 100 group 10,2/11 scope global proto unspec").value).toEqual({ kind: "details" });
  });

  it.each([
    ["default via", "expected an address after via, found the end of the line", 12, 1],
    ["default dev eth0 foo 1", 'expected an attribute of a route (via, dev, src, metric …), found "foo"', 18, 3],
    ["local", "expected a value after local, found the end of the line", 6, 1],
    ["10.0.0.0/8 metric  ", "expected a number after metric, found the end of the line", 18, 1],
    ["default encap via 10.0.0.1", 'expected a type of encapsulation, found "via"', 15, 3],
  ])("says where %j departs from the grammar", (text, message, column, span) => {
    expect(readRouteLine(text).faults).toEqual([{ message, column, span }]);
    expect(readRouteLine(text).value).toBeUndefined();
  });
});
