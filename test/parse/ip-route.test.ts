import { describe, expect, it } from "vitest";
import { formatAddress, formatPrefix } from "../../src/model/address.ts";
import type { Route } from "../../src/model/host.ts";
import { parseRoutes, parseRoutesByFamily } from "../../src/parse/ip-route.ts";
import { places, recorded } from "./recording.ts";

const one = (text: string, family: 4 | 6 = 4): Route => {
  const { value, problems } = parseRoutes(text, "r", family);
  expect(problems).toEqual([]);
  expect(value).toHaveLength(1);
  return value[0] as Route;
};
const brief = ({ type, destination, table, nexthops, metric }: Route) =>
  [
    type,
    formatPrefix(destination),
    table,
    metric,
    ...nexthops.map(({ via, device, weight }) => `${via === undefined ? "-" : formatAddress(via)} ${device} ${weight}`),
  ].join(" ");
const sansLine = (routes: readonly Route[]) => routes.map(({ line, ...route }) => route);

describe("ip route, text", () => {
  it("fills in what iproute2 leaves out", () => {
    expect(one("default via 192.0.2.1 dev eth0 ")).toEqual({
      type: "unicast",
      destination: { address: 0, length: 0 },
      table: "main",
      nexthops: [{ via: 0xc0000201, device: "eth0", weight: 1, flags: [] }],
      metric: 0,
      tos: 0,
      text: "default via 192.0.2.1 dev eth0",
      line: 1,
    });
  });

  it("reads all that is modelled", () => {
    const text =
      "local 10.0.0.1 tos 0x10 via 10.0.0.2 dev eth0 table 100 proto static scope host src 10.0.0.3 metric 20 onlink linkdown realm 7 mtu lock 1400";
    expect(one(text)).toMatchObject({
      type: "local",
      destination: { address: 0x0a000001, length: 32 },
      table: "100",
      nexthops: [{ flags: ["onlink", "linkdown"] }],
      source: 0x0a000003,
      metric: 20,
      tos: 16,
      scope: "host",
      protocol: "static",
      mtu: 1400,
      realm: 7,
    });
    expect(one(text).unmodelled).toBeUndefined();
  });

  it("keeps the words of what is not modelled, but not of what decides nothing", () => {
    expect(one("10.0.0.0/8 encap mpls 100 via 10.0.0.2 dev eth0 hoplimit 3 realms 3/4").unmodelled).toEqual([
      ...["encap", "mpls", "100", "hoplimit", "3", "realms", "3/4"],
    ]);
    expect(one("10.0.0.0/8 dev eth0 window 65535 rtt 200ms initcwnd 20 quickack 1").unmodelled).toBeUndefined();
    expect(one("2001:db8::/64 dev eth0 metric 1024 expires 596sec pref high", 6).unmodelled).toBeUndefined();
    expect(one("10.0.0.0/8 nhid 7").unmodelled).toEqual(["nhid", "7"]);
  });

  it("joins nexthops with the route above them, with its line", () => {
    const [first, second] = parseRoutes(
      "10.0.0.0/8 \n\tnexthop via 10.1.0.1 dev a weight 3 \n\tnexthop dev b weight 1 linkdown \ndefault dev c",
      "r",
      4,
    ).value;
    expect(first?.nexthops).toEqual([
      { via: 0x0a010001, device: "a", weight: 3, flags: [] },
      { device: "b", weight: 1, flags: ["linkdown"] },
    ]);
    expect(first?.text).toBe("10.0.0.0/8 nexthop via 10.1.0.1 dev a weight 3 nexthop dev b weight 1 linkdown");
    expect(second?.line).toBe(4);
  });

  it("knows numbers by their names (ip -N)", () => {
    expect(one("9 10.0.0.0/8 dev a table 254 proto 2 scope 253")).toMatchObject({
      type: "throw",
      table: "main",
      protocol: "kernel",
      scope: "link",
    });
  });

  it("tells the family of a default route by its gateway, source or preference", () => {
    const text =
      "default via inet6 fe80::1 dev a \ndefault via fe80::1 dev b \ndefault dev c metric 1024 pref medium\ndefault dev d src 10.0.0.1\ndefault dev e";
    const devices = (routes: readonly Route[]) => routes.map(({ nexthops }) => nexthops[0]?.device).join("");
    const four = parseRoutesByFamily(text, "r", 4).value;
    expect([devices(four.four), devices(four.six)]).toEqual(["ade", "bc"]);
    const six = parseRoutesByFamily(text, "r", 6).value;
    expect([devices(six.four), devices(six.six)]).toEqual(["ad", "bce"]);
  });

  it("passes over comments, blank lines, Windows line ends and a byte order mark", () => {
    expect(parseRoutes("\uFEFF# ip route\r\n\r\ndefault dev a\r\n", "r", 4).value).toMatchObject([{ line: 3, text: "default dev a" }]);
  });

  it("reports all problems of a file and reads the rest", () => {
    const text =
      "default via 10.0.0.300 dev a\n10.0.0.0/33 dev b\n10.0.0.0/8 dev\n\tnexthop dev x\n10.1.0.0/16 dev c metric many mtu 12a\n10.2.0.0/16 dev d";
    const { value, problems } = parseRoutes(text, "routes.txt", 4);
    expect(places(problems)).toEqual([
      'routes.txt:1:13+10 expected an address after via, found "10.0.0.300"',
      'routes.txt:2:1+11 expected a prefix, an address or "default", found "10.0.0.0/33"',
      "routes.txt:3:15+1 expected a device name after dev, found the end of the line",
      'routes.txt:5:26+4 expected a number after metric, found "many"',
      'routes.txt:5:35+3 expected a number after mtu, found "12a"',
    ]);
    expect(problems[3]?.source).toBe("10.1.0.0/16 dev c metric many mtu 12a");
    expect(value.at(-1)?.line).toBe(6);
  });

  it("gives columns of the whole line where ip -o joins lines", () => {
    const { problems } = parseRoutes("10.0.0.0/8 \\\tnexthop via x dev a weight 1", "r", 4);
    expect(places(problems)).toEqual(['r:1:26+1 expected an address after via, found "x"']);
  });

  it("reports nexthops without a route", () => {
    expect(places(parseRoutes("\tnexthop dev a", "r", 4).problems)).toEqual(["r:1:1+14 expected a route before its nexthops"]);
  });
});

