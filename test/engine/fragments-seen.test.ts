import { describe, expect, it } from "vitest";
import { decodePacket } from "../../src/wire/ip.ts";
import { fragments6, ipv6, udp } from "../kernel/wire/build.ts";
import { natTable, replayed, router, type Seen } from "./router.ts";

const RULES = natTable("-A POSTROUTING -o dmz -j MASQUERADE");
const FORWARDS = "net.ipv4.ip_forward = 0\nnet.ipv6.conf.all.forwarding = 1\n";
const ROUTES = "2001:db8:1::/64 dev lan metric 256 pref medium\ndefault dev wan metric 1024 pref medium\n";

const [SRC, DST] = ["2001:db8:1::5", "2001:db8:9::7"];

/** The fragments of a datagram with such an identification, at a place and a time. */
function pieces(id: number, hopLimit: number, at: number, device: Seen["device"], out = false): Seen[] {
  const payload = udp({ sport: 40000, dport: 53, payload: Uint8Array.from({ length: 2000 }, (_, i) => i & 255) }, SRC, DST);
  return fragments6(ipv6({ src: SRC, dst: DST, protocol: 17, hopLimit, payload }), 1280, id).map((octets, i) => {
    const { packet } = decodePacket(octets);
    if (!packet) throw new Error("no packet");
    return { at: at + i, device, packet, ...(out && { out }) };
  });
}

describe("fragments that the kernel cuts again", () => {
  const host = router({ "ip6tables-save.txt": RULES, "sysctl.txt": FORWARDS, "ip6-route.txt": ROUTES });

  it("are known again under the identification that it has drawn for them", () => {
    const [first, second, ...left] = replayed(host, [...pieces(7, 64, 0, "lan"), ...pieces(0x12345678, 63, 50, "wan", true)]);
    expect(first?.way.verdict).toBe("queued");
    expect(second?.way.verdict).toBe("forwarded");
    expect(second?.observed.map((one) => one.packet)).toEqual([3, 4]);
    expect(left.map((one) => one.seenBefore)).toEqual([2, 2]);
  });

  it("of another datagram with the same data are others", () => {
    const [, second, third, fourth] = replayed(host, [...pieces(7, 64, 0, "lan"), ...pieces(8, 64, 50, "lan")]);
    expect([second, fourth].map((one) => one?.way.verdict)).toEqual(["forwarded", "forwarded"]);
    expect([third, fourth].map((one) => one?.seenBefore)).toEqual([undefined, undefined]);
  });
});
