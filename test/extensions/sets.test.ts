import { describe, expect, it } from "vitest";
import type { PacketContext } from "../../src/extensions/spec.ts";
import type { IpSet } from "../../src/model/host.ts";
import { address, cells, context, ipset, laterFragment, packet, tcp, uncaptured } from "./context.ts";
import { ask, run } from "./rule-words.ts";

const having = (sets: readonly IpSet[], change: Partial<PacketContext> = {}): PacketContext =>
  context({ sets: new Map(sets.map((set) => [set.name, set])), cells: cells(), ...change });
const later = (about: PacketContext, seconds: number): PacketContext => ({ ...about, time: about.time + BigInt(seconds) * 1_000_000_000n });

describe("set membership", () => {
  it("hash:ip looks at one address, by its direction", () => {
    const about = having([ipset("s", "hash:ip", ["10.0.0.1", "10.0.0.8-10.0.0.9"])]);
    expect(ask("-m set --match-set s src", about)).toBe(true);
    expect(ask("-m set --match-set s dst", about)).toBe(false);
    expect(ask("-m set ! --match-set s dst", about)).toBe(true);
    expect(ask("-m set --match-set s src", { ...about, packet: packet({ src: address("10.0.0.9") }) })).toBe(true);
  });

  it("hash:ip with a netmask compares networks", () => {
    const about = having([ipset("s", "hash:ip", ["10.0.0.0"], { netmask: "24" })]);
    expect(ask("-m set --match-set s src,dst", about)).toBe(true);
  });

  it("hash:net takes the most specific network, and what it says", () => {
    const set = ipset("s", "hash:net", ["10.0.0.0/8", ["10.0.0.0/24", { nomatch: "" }], "10.0.0.2"]);
    const about = having([set]);
    expect(ask("-m set --match-set s src", about)).toBe(false);
    expect(ask("-m set --match-set s dst", about)).toBe(true);
    expect(ask("-m set --match-set s src --return-nomatch", about)).toBe(true);
    expect(ask("-m set --match-set s dst --return-nomatch", about)).toBe(false);
    expect(ask("-m set --match-set s src", { ...about, packet: packet({ src: address("10.9.0.1") }) })).toBe(true);
  });

  it("hash:ip,port compares protocol and port, and type and code of ICMP", () => {
    const about = having([
      ipset("s", "hash:ip,port", ["10.0.0.2,udp:53", "10.0.0.2,icmp:echo-request", "10.0.0.2,icmp:3/1", "10.0.0.2,gre:0"]),
    ]);
    const dst = (change: Parameters<typeof packet>[0]) => ask("-m set --match-set s dst,dst", { ...about, packet: packet(change) });
    expect(dst({})).toBe(true);
    expect(dst({ protocol: 136, transport: { kind: "ports", sport: 1, dport: 53 } })).toBe(false);
    expect(dst({ protocol: 1, transport: { kind: "icmp", type: 8, code: 0 } })).toBe(true);
    expect(dst({ protocol: 1, transport: { kind: "icmp", type: 3, code: 1 } })).toBe(true);
    expect(dst({ protocol: 1, transport: { kind: "icmp", type: 3, code: 3 } })).toBe(false);
    expect(ask("-m set --match-set s dst,src", about)).toBe(false);
    expect(ask("-m set --match-set s dst", about)).toBe(false);
    expect(ask("-m set --match-set s dst,dst", { ...about, packet: laterFragment(17) })).toBe(false);
    expect(ask("-m set --match-set s dst,dst", { ...about, packet: laterFragment(47) })).toBe(true);
    expect(ask("-m set --match-set s dst,dst", { ...about, packet: uncaptured(17) })).toHaveProperty("unknown");
  });

  it("bitmap:port knows only TCP and UDP", () => {
    const about = having([ipset("s", "bitmap:port", ["50-60", "80"], { range: "0-65535" })]);
    expect(ask("-m set --match-set s dst", about)).toBe(true);
    expect(ask("-m set --match-set s src", about)).toBe(false);
    expect(ask("-m set --match-set s dst", { ...about, packet: tcp() })).toBe(true);
    const lite = packet({ protocol: 136, transport: { kind: "ports", sport: 1, dport: 80 } });
    expect(ask("-m set --match-set s dst", { ...about, packet: lite })).toBe(false);
  });

  it("hash:net,iface: the first network that occurs decides, whatever its device", () => {
    const about = having([
      ipset("s", "hash:net,iface", ["10.0.0.0/8,eth0", "10.0.0.0/24,eth1", "10.0.0.2/32,eth+", "10.0.0.1/32,physdev:eth0"]),
    ]);
    expect(ask("-m set --match-set s src,src", about)).toBe(false);
    expect(ask("-m set --match-set s src,src", { ...about, in: "eth1" })).toBe(true);
    expect(ask("-m set --match-set s dst,src", about)).toBe(true);
    expect(ask("-m set --match-set s src,src", { ...about, packet: packet({ src: address("10.5.0.1") }) })).toBe(true);
    expect(ask("-m set --match-set s src,dst", about)).toBe(false);
    expect(ask("-m set --match-set s src,dst", { ...about, out: "eth1" })).toBe(true);
  });

  it("takes each part of longer elements from its own direction", () => {
    const sets = [
      ipset("three", "hash:ip,port,net", ["10.0.0.2,udp:53,10.0.0.0/24"]),
      ipset("nets", "hash:net,net", ["10.0.0.0/24,10.0.0.2/32"]),
      ipset("mark", "hash:ip,mark", ["10.0.0.1,0x5"], { markmask: "0xf" }),
      ipset("mac", "hash:mac", ["42:01:02:03:04:05"]),
    ];
    const about = having(sets, { mark: 0x15, srcMac: 0x420102030405 });
    expect(ask("-m set --match-set three dst,dst,src", about)).toBe(true);
    expect(ask("-m set --match-set three src,dst,src", about)).toBe(false);
    expect(ask("-m set --match-set nets src,dst", about)).toBe(true);
    expect(ask("-m set --match-set nets dst,src", about)).toBe(false);
    expect(ask("-m set --match-set mark src,src", about)).toBe(true);
    expect(ask("-m set --match-set mac src", about)).toBe(true);
    expect(ask("-m set --match-set mac src", having(sets))).toBe(false);
  });

  it("bitmap:ip,mac completes a member with the first address seen", () => {
    const about = having([ipset("s", "bitmap:ip,mac", ["10.0.0.1"], { range: "10.0.0.0-10.0.0.255" })], { srcMac: 1 });
    expect(ask("-m set --match-set s src,src", about)).toBe(true);
    expect(ask("-m set --match-set s src,src", about)).toBe(true);
    expect(ask("-m set --match-set s src,src", { ...about, srcMac: 2 })).toBe(false);
  });

  it("list:set asks its members, those with too many parts not at all", () => {
    const sets = [
      ipset("l", "list:set", ["ports", "addresses"]),
      ipset("ports", "hash:ip,port", ["10.0.0.1,udp:1000"]),
      ipset("addresses", "hash:ip", ["10.0.0.2"]),
    ];
    const about = having(sets);
    expect(ask("-m set --match-set l src", about)).toBe(false);
    expect(ask("-m set --match-set l src,src", about)).toBe(true);
    expect(ask("-m set --match-set l dst", about)).toBe(true);
  });

  it("looks for IPv6 packets only in IPv6 sets", () => {
    const about = having([ipset("four", "hash:net", ["0.0.0.0/1"]), { ...ipset("six", "hash:net", ["2001:db8::/32"]), family: 6 }], {
      family: 6,
      packet: packet({ family: 6, src: address("2001:db8::1"), dst: address("::1") }),
    });
    expect(ask("-m set --match-set six src", about)).toBe(true);
    expect(ask("-m set --match-set six dst", about)).toBe(false);
    expect(ask("-m set --match-set four src", about)).toBe(false);
  });

  it("says what is missing", () => {
    expect(ask("-m set --match-set s src", context())).toEqual({ unknown: "the contents of set s (--snapshot with ipset-save.txt)" });
    expect(ask("-m set --match-set s src", having([]))).toHaveProperty("unknown");
    expect(ask("-m set --match-set s src", having([ipset("s", "hash:strange", [])]))).toHaveProperty("unknown");
    expect(ask("-m set --match-set s src", having([ipset("s", "hash:ip", ["what.ever"])]))).toHaveProperty("unknown");
    const counted = having([ipset("s", "hash:ip", ["10.0.0.1"], { counters: "" })]);
    expect(ask("-m set --match-set s src --packets-gt 3", counted)).toHaveProperty("unknown");
    expect(ask("-m set --match-set s dst --packets-gt 3", counted)).toBe(false);
  });

  it("members run out when the time of the snapshot is known", () => {
    const about = having([
      ipset(
        "s",
        "hash:ip",
        [
          ["10.0.0.1", { timeout: "10" }],
          ["10.0.0.2", { timeout: "0" }],
        ],
        { timeout: "60" },
      ),
    ]);
    const since = { ...about, since: about.time };
    expect(ask("-m set --match-set s src", later(since, 10))).toBe(true);
    expect(ask("-m set --match-set s src", later(since, 11))).toBe(false);
    expect(ask("-m set --match-set s dst", later(since, 11))).toBe(true);
    expect(ask("-m set --match-set s src", later(about, 11))).toBe(true);
  });
});

