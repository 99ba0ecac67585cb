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

  it("compares what a bitmask leaves, and Ethernet destinations", () => {
    const about = having([ipset("s", "hash:ip", ["10.0.0.1"], { bitmask: "255.0.0.255" }), ipset("m", "hash:mac", ["42:01:02:03:04:05"])]);
    const other = { ...about, packet: packet({ src: address("10.9.9.1") }) };
    expect(ask("-m set --match-set s src", other)).toBe(true);
    expect(ask("-m set --match-set s dst", other)).toBe(false);
    expect(ask("-m set --match-set m dst", { ...about, srcMac: 1, dstMac: 0x420102030405 })).toBe(true);
    expect(ask("-m set --match-set m dst", { ...about, srcMac: 1 })).toHaveProperty("unknown");
  });

  it("counts packets and octets, and holds them against what is asked", () => {
    const about = having([ipset("s", "hash:ip", [["10.0.0.1", { packets: "2", bytes: "100" }]], { counters: "" })]);
    expect(ask("-m set --match-set s src --packets-eq 3", about)).toBe(true);
    expect(ask("-m set --match-set s src ! --packets-eq 4 ! --update-counters", about)).toBe(true);
    expect(ask("-m set --match-set s src --packets-gt 3 ! --update-counters", about)).toBe(false);
    expect(ask("-m set --match-set s src --bytes-lt 197", about)).toBe(true);
    expect(ask("-m set --match-set s src --bytes-lt 197", about)).toBe(false);
    expect(ask("-m set ! --match-set s src --bytes-lt 197", about)).toBe(true);
    run("-j SET --add-set s src --exist", about);
    expect(ask("-m set --match-set s src --packets-eq 2 --bytes-eq 96", about)).toBe(true);
    const uncounted = having([ipset("s", "hash:ip", ["10.0.0.1"])]);
    expect(ask("-m set --match-set s src --packets-gt 3", uncounted)).toBe(true);
  });

  it("goes on to a wider network where the counters of a narrow one do not fit", () => {
    const narrow = ["10.0.0.0/24", { packets: "0", bytes: "0" }] as const;
    const wide = ["10.0.0.0/8", { packets: "9", bytes: "0" }] as const;
    const about = having([ipset("s", "hash:net", [narrow, wide], { counters: "" })]);
    expect(ask("-m set --match-set s src --packets-gt 5", about)).toBe(true);
  });

  it("counts in a list and in the sets that it names, each as is asked", () => {
    const list = ipset("l", "list:set", [["s", { packets: "4", bytes: "0" }]], { counters: "" });
    const about = having([list, ipset("s", "hash:ip", [["10.0.0.1", { packets: "0", bytes: "0" }]], { counters: "" })]);
    expect(ask("-m set --match-set l src --packets-eq 5", about)).toBe(true);
    expect(ask("-m set --match-set s src --packets-eq 1 ! --update-counters", about)).toBe(true);
    expect(ask("-m set --match-set l src ! --update-subcounters", about)).toBe(true);
    expect(ask("-m set --match-set s src --packets-eq 1 ! --update-counters", about)).toBe(true);
    expect(ask("-m set --match-set l src --packets-eq 6 ! --update-counters", about)).toBe(true);
  });

  it("sets of a list run out", () => {
    const list = ipset("l", "list:set", [["s", { timeout: "5" }]], { timeout: "60" });
    const about = having([list, ipset("s", "hash:ip", ["10.0.0.1"])]);
    const since = { ...about, since: about.time };
    expect(ask("-m set --match-set l src", since)).toBe(true);
    expect(ask("-m set --match-set l src", later(since, 6))).toBe(false);
  });

  it.each([
    ["-m set --match-set nets src", "10.0.0.1 is in set nets (entry 10.0.0.0/8)"],
    ["-m set --match-set nets dst", "10.0.0.2 is left out of set nets (nomatch entry 10.0.0.2)"],
    ["-m set --match-set ports dst,dst", "10.0.0.2,udp:53 is in set ports (entry 10.0.0.2,udp:53)"],
    ["-m set --match-set ports src,dst", "10.0.0.1,udp:53 is not in set ports"],
    ["-m set --match-set all src", "10.0.0.1 is in set all (set nets, entry 10.0.0.0/8)"],
    ["-m set --match-set added src", "10.0.0.1 is in set added (entry 10.0.0.1, which a rule added)"],
    ["-m set --match-set ports src", "nothing of it can be in set ports"],
  ])("%s: %s", (rule, words) => {
    const sets = [
      ipset("nets", "hash:net", ["10.0.0.0/8", ["10.0.0.2", { nomatch: "" }]]),
      ipset("ports", "hash:ip,port", ["10.0.0.2,udp:53"]),
      ipset("all", "list:set", ["ports", "nets"]),
      ipset("added", "hash:ip", []),
    ];
    const said: string[] = [];
    const about = having(sets, { remark: (text) => said.push(text()) });
    run("-j SET --add-set added src", about);
    ask(rule, about);
    expect(said).toEqual([words]);
  });

  it("says what is missing", () => {
    expect(ask("-m set --match-set s src", context())).toEqual({ unknown: "the contents of set s (--snapshot with ipset-save.txt)" });
    expect(ask("-m set --match-set s src", having([]))).toHaveProperty("unknown");
    expect(ask("-m set --match-set s src", having([ipset("s", "hash:strange", [])]))).toHaveProperty("unknown");
    expect(ask("-m set --match-set s src", having([ipset("s", "hash:ip", ["what.ever"])]))).toHaveProperty("unknown");
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
    expect(run("-j SET --add-set s src", about)).toEqual({ verdict: "CONTINUE", note: "adds 10.0.0.1 to set s" });
    expect(run("-j SET --add-set s src", about)).toEqual({ verdict: "CONTINUE", note: "10.0.0.1 is in set s already" });
    expect(ask("-m set --match-set s src", about)).toBe(true);
    expect(ask("-m set --match-set s dst", about)).toBe(false);
    expect(run("-j SET --del-set s src", about)).toEqual({ verdict: "CONTINUE", note: "deletes 10.0.0.1 from set s" });
    expect(run("-j SET --del-set s src", about)).toEqual({ verdict: "CONTINUE", note: "10.0.0.1 is not in set s" });
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
    expect(ask("-m set --match-set s src", later(about, 10))).toBe(true);
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
      note: "10.0.0.1 is in set s (entry 10.0.0.1)",
      effects: [
        { kind: "set-mark", value: 0x1211 },
        { kind: "set-priority", value: 0x10010 },
      ],
    });
    expect(run("-j SET --map-set s dst --map-mark", about)).toEqual({ verdict: "CONTINUE", note: "10.0.0.2 is not in set s" });
  });

  it("adds no more than fits", () => {
    const about = having([ipset("s", "hash:ip", ["10.0.0.7", ["10.0.0.8", { timeout: "5" }]], { maxelem: "2", timeout: "0" })]);
    const full = { ...about, since: about.time };
    expect(run("-j SET --add-set s src", full)).toMatchObject({ note: "set s is full" });
    expect(run("-j SET --add-set s src", later(full, 6))).toMatchObject({ note: "adds 10.0.0.1 to set s" });
    expect(run("-j SET --add-set s dst", later(full, 6))).toMatchObject({ note: "set s is full" });
    run("-j SET --del-set s src", later(full, 6));
    expect(run("-j SET --add-set s dst", later(full, 6))).toMatchObject({ note: "adds 10.0.0.2 to set s" });
    const giving = having([ipset("s", "hash:ip", ["10.0.0.7"], { maxelem: "1", forceadd: "" })]);
    expect(run("-j SET --add-set s src", giving)).toHaveProperty("unknown");
  });

  it("keeps bitmaps in their range, and one Ethernet address to each member of bitmap:ip,mac", () => {
    const range = { range: "10.0.0.0-10.0.0.1" };
    const about = having([ipset("b", "bitmap:ip", [], range), ipset("m", "bitmap:ip,mac", [], range)], { srcMac: 1 });
    expect(run("-j SET --add-set b dst", about)).toMatchObject({ note: "10.0.0.2 is out of the range of set b" });
    run("-j SET --add-set m src,src", about);
    expect(ask("-m set --match-set m src,src", { ...about, srcMac: 2 })).toBe(false);
    run("-j SET --add-set m src,src --exist", { ...about, srcMac: 2 });
    expect(ask("-m set --match-set m src,src", { ...about, srcMac: 2 })).toBe(true);
    expect(ask("-m set --match-set m src,src", about)).toBe(false);
  });

  it("means the wildcard that a device falls under", () => {
    const about = having([ipset("s", "hash:net,iface", [["10.0.0.0/28,eth", { wildcard: "" }]])]);
    expect(run("-j SET --del-set s src,src", about)).toMatchObject({ note: "deletes 10.0.0.0/28,eth+ from set s" });
    expect(ask("-m set --match-set s src,src", about)).toBe(false);
  });

  it("does nothing to a set that was not given", () => {
    expect(run("-j SET --add-set nosuch src", context())).toEqual({ verdict: "CONTINUE" });
  });
});
