import { describe, expect, it } from "vitest";
import { formatAddress, formatMac } from "../../src/model/address.ts";
import type { Device } from "../../src/model/host.ts";
import { parseBridgeLinks, withBridgeLinks } from "../../src/parse/bridge-link.ts";
import { mergeDevices } from "../../src/parse/device.ts";
import { parseLinks, showsAddresses } from "../../src/parse/ip-link.ts";
import { places, recorded } from "./recording.ts";

const read = (name: string): readonly Device[] => {
  const { value, problems } = parseLinks(recorded(name), name);
  expect(problems).toEqual([]);
  return value;
};
const one = (text: string): Device => {
  const { value, problems } = parseLinks(text, "l");
  expect(problems).toEqual([]);
  return value[0] as Device;
};
// Only the text has the other namespace's name, only JSON its number.
const comparable = (devices: readonly Device[]) => devices.map(({ linkNetns, linkNetnsId, ...device }) => device);

describe("ip link and ip addr", () => {
  it.each(["ip-link", "ip-d-link", "ip-addr", "ip-d-addr"])("%s: text and JSON of the same state are the same devices", (form) => {
    expect(comparable(read(`${form}.json`))).toEqual(comparable(read(`${form}.txt`)));
  });

  it("reads devices, ports and bridges with all that -d shows", () => {
    const devices = new Map(read("ip-d-addr.txt").map((device) => [device.name, device]));
    expect([...devices.keys()].sort()).toEqual(["br0", "lo", "veth1", "veth2", "veth3"]);
    expect(devices.get("lo")).toMatchObject({ index: 1, kind: "loopback", mtu: 65536, mac: 0, up: true, carrier: true });
    expect(devices.get("br0")).toMatchObject({
      kind: "bridge",
      bridge: { vlanFiltering: false, stp: false, multicastSnooping: false, callIptables: true, callIp6tables: false },
    });
    expect(devices.get("veth1")).toMatchObject({
      kind: "veth",
      master: "br0",
      linkIndex: 2,
      linkNetns: "ntrec-web",
      port: {
        ...{ bridge: "br0", state: "forwarding", hairpin: true, isolated: true },
        ...{ learning: false, flood: true, multicastFlood: true, broadcastFlood: true },
      },
    });
    expect(devices.get("veth2")).toMatchObject({ kind: "veth", linkName: "veth3" });
    expect(read("ip-d-link.json").find(({ name }) => name === "veth1")).toMatchObject({ linkIndex: 2, linkNetnsId: 0 });
  });

  it("reads addresses with broadcast, peer, scope and label", () => {
    const addresses = (name: string) => read("ip-addr.txt").find((device) => device.name === name)?.addresses ?? [];
    expect(addresses("br0").slice(0, 2)).toEqual([
      { address: 0x0a140001, length: 24, broadcast: 0x0a1400ff, scope: "global" },
      { address: 0x0a140002, length: 24, scope: "global", secondary: true },
    ]);
    expect(addresses("veth2")[0]).toEqual({ address: 0xc0000201, peer: 0xc0000202, length: 32, scope: "global" });
    expect(addresses("lo").map(({ scope }) => scope)).toEqual(["host", "host"]);
  });

  it("reads the same addresses from ip -o addr", () => {
    const brief = (devices: readonly Device[]) =>
      devices
        .filter(({ addresses }) => addresses.length > 0)
        .map(({ index, addresses }) => [index, ...addresses.map(({ address }) => formatAddress(address))]);
    expect(brief(read("ip-o-addr.txt"))).toEqual(brief(read("ip-addr.txt")));
  });

  it("knows which of them shows addresses", () => {
    expect(
      ["ip-link.txt", "ip-d-link.json", "ip-addr.txt", "ip-addr.json", "ip-o-addr.txt"].map((name) => showsAddresses(recorded(name))),
    ).toEqual([...[false, false, true, true, true]]);
  });

  it("takes names apart that have an @ of their own", () => {
    const header = (name: string, index: number) => `${index}: ${name}: <BROADCAST> mtu 1500 qdisc noop state DOWN`;
    const { value } = parseLinks([header("x@y@eth1.100", 7), header("eth1.100@x@y", 8), header("gre0@NONE", 9)].join("\n"), "l");
    expect(value.map(({ name, linkName }) => [name, linkName])).toEqual([
      ["x@y", "eth1.100"],
      ["eth1.100", "x@y"],
      ["gre0", undefined],
    ]);
  });

  it("reads a VLAN device, text and JSON", () => {
    const vlan = { kind: "vlan", linkName: "eth0", vlan: { id: 10, protocol: "802.1ad" } };
    const text =
      "5: eth0.10@eth0: <BROADCAST,MULTICAST,UP,LOWER_UP> mtu 1500 qdisc noqueue state UP mode DEFAULT group default qlen 1000\n" +
      "    link/ether 02:00:00:00:00:01 brd ff:ff:ff:ff:ff:ff promiscuity 0 minmtu 0 maxmtu 65535 \n" +
      "    vlan protocol 802.1ad id 10 <REORDER_HDR> addrgenmode eui64 numtxqueues 1 \n";
    expect(one(text)).toMatchObject(vlan);
    const json = {
      ifindex: 5,
      link: "eth0",
      ifname: "eth0.10",
      flags: ["UP"],
      mtu: 1500,
      linkinfo: { info_kind: "vlan", info_data: { protocol: "802.1ad", id: 10 } },
    };
    expect(one(JSON.stringify([json]))).toMatchObject(vlan);
  });

  it("does not know addresses that were masked, and has no MAC where there is none", () => {
    expect(one("2: a: <UP> mtu 1500\n    link/ether 52:54:XX:XX:XX:XX brd ff:ff:ff:ff:ff:ff").mac).toBeUndefined();
    expect(one("2: a: <UP> mtu 1500\n    link/ipip 192.0.2.1 peer 192.0.2.2").mac).toBeUndefined();
    expect(one("2: a: <UP> mtu 1500\n    link/none  promiscuity 0").mac).toBeUndefined();
  });

  it("reports all problems of a text and reads the rest", () => {
    const text = [
      "    link/ether 02:00:00:00:00:01",
      "1: lo: <LOOPBACK,UP> mtu many",
      "    inet 127.0.0.1/99 scope host lo",
      "    inet6 10.0.0.1/8",
      "    link/ether 02:00:00:00:00",
      "2: eth0: mtu 1500",
      "    inet 10.0.0.1/8 scope global eth0",
      "    hello world",
      "3: eth1: <UP> mtu 1400",
      "    hello world",
      "hello",
    ];
    const { value, problems } = parseLinks(text.join("\n"), "l");
    expect(places(problems)).toEqual([
      'l:1:5+10 expected a device (2: eth0: <UP,…>), found "link/ether"',
      'l:2:26+4 expected a number after mtu, found "many"',
      'l:3:10+12 expected an IPv4 address and its prefix length after inet, found "127.0.0.1/99"',
      'l:4:11+10 expected an IPv6 address and its prefix length after inet6, found "10.0.0.1/8"',
      'l:5:16+14 expected an Ethernet address after link/ether, found "02:00:00:00:00"',
      'l:6:10+3 expected flags (<UP,…>) after the name of the device, found "mtu"',
      'l:10:5+5 expected a device (2: eth0: <UP,…>), link/TYPE, inet or inet6, found "hello"',
      'l:11:1+5 expected a device (2: eth0: <UP,…>), found "hello"',
    ]);
    expect(value.map(({ name, mtu }) => [name, mtu])).toEqual([
      ["lo", 1500],
      ["eth1", 1400],
    ]);
  });

  it("names the path of what is wrong in JSON", () => {
    const json =
      '[{"ifindex":1,"ifname":"lo","flags":[],"mtu":"x","addr_info":[{"local":"10.0.0"}]},{"ifindex":2,"ifname":"a","flags":[],"mtu":1500,"link":null}]';
    const { value, problems } = parseLinks(json, "l");
    expect(places(problems)).toEqual([
      'l:1:46+3 [0].mtu: expected a number, found "x"',
      'l:1:72+8 [0].addr_info[0].local: expected an address, found "10.0.0"',
    ]);
    expect(value.map(({ name }) => name)).toEqual(["a"]);
  });
});

