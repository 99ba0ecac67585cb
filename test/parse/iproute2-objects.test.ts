import { describe, expect, it } from "vitest";
import { parseBrctlShow } from "../../src/parse/brctl-show.ts";
import { parseMulticastEntries } from "../../src/parse/bridge-mdb.ts";
import { parseBridgeVlans } from "../../src/parse/bridge-vlan.ts";
import { parseDeviceGroups } from "../../src/parse/ip-maddr.ts";
import { parseNetconf } from "../../src/parse/ip-netconf.ts";
import { parseNexthops } from "../../src/parse/ip-nexthop.ts";
import { places, recorded } from "./recording.ts";

describe("text and JSON of the same state", () => {
  it.each([
    ["ip-nexthop", parseNexthops, 8],
    ["ip-netconf", parseNetconf, 16],
    ["ip-maddr", parseDeviceGroups, 6],
    ["bridge-d-mdb", parseMulticastEntries, 9],
    ["bridge-mdb", parseMulticastEntries, 9],
  ] as const)("of %s are the same", (name, parse, count) => {
    const text = parse(recorded(`${name}.txt`), "f");
    const json = parse(recorded(`${name}.json`), "f");
    expect(text.problems).toEqual([]);
    expect(json.problems).toEqual([]);
    expect(text.value).toEqual(json.value);
    expect(text.value).toHaveLength(count);
  });
});

describe("ip nexthop", () => {
  it("has gateways, groups with weights and timers, and blackholes", () => {
    const { value } = parseNexthops(recorded("ip-nexthop.txt"), "f");
    expect(value[1]).toEqual({ id: 2, gateway: "10.0.0.3", device: "br0", scope: "link", blackhole: false, fdb: false, flags: ["onlink"] });
    expect(value[3]).toEqual({ id: 4, blackhole: true, fdb: false, flags: [] });
    expect(value[5]?.group).toEqual([
      { id: 1, weight: 3 },
      { id: 2, weight: 1 },
    ]);
    expect(value[6]).toMatchObject({ type: "resilient", resilient: { buckets: 8, idle_timer: 120 } });
  });

  it("says where something else stands", () => {
    const text = "id x via 10.0.0.1\nid 1 via y\nid 2 group 1,z\nvia 10.0.0.1\nid 3 dev\nid 4 what";
    expect(places(parseNexthops(text, "f").problems)).toEqual([
      'f:1:4+1 expected a number after id, found "x"',
      "f:1:1+2 expected id and the number of a nexthop",
      'f:2:10+1 expected an address after via, found "y"',
      'f:3:12+3 expected numbers of nexthops with their weights (1,3/2) after group, found "1,z"',
      "f:4:1+3 expected id and the number of a nexthop",
      "f:5:6+3 expected a device name after dev, found the end of the line",
      'f:6:6+4 expected an attribute of a nexthop (via, dev, scope, proto, group, type, blackhole, fdb, onlink …), found "what"',
    ]);
  });
});

describe("ip netconf", () => {
  it("has switches and the strictness of the reverse path filter", () => {
    const { value } = parseNetconf("inet lo forwarding on rp_filter strict mc_forwarding off \nipv6 dev all forwarding off \n", "f");
    expect(value).toEqual([
      { family: "inet", device: "lo", settings: { forwarding: true, rp_filter: "strict", mc_forwarding: false } },
      { family: "inet6", device: "all", settings: { forwarding: false } },
    ]);
    expect(places(parseNetconf("inet lo forwarding maybe\nfoo lo forwarding on\ninet", "f").problems)).toEqual([
      'f:1:20+5 expected on or off after forwarding, found "maybe"',
      'f:2:1+3 expected a family (inet, inet6, mpls), found "foo"',
      "f:3:5+1 expected a value after inet, found the end of the line",
    ]);
  });
});