describe("SET", () => {
  it("adds and deletes", () => {
    const about = having([ipset("s", "hash:ip", [])]);
    expect(run("-j SET --add-set s src", about)).toEqual({ verdict: "CONTINUE" });
    expect(ask("-m set --match-set s src", about)).toBe(true);
    expect(ask("-m set --match-set s dst", about)).toBe(false);
    run("-j SET --del-set s src", about);
    expect(ask("-m set --match-set s src", about)).toBe(false);
  });

  it("deletes members of the snapshot and keeps namespaces apart", () => {
    const about = having([ipset("s", "hash:ip,port", ["10.0.0.2,udp:53"])]);
    run("-j SET --del-set s dst,dst", about);
    expect(ask("-m set --match-set s dst,dst", about)).toBe(false);
    expect(ask("-m set --match-set s dst,dst", { ...about, netns: "other" })).toBe(true);
  });

  it("new members run out; --exist renews them, without it they stay as they are", () => {
    const about = having([ipset("s", "hash:ip", [], { timeout: "10" })]);
    run("-j SET --add-set s src", about);
    run("-j SET --add-set s src", later(about, 5));
    expect(ask("-m set --match-set s src", later(about, 11))).toBe(false);
    run("-j SET --add-set s src", about);
    run("-j SET --add-set s src --exist --timeout 100", later(about, 5));
    expect(ask("-m set --match-set s src", later(about, 90))).toBe(true);
  });

  it("adds a network as long as the most specific that is there", () => {
    const about = having([ipset("s", "hash:net", ["192.168.0.0/16", "172.16.0.0/24"])]);
    run("-j SET --add-set s src", about);
    expect(ask("-m set --match-set s dst", about)).toBe(true);
    const empty = having([ipset("s", "hash:net", [])]);
    run("-j SET --add-set s src", empty);
    expect(ask("-m set --match-set s src", empty)).toBe(true);
    expect(ask("-m set --match-set s dst", empty)).toBe(false);
  });

  it("adds to the first set of a list that takes the element", () => {
    const about = having([ipset("l", "list:set", ["a", "b"]), ipset("a", "hash:ip", ["10.0.0.1"]), ipset("b", "hash:ip", [])]);
    run("-j SET --add-set l src", about);
    expect(ask("-m set --match-set b src", about)).toBe(true);
  });

  it("takes the mark that a member carries", () => {
    const set = ipset("s", "hash:ip", [["10.0.0.1", { skbmark: "0x11/0xff", skbprio: "1:10" }]], { skbinfo: "" });
    const about = having([set], { mark: 0x1200, table: "mangle" });
    expect(run("-j SET --map-set s src --map-mark --map-prio", about)).toEqual({
      verdict: "CONTINUE",
      effects: [
        { kind: "set-mark", value: 0x1211 },
        { kind: "set-priority", value: 0x10010 },
      ],
    });
    expect(run("-j SET --map-set s dst --map-mark", about)).toEqual({ verdict: "CONTINUE" });
  });

  it("does nothing to a set that was not given", () => {
    expect(run("-j SET --add-set nosuch src", context())).toEqual({ verdict: "CONTINUE" });
  });
});
