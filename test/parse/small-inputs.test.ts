import { describe, expect, it } from "vitest";
import { parseFdb } from "../../src/parse/bridge-fdb.ts";
import { parseBridgeLinks } from "../../src/parse/bridge-link.ts";
import { parseBridgeVlans } from "../../src/parse/bridge-vlan.ts";
import { parseNeighbours } from "../../src/parse/ip-neigh.ts";
import { parseNetnsIds, parseNetnsNames } from "../../src/parse/netns-ids.ts";
import { parseSysctl } from "../../src/parse/sysctl.ts";
import { places, recorded } from "./recording.ts";

describe("ip -j neigh", () => {
  it("reads neighbours with and without an address", () => {
    expect(parseNeighbours(recorded("ip-neigh.json"), "n")).toEqual({
      value: [
        { address: 0x0a140009, device: "br0", mac: 9 + 0x020000000000, state: ["PERMANENT"] },
        { address: 0x0a14000a, device: "br0", state: ["FAILED"] },
      ],
      problems: [],
    });
  });

  it("reads the text form, with statistics or without", () => {
    const text = [
      "203.0.113.1 dev wan0 INCOMPLETE ",
      "10.20.0.11 dev br0 lladdr c2:e7:e9:41:65:14  ref 1 used 2/62/2probes 0 DELAY ",
      "fe80::1 dev wan0 lladdr 02:aa:00:00:00:01 router STALE",
      "10.0.0.1 dev gre1 lladdr 192.0.2.1 PERMANENT proxy",
    ].join("\n");
    expect(parseNeighbours(text, "n")).toEqual({
      value: [
        { address: 0xcb007101, device: "wan0", state: ["INCOMPLETE"] },
        { address: 0x0a14000b, device: "br0", mac: 0xc2e7e9416514, state: ["DELAY"] },
        { address: 0xfe80n * 2n ** 112n + 1n, device: "wan0", mac: 0x02aa00000001, state: ["STALE"] },
        { address: 0x0a000001, device: "gre1", state: ["PERMANENT"] },
      ],
      problems: [],
    });
    expect(places(parseNeighbours("10.0.0.1 STALE\nx dev a STALE\n10.0.0.1 dev a nonsense", "n").problems)).toEqual([
      "n:1:1+8 expected dev and a device name after 10.0.0.1",
      'n:2:1+1 expected an address, found "x"',
      'n:3:16+8 expected an attribute or a state (dev, lladdr, REACHABLE, STALE …), found "nonsense"',
    ]);
  });

  it("names the path of what is wrong", () => {
    expect(places(parseNeighbours('[{"dst":"x","dev":"a","state":"STALE"}]', "n").problems)).toEqual([
      'n:1:9+3 [0].dst: expected an address, found "x"',
      'n:1:31+7 [0].state: expected a list, found "STALE"',
    ]);
  });
});

describe("bridge -j fdb", () => {
  it("reads entries of ports and of the bridge itself", () => {
    const { value, problems } = parseFdb(recorded("bridge-fdb.json"), "f");
    expect(problems).toEqual([]);
    expect(value).toContainEqual({ mac: 0x020000000009, device: "veth1", master: "br0", state: "static", flags: [] });
    expect(value.every(({ device }) => ["veth1", "br0"].includes(device))).toBe(true);
    expect(parseFdb('[{"mac":"02:00:00:00:00:01","ifname":"a","vlan":7,"flags":["self"],"state":"permanent"}]', "f").value).toEqual([
      { mac: 0x020000000001, device: "a", vlan: 7, state: "permanent", flags: ["self"] },
    ]);
  });
});

describe("bridge fdb", () => {
  it("reads the text form", () => {
    const text = [
      "33:33:00:00:00:01 dev br0 self permanent",
      "02:00:00:00:00:09 dev veth1 vlan 7 master br0 static",
      "02:00:00:00:00:0a dev vx100 dst 192.0.2.9 self extern_learn",
    ].join("\n");
    expect(parseFdb(text, "f")).toEqual({
      value: [
        { mac: 0x333300000001, device: "br0", state: "permanent", flags: ["self"] },
        { mac: 0x020000000009, device: "veth1", master: "br0", vlan: 7, state: "static", flags: [] },
        { mac: 0x02000000000a, device: "vx100", state: "", flags: ["self", "extern_learn"] },
      ],
      problems: [],
    });
    expect(places(parseFdb("02:00:00:00:00:0 dev a self\n02:00:00:00:00:01 self\n02:00:00:00:00:01 dev a vlan x", "f").problems)).toEqual([
      'f:1:1+16 expected an Ethernet address, found "02:00:00:00:00:0"',
      "f:2:1+17 expected dev and a device name after 02:00:00:00:00:01",
      'f:3:30+1 expected a VLAN\'s number after vlan, found "x"',
    ]);
  });
});

