import { describe, expect, it } from "vitest";
import { replayed, router, udp } from "./router.ts";

const RULES =
  "0:\tfrom all lookup local\n1000:\tfrom all lookup [l3mdev-table]\n32766:\tfrom all lookup main\n32767:\tfrom all lookup default\n";
const link = (ifindex: number, ifname: string, more: object = {}) => ({
  ...{ ifindex, ifname, flags: ["BROADCAST", "UP", "LOWER_UP"], mtu: 1500, operstate: "UP", link_type: "ether" },
  ...{ address: `02:00:00:00:00:0${ifindex - 1}`, ...more },
});

/** What becomes of a datagram from dmz or lan to the world, where dmz is in a VRF. */
function fateOf(device: "lan" | "dmz", rules?: string): string | undefined {
  const links = [link(2, "lan"), link(3, "wan"), link(4, "dmz", { master: "red" }), link(5, "red", { linkinfo: { info_kind: "vrf" } })];
  const host = router({ "ip-link.json": JSON.stringify(links), ...(rules !== undefined && { "ip-rule.txt": rules }) });
  const src = device === "lan" ? "10.0.0.5:4000" : "10.1.0.5:4000";
  const [trace] = replayed(host, [{ at: 0, device, packet: udp(src, "198.51.100.7:53", "q") }]);
  return trace?.way.undecided ?? trace?.way.verdict;
}

describe("a device that is in a VRF", () => {
  it("has packets routed by the table of the VRF, which is not modelled", () => {
    expect(fateOf("dmz", RULES)).toMatch(/^the policy rule ".*l3mdev-table.*", which has parts that are not modelled$/);
    expect(fateOf("dmz")).toBe("the policy rules of the VRF that dmz is in (ip-rule.txt)");
  });

  it("leaves alone how packets of others are routed", () => {
    expect(fateOf("lan", RULES)).toBe("forwarded");
    expect(fateOf("lan")).toBe("forwarded");
  });
});
