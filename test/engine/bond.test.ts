import { describe, expect, it } from "vitest";
import { createReplay } from "../../src/engine/replay.ts";
import type { Host } from "../../src/model/host.ts";
import type { Packet } from "../../src/model/packet.ts";
import { readSnapshot } from "../../src/parse/snapshot.ts";
import { frames, tcp } from "./router.ts";

const MAC = "02:00:00:00:00:02";
const NAMES = ["bond0", "eth0", "eth1"] as const;
const up = ["BROADCAST", "UP", "LOWER_UP"];
const member = (state: string) => ({ master: "bond0", linkinfo: { info_slave_kind: "bond", info_slave_data: { state } } });
const SYN = tcp("10.0.0.5:4000", "10.0.0.1:80", "SYN");
const ANSWER = tcp("10.0.0.1:80", "10.0.0.5:4000", "SYN,ACK", { ack: 1001, id: 9 });

/** A host (10.0.0.1/24) on bond0, whose members are eth0 and eth1; rules let in what comes in on bond0. */
function host({ second = "BACKUP", info = {}, flags = up }: { second?: string; info?: object; flags?: string[] } = {}): Host {
  const own = { addr_info: [{ family: "inet", local: "10.0.0.1", prefixlen: 24, scope: "global" }] };
  const bond = { linkinfo: { info_kind: "bond", info_data: { mode: "active-backup", all_slaves_active: 0, ...info } } };
  const links = [{ ...own, ...bond, flags }, member("ACTIVE"), member(second)].map((more, i) => ({
    ...{ ifindex: i + 1, ifname: NAMES[i], flags: up, mtu: 1500, operstate: "UP", link_type: "ether", address: MAC, addr_info: [] },
    ...more,
  }));
  const files = [
    ["snapshot.json", JSON.stringify({ version: 1, namespaces: ["host"] })],
    ["netns/host/ip-addr.json", JSON.stringify(links)],
    [
      "netns/host/ip-route.txt",
      "10.0.0.0/24 dev bond0 proto kernel scope link src 10.0.0.1\nlocal 10.0.0.1 dev bond0 table local proto kernel scope host src 10.0.0.1\n",
    ],
    ["netns/host/sysctl.txt", "net.ipv4.conf.all.rp_filter = 1\n"],
    [
      "netns/host/iptables-save.txt",
      "*filter\n:INPUT DROP [0:0]\n:FORWARD DROP [0:0]\n:OUTPUT ACCEPT [0:0]\n-A INPUT -i bond0 -j ACCEPT\nCOMMIT\n",
    ],
  ] as const;
  const { value, problems } = readSnapshot(new Map(files), "");
  expect(problems).toEqual([]);
  return value;
}

interface Seen {
  readonly on: (typeof NAMES)[number];
  readonly packet: Packet;
  readonly out?: true;
  readonly type?: "host" | "broadcast";
}

/** What becomes of packets that a capture of all devices shows: verdict and reason, or of which one it is another sighting; and where it was missed. */
function fates(machine: Host, seen: readonly Seen[]): string[] {
  const replay = createReplay(machine, { netns: "host", capture: "any.pcap" });
  const shown = frames(seen.map(({ packet }, i) => ({ at: i * 10, device: "lan", packet })));
  const traces = shown.flatMap((frame, i) => {
    const { on, out, type = "host" } = seen[i] as Seen;
    return replay.push({ ...frame, interfaceIndex: NAMES.indexOf(on) + 1, type: out ? "outgoing" : type });
  });
  return [...traces, ...replay.finish()].map(({ seenBefore, way, missing }) => {
    const fate =
      seenBefore === undefined ? `${way.verdict} ${way.at.reason ?? way.at.interface ?? ""}`.trim() : `packet ${seenBefore} again`;
    return missing.length > 0 ? `${fate}, not seen on ${missing.join()}` : fate;
  });
}

describe("what comes in on a member of a bond", () => {
  it("comes in on the bond, where it is seen again", () => {
    expect(
      fates(host(), [
        { on: "eth0", packet: SYN },
        { on: "bond0", packet: SYN },
      ]),
    ).toEqual(["delivered", "packet 1 again"]);
  });

  it("does not by a backup, unless the bond takes from all", () => {
    expect(fates(host(), [{ on: "eth1", packet: SYN }])).toEqual(["dropped not-for-us"]);
    expect(fates(host({ info: { all_slaves_active: 1 } }), [{ on: "eth1", packet: SYN }])).toEqual(["delivered"]);
    expect(fates(host({ info: { mode: "balance-alb" } }), [{ on: "eth1", packet: SYN }])).toEqual(["delivered"]);
    expect(fates(host({ info: { mode: "balance-alb" } }), [{ on: "eth1", packet: SYN, type: "broadcast" }])).toEqual([
      "dropped not-for-us",
    ]);
  });

  it("does not where the bond is down", () => {
    expect(fates(host({ flags: ["BROADCAST"] }), [{ on: "eth0", packet: SYN }])).toEqual(["dropped device-down"]);
  });
});

describe("what goes out by a bond", () => {
  const sent = (...members: readonly Seen["on"][]): Seen[] => [
    { on: "eth0", packet: SYN },
    { on: "bond0", packet: ANSWER, out: true },
    ...members.map((on) => ({ on, packet: ANSWER, out: true as const })),
  ];

  it("goes out by the member that is not a backup", () => {
    expect(fates(host(), sent("eth0"))).toEqual(["delivered", "forwarded bond0", "packet 2 again"]);
    expect(fates(host(), [...sent(), { on: "eth0", packet: { ...ANSWER, id: 10 }, out: true }])).toEqual([
      "delivered",
      "forwarded bond0, not seen on eth0",
      "forwarded bond0",
    ]);
  });

  it("may be seen on any of several", () => {
    const both = host({ second: "ACTIVE", info: { mode: "802.3ad" } });
    for (const on of ["eth0", "eth1"] as const) expect(fates(both, sent(on))).toEqual(["delivered", "forwarded bond0", "packet 2 again"]);
    expect(fates(both, [...sent(), { on: "eth1", packet: { ...ANSWER, id: 10 }, out: true }])[1]).toBe("forwarded bond0");
  });
});