describe("ip route, JSON", () => {
  it("means the same as the text of the same state", () => {
    for (const form of ["ip-route", "ip-d-route"]) {
      const text = parseRoutesByFamily(recorded(`${form}.txt`), "t", 4);
      const json = parseRoutesByFamily(recorded(`${form}.json`), "j", 4);
      expect([...text.problems, ...json.problems]).toEqual([]);
      expect(text.value.four.length + text.value.six.length).toBe(recorded(`${form}.txt`).match(/^\S/gm)?.length);
      expect(sansLine(json.value.four)).toEqual(sansLine(text.value.four));
      expect(sansLine(json.value.six)).toEqual(sansLine(text.value.six));
    }
  });

  it("means the same on one line and with numbers for names", () => {
    const text = parseRoutesByFamily(recorded("ip-route.txt"), "t", 4).value;
    for (const form of ["ip-o-route.txt", "ip-N-route.txt"]) {
      const other = parseRoutesByFamily(recorded(form), form, 4);
      expect(other.problems).toEqual([]);
      expect(other.value.four.map(brief)).toEqual(text.four.map(brief));
      expect(other.value.six.map(brief)).toEqual(text.six.map(brief));
    }
  });

  it("takes an empty file and objects that were filtered out for nothing", () => {
    for (const text of ["", " \n", "[]", "[{}]"]) expect(parseRoutes(text, "r", 4)).toEqual({ value: [], problems: [] });
  });

  it("names the path of what is wrong", () => {
    const text =
      '[\n {"dst":"default","gateway":"x","dev":"a"},\n {"dst":5},\n {"dev":"b"},\n {"dst":"10.0.0.0/8","dev":"c","flags":[]}\n]';
    const { value, problems } = parseRoutes(text, "r.json", 4);
    expect(places(problems)).toEqual([
      "r.json:3:9+1 [1].dst: expected a string, found 5",
      "r.json:4:2+11 [2].dst: expected a string, found nothing",
      'r.json:2:29+3 [0].gateway: expected an address after via, found "x"',
    ]);
    expect(value.map(({ text: written }) => written)).toContain("10.0.0.0/8 dev c");
  });

  it("says where a file stops being JSON", () => {
    expect(places(parseRoutes('[{"dst":"default",}]', "r", 4).problems)).toEqual([
      'r:1:19+1 not JSON: expected a key in double quotes or "}", found "}"',
    ]);
    expect(places(parseRoutes('[{"dst":"default"', "r", 4).problems)).toEqual([
      'r:1:18+1 not JSON: expected "," or "}", found the end of the file',
    ]);
    expect(places(parseRoutes('{"dst":"default"}', "r", 4).problems)).toEqual(["r:1:1+17 the file: expected a list, found an object"]);
  });
});

describe("route -n and netstat -rn", () => {
  const main = (family: 4 | 6) => parseRoutes(recorded("ip-route.txt"), "t", family).value.filter(({ table }) => table === "main");

  it("tells the same main table, as far as its columns go", () => {
    const { value, problems } = parseRoutes(recorded("route-n.txt"), "n", 4);
    expect(problems).toEqual([]);
    // It has one nexthop of each route only, no IPv6 gateways, and calls everything that rejects alike.
    const told = main(4).map((route) => brief({ ...route, nexthops: route.nexthops.slice(0, 1).map((hop) => ({ ...hop, weight: 1 })) }));
    const same = told.map((text) => text.replace("fe80::5", "-").replace("prohibit", "unreachable"));
    expect(value.map(brief).sort()).toEqual(same.sort());
    const netstat = parseRoutes(recorded("netstat-rn.txt"), "n", 4);
    expect(netstat.problems).toEqual([]);
    expect(netstat.value.map(({ destination }) => formatPrefix(destination))).toEqual(
      value.map(({ destination }) => formatPrefix(destination)),
    );
  });

  it("reads the IPv6 table with its local addresses", () => {
    const { value, problems } = parseRoutes(recorded("route-6-n.txt"), "n", 6);
    expect(problems).toEqual([]);
    expect(value.filter(({ type }) => type === "local").map(({ destination }) => formatPrefix(destination))).toContain("2001:db8::1");
    expect(value.map(brief)).toContain("unicast 2001:db8:1::/64 main 1024 2001:db8::9 br0 1");
  });

  it("reports what does not fit its columns", () => {
    const text =
      "Kernel IP routing table\nDestination Gateway Genmask Flags Metric Ref Use Iface\n10.0.0.0 x 255.0.0.0 UG 0 0 0 a\n10.0.0.0 0.0.0.0 255.0.255.0 U 0 0 0 a\n10.0.0.0 0.0.0.0 U";
    expect(places(parseRoutes(text, "n", 4).problems)).toEqual([
      'n:3:10+1 expected the address of a gateway, found "x"',
      'n:4:18+11 expected a network mask, found "255.0.255.0"',
      "n:5:18+1 expected 8 columns as in the heading, found 3",
    ]);
  });
});
