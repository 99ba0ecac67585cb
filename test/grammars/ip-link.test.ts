import { describe, expect, it } from "vitest";
import { readLinkLine } from "../../grammars/ip-link.ts";

describe("a line of ip link or ip addr", () => {
  it.each([
    ["2: eth0@if4: <BROADCAST,UP> mtu 1500 master br0 state UP", "header"],
    ["2: eth0    inet 10.0.0.1/24 scope global eth0", "header"],
    ["    link/none  promiscuity 0", "link"],
    ["    inet 10.0.0.1/24 brd 10.0.0.255 scope global eth0", "address"],
    ["    bridge_slave state forwarding hairpin off", "details"],
    ["       valid_lft forever preferred_lft forever", "other"],
    ['    alias 2: link/ether inet "eth0"', "other"],
    ["          1872      11      0       0", "other"],
  ])("tells what %j is", (text, kind) => {
    expect(readLinkLine(text)).toMatchObject({ value: { kind }, faults: [] });
  });

  it("does not take a keyword for the address that a link has not got", () => {
    const { value } = readLinkLine("    link/none  promiscuity 0");
    expect(value?.kind === "link" && value.attributes[0]?.name.text).toBe("promiscuity");
  });

  it.each([
    ["2: eth0: mtu 1500", 'expected flags (<UP,…>) after the name of the device, found "mtu"', 10, 3],
    ["2:", "expected a value after 2:, found the end of the line", 3, 1],
    ["2: eth0: <UP> mtu", "expected a number after mtu, found the end of the line", 18, 1],
    ["    inet", "expected an address after inet, found the end of the line", 9, 1],
  ])("says where %j departs from the grammar", (text, message, column, span) => {
    expect(readLinkLine(text).faults).toEqual([{ message, column, span }]);
  });
});
