import { describe, expect, it } from "vitest";
import { createReplay } from "../../src/engine/replay.ts";
import type { Packet } from "../../src/model/packet.ts";
import { frames, natTable, replayed, router, tcp, udp } from "./router.ts";

const SERVICES = [
  "-A -t 10.0.0.1:80 -s rr",
  "-a -t 10.0.0.1:80 -r 10.1.0.7:8080 -m -w 1",
  "-A -u 192.0.2.1:0 -s rr -p 300",
  "-a -u 192.0.2.1:0 -r 10.1.0.8:0 -g -w 1",
  "-A -f 7 -s rr",
  "-a -f 7 -r 10.1.0.9:443 -m -w 1",
  "",
].join("\n");
const FILTER = "*filter\n:INPUT ACCEPT [0:0]\n:FORWARD ACCEPT [0:0]\n:OUTPUT ACCEPT [0:0]\n-A INPUT -s 10.0.0.66/32 -j DROP\nCOMMIT\n";
const MANGLE =
  "*mangle\n:PREROUTING ACCEPT [0:0]\n-A PREROUTING -d 10.0.0.1/32 -p tcp -m tcp --dport 443 -j MARK --set-xmark 0x7/0xffffffff\nCOMMIT\n";

/** Why it is not known where a packet goes that comes in on a device or is sent by the host itself, or what becomes of it. */
function fateOf(packet: Packet, device: "lan" | "wan" | "dmz" | "socket", assumed: ReadonlyMap<string, string> = new Map()) {
  const host = router({ "ipvsadm-save.txt": SERVICES, "iptables-save.txt": FILTER + MANGLE });
  const replay = createReplay(host, { netns: "host", capture: "any.pcap", assumed });
  const isSent = device === "socket";
  const traces = frames([{ at: 0, device: isSent ? "lan" : device, out: isSent, packet }]).flatMap((frame) =>
    replay.push(isSent ? { ...frame, interfaceIndex: 0 } : frame),
  );
  const way = [...traces, ...replay.finish()][0]?.way;
  return way?.undecided ?? way?.verdict;
}

/** What becomes of a client's first packet to a server itself, and of the answer. */
function replayedTo(server: string) {
  const host = router({
    "ipvsadm-save.txt": SERVICES.replace(/^.*-f 7.*\n/gm, ""),
    "iptables-save.txt": natTable("-A POSTROUTING -o wan -j MASQUERADE"),
  });
  return replayed(host, [
    { at: 0, device: "lan", packet: tcp("10.0.0.5:4000", server, "SYN") },
    { at: 100, device: "dmz", packet: tcp(server, "10.0.0.5:4000", "SYN,ACK", { ack: 1001, id: 8 }) },
  ]).map(({ way }) => way);
}

const open = (what: string) => `where IPVS sends it: ${what} (--assume ipvs=no)`;

describe("a packet for a virtual service", () => {
  it("is for IPVS once INPUT lets it through", () => {
    expect(fateOf(tcp("10.0.0.5:4000", "10.0.0.1:80", "SYN"), "lan")).toBe(open("tcp 10.0.0.1:80 is a virtual service"));
    expect(fateOf(tcp("10.0.0.66:4000", "10.0.0.1:80", "SYN"), "lan")).toBe("dropped");
    expect(fateOf(tcp("10.0.0.5:4000", "10.0.0.1:81", "SYN"), "lan")).toBe("delivered");
    expect(fateOf(udp("10.0.0.5:4000", "10.0.0.1:80", "q"), "lan")).toBe("delivered");
  });

  it("may be for any port, or have its mark", () => {
    expect(fateOf(udp("192.0.2.5:4000", "192.0.2.1:53", "q"), "wan")).toBe(open("udp 192.0.2.1 is a virtual service"));
    expect(fateOf(tcp("10.0.0.5:4000", "10.0.0.1:443", "SYN"), "lan")).toBe(open("mark 7 is a virtual service"));
  });

  it("is for IPVS when a socket of the host sends it", () => {
    expect(fateOf(tcp("10.0.0.1:4000", "10.0.0.1:80", "SYN"), "socket")).toBe(open("tcp 10.0.0.1:80 is a virtual service"));
  });

  it("is not where that is assumed", () => {
    expect(fateOf(tcp("10.0.0.5:4000", "10.0.0.1:80", "SYN"), "lan", new Map([["ipvs", "no"]]))).toBe("delivered");
  });
});

describe("what a server of a virtual service sends", () => {
  it("may be an answer, which IPVS gives the service's address", () => {
    expect(fateOf(tcp("10.1.0.7:8080", "10.0.0.5:4000", "SYN,ACK"), "dmz")).toBe(open("it comes from a server of tcp 10.0.0.1:80"));
    expect(fateOf(tcp("10.1.0.9:443", "10.0.0.1:4000", "ACK"), "dmz")).toBe(open("it comes from a server of mark 7"));
  });

  it("is no answer in a connection that was not opened to the service", () => {
    const way = replayedTo("10.1.0.7:8080");
    expect(way.map(({ verdict, undecided }) => undecided ?? verdict)).toEqual(["forwarded", "forwarded"]);
  });

  it("is none where it opens a connection, or where IPVS only routes", () => {
    expect(fateOf(tcp("10.1.0.7:8080", "10.0.0.5:4000", "SYN"), "dmz")).toBe("forwarded");
    expect(fateOf(udp("10.1.0.8:53", "10.0.0.5:4000", "a"), "dmz")).toBe("forwarded");
  });
});
