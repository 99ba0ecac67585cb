import { describe, expect, it } from "vitest";
import { findAnnouncement } from "../../src/engine/ftp-commands.ts";

const find = (text: string, from: "client" | "server" = "client", family: 4 | 6 = 4) =>
  findAnnouncement(Uint8Array.from(Buffer.from(text, "latin1")), from, family);

const CLIENT = 0x0a000002;

describe("what a client announces", () => {
  it.each([
    ["PORT 10,0,0,2,156,64\r\n", { kind: "PORT", address: CLIENT, port: 40000, offset: 5, length: 15 }],
    ["port 10,0,0,2,156,64\r", { kind: "PORT", address: CLIENT, port: 40000, offset: 5, length: 15 }],
    ["PORT x 10,0,0,2,1,1\r\n", "partial"],
    ["PORTX 10,0,0,2,1,1\r\n", { kind: "PORT", address: CLIENT, port: 257, offset: 6, length: 12 }],
    ["PORT 10,0,0,2,,64\r\n", { kind: "PORT", address: CLIENT, port: 64, offset: 5, length: 12 }],
    ["PORT 10,0,0,258,0,21\r\n", { kind: "PORT", address: 0x0a000102, port: 21, offset: 5, length: 15 }],
    ["EPRT |1|10.0.0.2|6275|\r\n", { kind: "EPRT", address: CLIENT, port: 6275, offset: 5, length: 17 }],
    ["EPRT !1!10.0.0.2!65537!", { kind: "EPRT", address: CLIENT, port: 1, offset: 5, length: 18 }],
  ])("%j", (text, found) => expect(find(text)).toEqual(found));

  it.each([
    "P",
    "POR",
    "PORT",
    "PORT ",
    "PORT 10,0,0,2,156,64",
    "PORT 10,0,0,2,156,64\n",
    "PORT 10,0,0,2,156\r\n",
    "EPRT |2|::1|6275|\r\n",
  ])("%j is begun, and none", (text) => expect(find(text)).toBe("partial"));

  it.each(["EPRT |1|10.0.0.2|0|\r\n", "EPRT 111110.0.0.2|1|\r\n", "EPRT |1|10.0.0.2|12x|\r\n", "EPRT |1|10.0.0|1|\r\n"])(
    "%j is not right",
    (text) => expect(find(text)).toBe("partial"),
  );

  it.each(["", "USER x\r\n", " PORT 1,2,3,4,5,6\r\n", "227 (10,0,0,2,1,1)\r\n"])("%j is none", (text) =>
    expect(find(text)).toBeUndefined(),
  );

  it("may be an IPv6 address where the connection is of IPv6", () => {
    expect(find("EPRT |2|2001:db8::1|6275|\r\n", "client", 6)).toEqual({
      kind: "EPRT",
      address: 0x20010db8000000000000000000000001n,
      port: 6275,
      offset: 5,
      length: 20,
    });
    expect(find("EPRT |1|10.0.0.2|6275|\r\n", "client", 6)).toBe("partial");
  });
});

describe("what a server announces", () => {
  it.each([
    ["227 Entering Passive Mode (10,0,0,2,200,10).\r\n", { kind: "227", address: CLIENT, port: 51210, offset: 27, length: 15 }],
    ["227 =10,0,0,2,200,10\r\n", { kind: "227", address: CLIENT, port: 51210, offset: 5, length: 15 }],
    ["229 Extended (|||51210|)\r\n", { kind: "229", port: 51210, offset: 14, length: 9 }],
    ["229 Extended (!!!1!", { kind: "229", port: 1, offset: 14, length: 5 }],
  ])("%j", (text, found) => expect(find(text, "server")).toEqual(found));

  it.each(["2", "227", "227 nothing\r\n", "227 (10,0,0,2,200,10", "229 |||51210|\r\n", "229 (||51210|)\r\n", "229 (|||0|)\r\n"])(
    "%j is begun, and none",
    (text) => expect(find(text, "server")).toBe("partial"),
  );

  it.each(["220 welcome\r\n", "227-more\r\n", "PORT 10,0,0,2,1,1\r\n"])("%j is none", (text) =>
    expect(find(text, "server")).toBeUndefined(),
  );
});