describe("bridge link", () => {
  const header = (index: number, name: string) =>
    `${index}: ${name}: <BROADCAST,UP,LOWER_UP> mtu 1500 master br0 state forwarding priority 32 cost 2 `;

  it("reads the text form, with -d or without", () => {
    const text = [
      header(5, "veth0@if2"),
      "    hairpin on guard off learning off flood on isolated on mcast_flood off bcast_flood on ",
      header(6, "p@q"),
    ];
    const { value, problems } = parseBridgeLinks(text.join("\n"), "b");
    expect(problems).toEqual([]);
    expect(value).toMatchObject([
      {
        device: "veth0",
        port: { bridge: "br0", state: "forwarding", hairpin: true, learning: false, isolated: true, multicastFlood: false },
      },
      { device: "p", port: { bridge: "br0", hairpin: false, learning: true } },
    ]);
    expect(places(parseBridgeLinks(`link/ether 02:00:00:00:00:01\n${header(5, "a")}`, "b").problems)).toEqual([
      'b:1:1+1 expected a port (2: eth0: <UP,…> … master br0), found "link/ether"',
    ]);
  });
});

describe("bridge -j vlan", () => {
  it("reads single VLANs and ranges", () => {
    const json =
      '[{"ifname":"a","vlans":[{"vlan":1,"flags":["PVID","Egress Untagged"]},{"vlan":10,"vlanEnd":20}]},{"ifname":"b","vlans":[]}]';
    expect(parseBridgeVlans(json, "v")).toEqual({
      value: [
        { device: "a", first: 1, last: 1, pvid: true, untagged: true },
        { device: "a", first: 10, last: 20, pvid: false, untagged: false },
      ],
      problems: [],
    });
  });
});

describe("sysctl", () => {
  it("writes names with dots alone, whatever the separator was", () => {
    const text =
      "net.ipv4.ip_forward = 1\nnet.ipv4.conf.eth0/10.rp_filter=2\nnet/ipv4/conf/eth0.11/rp_filter = 0\nnet.ipv4.tcp_rmem = 4096\t131072\t6291456\n";
    expect([...parseSysctl(text, "s").value]).toEqual([
      ["net.ipv4.ip_forward", "1"],
      ["net.ipv4.conf.eth0.10.rp_filter", "2"],
      ["net.ipv4.conf.eth0.11.rp_filter", "0"],
      ["net.ipv4.tcp_rmem", "4096\t131072\t6291456"],
    ]);
  });

  it("passes over comments and complaints of sysctl itself, and reports the rest", () => {
    const { value, problems } = parseSysctl("# c\n; c\nsysctl: permission denied on key 'fs.x'\nnonsense here\na.b =\n", "s");
    expect([...value]).toEqual([["a.b", ""]]);
    expect(places(problems)).toEqual(['s:4:1+13 expected a setting (net.ipv4.ip_forward = 1), found "nonsense here"']);
  });
});

describe("ip netns", () => {
  it("reads names with and without numbers, text and JSON", () => {
    const names = [{ id: 2, name: "guest" }, { name: "db" }];
    expect(parseNetnsNames("guest (id: 2)\ndb\n", "i")).toEqual({ value: names, problems: [] });
    expect(parseNetnsNames('[{"name":"guest","id":2},{"name":"db"}]', "i")).toEqual({ value: names, problems: [] });
    expect(parseNetnsNames("nsid 4 ", "i").value).toEqual([{ id: 4 }]);
    expect(parseNetnsNames("two words", "i").problems).toHaveLength(1);
  });
});

describe("ip netns list-id", () => {
  it("reads ids with their names, text and JSON", () => {
    expect([...parseNetnsIds(recorded("netns-ids.txt"), "i").value]).toEqual([[0, "ntrec-web"]]);
    expect(parseNetnsIds("nsid 0 \nnsid 1 current-nsid 0 (iproute2 netns name: a b)\n", "i")).toEqual({
      value: new Map([[1, "a b"]]),
      problems: [],
    });
    expect([...parseNetnsIds('[{"nsid":3,"name":"x"},{"nsid":4}]', "i").value]).toEqual([[3, "x"]]);
    expect(places(parseNetnsIds("id 0", "i").problems)).toEqual([
      'i:1:1+4 expected "nsid NUMBER (iproute2 netns name: NAME)" or "NAME (id: NUMBER)", found "id 0"',
    ]);
  });
});