describe("ip maddr", () => {
  it("lists the groups of each device", () => {
    const text = "2:\teth0\n\tlink  33:33:00:00:00:01 users 2\n\tlink  01:00:5e:00:00:01 static\n\tinet6 FF02::1\n";
    expect(parseDeviceGroups(text, "f")).toEqual({
      value: [
        {
          index: 2,
          name: "eth0",
          addresses: [
            { family: "link", address: "33:33:00:00:00:01", users: 2 },
            { family: "link", address: "01:00:5e:00:00:01", static: true },
            { family: "inet6", address: "ff02::1" },
          ],
        },
      ],
      problems: [],
    });
    expect(places(parseDeviceGroups("\tinet 224.0.0.1\n2:\teth0\n\tinet x\n\tother y\n", "f").problems)).toEqual([
      "f:1:2+4 expected a device (2: eth0) before its addresses",
      'f:3:7+1 expected an address after inet, found "x"',
      'f:4:2+5 expected a device (2: eth0), link, inet or inet6, found "other"',
    ]);
  });
});

describe("bridge mdb", () => {
  it("has groups of all kinds, with sender and VLAN", () => {
    expect(parseMulticastEntries("dev br0 port v0 grp 239.1.1.2 src 10.0.0.9 permanent offload proto static vid 10\n", "f").value).toEqual([
      {
        ...{ bridge: "br0", port: "v0", group: "239.1.1.2", source: "10.0.0.9", vlan: 10 },
        ...{ state: "permanent", protocol: "static", flags: ["offload"] },
      },
    ]);
    expect(places(parseMulticastEntries("dev br0 grp 239.1.1.2\ndev br0 port v0 grp x temp", "f").problems)).toEqual([
      "f:1:1+3 expected port and a port in the line",
      'f:2:21+1 expected a group\'s address after grp, found "x"',
    ]);
  });
});

describe("bridge vlan", () => {
  it("reads the text of old and new ones", () => {
    const now = [
      "port              vlan-id  ",
      "v0                1 Egress Untagged",
      "                  10 PVID Egress Untagged",
      "                      state forwarding mcast_router 1",
      "v1                20-29",
    ].join("\n");
    const before = "port\tvlan ids\nv0\t 1 Egress Untagged\n\t 10 PVID Egress Untagged\n\nv1\t 20-29\n\nv2\tNone\n";
    const vlans = [
      { device: "v0", first: 1, last: 1, pvid: false, untagged: true },
      { device: "v0", first: 10, last: 10, pvid: true, untagged: true },
      { device: "v1", first: 20, last: 29, pvid: false, untagged: false },
    ];
    for (const text of [now, before]) expect(parseBridgeVlans(text, "f")).toEqual({ value: vlans, problems: [] });
    expect(places(parseBridgeVlans("  10 PVID\nv0 x\nv0 1 other", "f").problems)).toEqual([
      'f:1:3+2 expected a port before its VLANs, found "10"',
      'f:2:4+1 expected a VLAN (10) or several (20-29), found "x"',
      'f:3:6+5 expected PVID or Egress Untagged, found "other"',
    ]);
  });
});

describe("brctl show", () => {
  it("has bridges with and without ports", () => {
    const text =
      "bridge name\tbridge id\t\tSTP enabled\tinterfaces\nbr-lan\t\t1000.162296e82c50\tyes\t\ttap0\n\t\t\t\t\t\t\tvg0\nbr0\t\t8000.000000000000\tno\t\t\n";
    expect(parseBrctlShow(text, "f")).toEqual({
      value: [
        { name: "br-lan", id: "1000.162296e82c50", stp: true, ports: ["tap0", "vg0"] },
        { name: "br0", id: "8000.000000000000", stp: false, ports: [] },
      ],
      problems: [],
    });
    expect(places(parseBrctlShow("\tport\nbr0 x no\nbr0 8000.000000000000 maybe", "f").problems)).toEqual([
      'f:1:2+4 expected a bridge before its ports, found "port"',
      'f:2:5+1 expected a bridge and its id (8000.1e148ef8e6d6), found "x"',
      "f:3:23+5 expected yes or no after the id of a bridge",
    ]);
  });
});
