import { describe, expect, it } from "vitest";
import { Routing6 } from "../../src/engine/routing6.ts";
import { selectSource6 } from "../../src/engine/select-source6.ts";
import { formatAddress, parseAddress, parsePrefix } from "../../src/model/address.ts";
import type { Device, Nexthop } from "../../src/model/host.ts";
import { parseRoutes } from "../../src/parse/ip-route.ts";

const address = (text: string) => parseAddress(text) ?? 0n;

function device(name: string, index: number, ...addresses: readonly string[]): Device {
  return {
    index,
    name,
    kind: "veth",
    up: true,
    carrier: true,
    flags: ["UP"],
    mtu: 1500,
    addresses: addresses.map((text) => {
      const [prefix = "", deprecated] = text.split(" ");
      const { length } = parsePrefix(prefix) ?? { length: 128 };
      return { address: address(prefix.split("/")[0] ?? ""), length, scope: "global", ...(deprecated ? { deprecated: true } : {}) };
    }),
  };
}

// In the order in which `ip addr` shows them.
const V0 = device("v0", 2, "2002:102:304::1/64", "fd00:1::1/64", "2001:db8:1::99/64 deprecated", "2001:db8:1::1/64", "fe80::ff:fe00:0/64");
const V1 = device("v1", 3, "2001:db8:2:ff::1/64", "2001:db8:2::1/64", "fe80::ff:fe00:1/64");
const DEVICES = new Map([V0, V1].map((one) => [one.name, one]));

const ROUTES = `2001:db8:1::/64 dev v0 proto kernel metric 256 pref medium
2001:db8:2::/64 dev v1 proto kernel metric 256 pref medium
2001:db8:100::/48 from 2001:db8:1::/64 dev v0 metric 1024 pref medium
2001:db8:100::/48 dev v1 metric 1024 pref medium
fe80::/64 dev v0 proto kernel metric 256 pref medium
fe80::/64 dev v1 proto kernel metric 256 pref medium
default from 2001:db8:2::/64 dev v1 metric 1024 pref medium
default dev v0 metric 2000 pref medium
`;

function routed(dst: string, src: string, oif?: string): string {
  const { value: routes6 } = parseRoutes(ROUTES, "ip6-route.txt", 6);
  const routing = new Routing6({ name: "host", addressesKnown: true, routes6 }, DEVICES, () => false);
  const flow = { src: address(src), dst: address(dst), iif: "lo", mark: 0, tos: 0, protocol: 0, ...(oif !== undefined && { oif }) };
  const found = routing.lookup(flow, (_route, hops) => hops[0] as Nexthop);
  return "error" in found ? found.error : `${found.nexthop.device} metric ${found.route.metric}`;
}

describe("IPv6 routes, as `ip -6 route get` of Linux 6.18 answers", () => {
  it.each([
    ["2001:db8:100::5", "2001:db8:1::1", "v0 metric 1024"],
    // The route of the same prefix for any source is passed over.
    ["2001:db8:100::5", "::", "v0 metric 2000"],
    ["2001:db8:200::5", "2001:db8:1::1", "v0 metric 2000"],
    ["2001:db8:200::5", "2001:db8:2::1", "v1 metric 1024"],
  ])("%s from %s", (dst, src, expected) => {
    expect(routed(dst, src)).toBe(expected);
  });

  it("takes the device that is asked for, and no other for an address of a link", () => {
    expect(routed("fe80::77", "::", "v1")).toBe("v1 metric 256");
    expect(routed("fe80::77", "::", "v2")).toBe("ENETUNREACH");
  });
});

describe("the source of a packet, as Linux 6.18 chooses it", () => {
  it.each([
    ["v0", "2001:db8:1::50", "2001:db8:1::1"],
    ["v0", "2001:db8:1::98", "2001:db8:1::1"],
    ["v1", "2001:db8:2::50", "2001:db8:2::1"],
    ["v1", "2001:db8:2:ff::50", "2001:db8:2:ff::1"],
    ["v0", "fd00:1::50", "fd00:1::1"],
    ["v0", "fd77::1", "fd00:1::1"],
    ["v0", "2002:909:909::1", "2002:102:304::1"],
    ["v0", "2606:4700::1", "2001:db8:1::1"],
    ["v0", "2001:db8:99::1", "2001:db8:1::1"],
    ["v1", "fe80::77", "fe80::ff:fe00:1"],
    ["v1", "ff02::77", "fe80::ff:fe00:1"],
    ["v0", "ff05::77", "2001:db8:1::1"],
  ])("on %s towards %s", (out, towards, expected) => {
    expect(formatAddress(selectSource6(DEVICES, out, address(towards)) ?? 0n)).toBe(expected);
  });
});
