import { expect, it } from "vitest";
import { parseLinks } from "../../src/parse/ip-link.ts";
import { deviceObject } from "../../src/render/json/links.ts";

it("a device is the same object out of text and JSON, though one names the other namespace and one numbers it", () => {
  const text = [
    "5: veth-web@if2: <BROADCAST,MULTICAST,UP,LOWER_UP> mtu 1500 qdisc noqueue master br0 state UP mode DEFAULT group default qlen 1000",
    "    link/ether 1e:14:8e:f8:e6:d6 brd ff:ff:ff:ff:ff:ff link-netns web",
  ].join("\n");
  const json = `[{"ifindex":5,"link_index":2,"ifname":"veth-web","flags":["BROADCAST","MULTICAST","UP","LOWER_UP"],"mtu":1500,"qdisc":"noqueue",
    "master":"br0","operstate":"UP","linkmode":"DEFAULT","group":"default","txqlen":1000,"link_type":"ether","address":"1e:14:8e:f8:e6:d6",
    "broadcast":"ff:ff:ff:ff:ff:ff","link_netnsid":0}]`;
  const [fromText, fromJson] = [text, json].map((input) =>
    JSON.stringify(parseLinks(input, "l").value.map((device) => sorted(deviceObject(device)))),
  );
  expect(fromText).toBe(fromJson);
  expect(fromText).toContain('"linkInOtherNetns":true');
});

function sorted(value: unknown): unknown {
  return Object.fromEntries(Object.entries(value as object).sort());
}
