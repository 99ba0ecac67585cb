import { describe, expect, it } from "vitest";
import { parseFdb } from "../../src/parse/bridge-fdb.ts";
import { parseBridgeVlans } from "../../src/parse/bridge-vlan.ts";
import { parseNeighbours } from "../../src/parse/ip-neigh.ts";
import { parseNetnsIds } from "../../src/parse/netns-ids.ts";
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

describe("ip netns list-id", () => {
  it("reads ids with their names, text and JSON", () => {
    expect([...parseNetnsIds(recorded("netns-ids.txt"), "i").value]).toEqual([[0, "ntrec-web"]]);
    expect(parseNetnsIds("nsid 0 \nnsid 1 current-nsid 0 (iproute2 netns name: a b)\n", "i")).toEqual({
      value: new Map([[1, "a b"]]),
      problems: [],
    });
    expect([...parseNetnsIds('[{"nsid":3,"name":"x"},{"nsid":4}]', "i").value]).toEqual([[3, "x"]]);
    expect(places(parseNetnsIds("id 0", "i").problems)).toEqual([
      'i:1:1+4 expected "nsid NUMBER (iproute2 netns name: NAME)", found "id 0"',
    ]);
  });
});
