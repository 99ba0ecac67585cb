import { describe, expect, it } from "vitest";
import { createReplay } from "../../src/engine/replay.ts";
import type { VlanTag } from "../../src/model/packet.ts";
import { readSnapshot } from "../../src/parse/snapshot.ts";
import { frames, tcp } from "./router.ts";

const STATION = "02:00:00:00:00:99";
const flags = ["BROADCAST", "UP", "LOWER_UP"];
const device = (ifindex: number, ifname: string, more: object) => ({
  ...{ ifindex, ifname, flags, mtu: 1500, operstate: "UP", link_type: "ether", address: `02:00:00:00:01:0${ifindex}`, addr_info: [] },
  ...more,
});
const port = (ifindex: number, ifname: string) =>
  device(ifindex, ifname, { master: "br0", linkinfo: { info_slave_kind: "bridge", info_slave_data: { state: "forwarding" } } });
const vlan = (ifname: string, ...vlans: readonly object[]) => ({ ifname, vlans });
const OWN = { vlan: 1, flags: ["PVID", "Egress Untagged"] };
const TEN = { vlan: 10, flags: ["PVID", "Egress Untagged"] };

/** What becomes of a frame from p0 of br0 to a station behind p1. */
function fateOf(filtering: 0 | 1, vlans?: readonly object[], tags?: readonly VlanTag[]): string | undefined {
  const links = [
    device(2, "br0", { linkinfo: { info_kind: "bridge", info_data: { vlan_filtering: filtering } } }),
    port(3, "p0"),
    port(4, "p1"),
  ];
  const { value, problems } = readSnapshot(
    new Map([
      ["snapshot.json", JSON.stringify({ version: 1, namespaces: ["host"] })],
      ["netns/host/ip-addr.json", JSON.stringify(links)],
      ["netns/host/bridge-fdb.json", JSON.stringify([{ mac: STATION, ifname: "p1", flags: [], master: "br0", state: "static" }])],
      ...(vlans ? [["netns/host/bridge-vlan.json", JSON.stringify(vlans)] as const] : []),
    ]),
    "",
  );
  expect(problems).toEqual([]);
  const replay = createReplay(value, { netns: "host", capture: "p0.pcap", interface: "p0" });
  const [frame] = frames([{ at: 0, device: "lan", packet: tcp("10.0.0.5:4000", "10.0.0.6:80", "SYN") }]);
  if (!frame) throw new Error("no frame");
  const { interfaceIndex: _, type: __, ...plain } = frame;
  const arrived = { ...plain, linkType: "EN10MB", srcMac: 0x020000000098, dstMac: 0x020000000099, ...(tags && { vlans: tags }) };
  const [trace] = [...replay.push(arrived), ...replay.finish()];
  return trace?.way.undecided ?? trace?.way.verdict;
}

describe("a bridge that filters by VLAN", () => {
  it("forwards what is in the one VLAN that all of its ports are in", () => {
    expect(fateOf(1, [vlan("br0", OWN), vlan("p0", OWN), vlan("p1", OWN)])).toBe("forwarded");
  });

  it.each([
    ["a port has another one", [vlan("br0", OWN), vlan("p0", OWN), vlan("p1", TEN)]],
    ["a port has several", [vlan("br0", OWN), vlan("p0", OWN, { vlan: 10 }), vlan("p1", OWN)]],
    ["a port has none", [vlan("br0", OWN), vlan("p0", OWN)]],
    ["frames leave with a tag", [vlan("br0", OWN), vlan("p0", OWN), vlan("p1", { vlan: 1, flags: ["PVID"] })]],
  ])("is not followed where %s", (_, vlans) => {
    expect(fateOf(1, vlans)).toBe("whether VLAN filtering of br0 lets it through, which is not modelled");
  });

  it("is not followed where frames have tags, or nothing tells the VLANs", () => {
    const same = [vlan("br0", OWN), vlan("p0", OWN), vlan("p1", OWN)];
    expect(fateOf(1, same, [{ id: 1, priority: 0, protocol: 0x8100 }])).toMatch(/not modelled/);
    expect(fateOf(1, same, [{ id: 0, priority: 3, protocol: 0x8100 }])).toBe("forwarded");
    expect(fateOf(1)).toBe("whether VLAN filtering of br0 lets it through (bridge-vlan.json)");
  });

  it("lets all through where it does not filter", () => {
    expect(fateOf(0, [vlan("p0", OWN), vlan("p1", TEN)])).toBe("forwarded");
  });
});
