import { describe, expect, it } from "vitest";
import { decodePacket } from "../../../src/wire/ip.ts";
import { fragments6, ipv6, join } from "./build.ts";

const ENDS = { src: "2001:db8:1::10", dst: "2001:db8:2::10" };
const DATA = Uint8Array.from({ length: 100 }, (_, i) => i);
const ROUTE = Uint8Array.of(2, 0, 0, 0, 0, 0);

describe("fragments of IPv6", () => {
  it("hold the data in pieces of eight octets, and say where each belongs", () => {
    const pieces = fragments6(ipv6({ ...ENDS, protocol: 253, payload: DATA }), 88, 7).map((piece) => decodePacket(piece).packet);
    expect(pieces.map((piece) => piece?.fragment)).toEqual([
      { offset: 0, more: true },
      { offset: 40, more: true },
      { offset: 80, more: false },
    ]);
    expect(pieces.map((piece) => piece?.id)).toEqual([7, 7, 7]);
    expect(pieces.map((piece) => piece?.length)).toEqual([88, 88, 68]);
    expect(join(...pieces.map((piece) => piece?.payload ?? new Uint8Array(0)))).toEqual(DATA);
  });

  it("repeat what stands before the routing header, not what stands behind", () => {
    const extensions = [
      { header: "hop-by-hop" },
      { header: "destination" },
      { header: "routing", data: ROUTE },
      { header: "destination" },
    ] as const;
    const [first, second] = fragments6(ipv6({ ...ENDS, protocol: 17, payload: DATA, extensions }), 120, 7);
    const headers = (piece: Uint8Array | undefined) => piece && decodePacket(piece).packet?.extensionHeaders;
    expect(headers(first)).toEqual(["hop-by-hop", "destination", "routing", "fragment", "destination"]);
    expect(headers(second)).toEqual(["hop-by-hop", "destination", "routing", "fragment"]);
  });

  it("are one where everything fits", () => {
    expect(fragments6(ipv6({ ...ENDS, protocol: 17, payload: DATA }), 1280, 7)).toHaveLength(1);
  });
});