describe("devices of several files", () => {
  it("have the addresses of ip addr and the details of ip -d link", () => {
    const merged = mergeDevices(read("ip-d-link.json"), read("ip-addr.json"));
    expect(merged).toEqual(read("ip-d-addr.json"));
    expect(mergeDevices(read("ip-link.json"), read("ip-d-addr.json"))).toEqual(read("ip-d-addr.json"));
    expect(mergeDevices([], read("ip-addr.json"))).toEqual(read("ip-addr.json"));
  });

  it("learn from bridge link which device is a port of which bridge", () => {
    const links = parseBridgeLinks(recorded("bridge-d-link.json"), "b");
    expect(links.problems).toEqual([]);
    expect(links.value).toMatchObject([{ device: "veth1", port: { bridge: "br0", hairpin: true, learning: false } }]);
    const devices = withBridgeLinks(read("ip-link.json"), links.value);
    expect(devices.find(({ name }) => name === "br0")?.kind).toBe("bridge");
    const detailed = read("ip-d-link.json").find(({ name }) => name === "veth1");
    expect(devices.find(({ name }) => name === "veth1")?.port).toEqual(detailed?.port);
    expect(detailed?.mac !== undefined && formatMac(detailed.mac)).toMatch(/^([0-9a-f]{2}:){5}[0-9a-f]{2}$/);
  });
});
