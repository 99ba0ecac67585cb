import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parseAddress } from "../../src/model/address.ts";
import { parseConntrack } from "../../src/parse/conntrack.ts";
import { shown } from "./ruleset.ts";

const read = (...lines: string[]) => parseConntrack(lines.join("\n"), "conntrack.txt");
const ip = (text: string) => parseAddress(text);

describe("connections", () => {
  it("have both directions, state, timeout, flags, mark, zone and helper", () => {
    const tail = "[ASSURED] mark=42 secctx=system_u:object_r:unlabeled_t:s0 helper=ftp zone=3 delta-time=5 use=1 id=1963";
    const { value, problems } = read(
      `ipv4     2 tcp      6 431999 ESTABLISHED src=10.1.0.20 dst=192.0.2.1 sport=1024 dport=443 packets=3 bytes=180 src=10.1.0.10 dst=10.1.0.20 sport=8443 dport=1024 packets=2 bytes=120 ${tail}`,
    );
    expect(problems).toEqual([]);
    expect(value).toEqual([
      {
        original: { src: ip("10.1.0.20"), dst: ip("192.0.2.1"), protocol: 6, sport: 1024, dport: 443 },
        reply: { src: ip("10.1.0.10"), dst: ip("10.1.0.20"), protocol: 6, sport: 8443, dport: 1024 },
        timeout: 431999,
        state: "ESTABLISHED",
        flags: ["ASSURED"],
        mark: 42,
        zone: 3,
        helper: "ftp",
        counters: { original: [3, 180], reply: [2, 120] },
      },
    ]);
  });

  it("of ICMP have their identifier for both ports, and it is not the connection's own", () => {
    const { value } = read(
      "icmp     1 28 src=10.1.1.5 dst=10.2.2.9 type=8 code=0 id=77 [UNREPLIED] src=10.2.2.9 dst=10.1.1.5 type=0 code=0 id=77 mark=0 use=1 id=3345683770",
    );
    expect(value[0]).toMatchObject({
      original: { protocol: 1, sport: 77, dport: 77, icmp: { type: 8, code: 0, id: 77 } },
      reply: { icmp: { type: 0, code: 0, id: 77 } },
      flags: ["UNREPLIED"],
    });
  });

  it("may be IPv6, of a protocol without ports, offloaded, or in a zone of one direction", () => {
    const { value, problems } = read(
      "udp      17 29 src=fd00:77::1 dst=2001:db8::9 sport=35905 dport=53 [UNREPLIED] src=2001:db8::9 dst=fd00:77::1 sport=53 dport=35905 mark=0 use=2",
      "unknown  2 596 src=203.0.113.2 dst=224.0.0.22 [UNREPLIED] src=224.0.0.22 dst=203.0.113.2 mark=0 use=1",
      "ipv4     2 tcp      6 src=10.0.0.1 dst=10.0.0.2 sport=1 dport=2 zone-orig=7 src=10.0.0.2 dst=10.0.0.1 sport=2 dport=1 [OFFLOAD] mark=0 use=3",
      "ipv4     2 gre      47 29 timeout=30, stream_timeout=180 src=10.0.0.1 dst=10.0.0.2 srckey=0x1 dstkey=0x2 src=10.0.0.2 dst=10.0.0.1 srckey=0x2 dstkey=0x1 mark=0x2a use=1",
    );
    expect(problems).toEqual([]);
    expect(value[0]?.original.src).toBe(ip("fd00:77::1"));
    expect(value[1]?.original).toEqual({ src: ip("203.0.113.2"), dst: ip("224.0.0.22"), protocol: 2 });
    expect(value[2]).toMatchObject({ flags: ["OFFLOAD"], zone: 7 });
    expect(value[2]).not.toHaveProperty("timeout");
    expect(value[3]).toMatchObject({ original: { protocol: 47, sport: 1, dport: 2 }, mark: 42 });
  });

  it("may be none, with the program's own last line", () => {
    expect(read("conntrack v1.4.7 (conntrack-tools): 0 flow entries have been shown.", "")).toEqual({ value: [], problems: [] });
  });
});

describe("what is wrong with a connection", () => {
  it.each([
    ["tcp six 5 src=1.2.3.4", '1:5+3 expected the number of the protocol after tcp, found "six"'],
    ["tcp 6 5 established src=1.2.3.4", '1:9+11 expected a timeout, a state or src=, found "established"'],
    ["tcp 6 5 NONE 7 src=1.2.3.4", '1:14+1 expected src=, found "7"'],
    ["udp 17 5 src=1.2.3 dst=1.2.3.4", '1:14+5 expected an address after src=, found "1.2.3"'],
    ["udp 17 5 src=1.2.3.4", "1:21+1 expected dst= of the original direction, found the end of the line"],
    ["udp 17 5 src=1.2.3.4 dst=4.3.2.1 sport=1 dport=2", "1:49+1 expected src= of the reply direction, found the end of the line"],
    ["udp 17 5 src=1.2.3.4 dst=::1 src=::1 dst=::2", '1:26+3 expected two addresses of one family in the original direction, found "::1"'],
    ["udp 17 5 src=1.2.3.4 dst=4.3.2.1 sport=http src=4.3.2.1 dst=1.2.3.4", '1:40+4 expected a number after sport=, found "http"'],
    ["udp 17 5 src=::1 dst=::2 src=::2 dst=::1 mark=x", '1:47+1 expected a number after mark=, found "x"'],
  ])("%s", (line, problem) => {
    expect(shown(read(line).problems)).toEqual([problem]);
    expect(read(line).value).toEqual([]);
  });

  it("is found in all lines, and the others are read", () => {
    const good = "udp 17 5 src=::1 dst=::2 src=::2 dst=::1 mark=0";
    const { value, problems } = read("x", good, "[NEW]", good);
    expect([value.length, problems.map((problem) => problem.line)]).toEqual([2, [1, 3]]);
  });

  it("never throws", () => {
    const piece = fc.constantFrom(
      ..."tcp 6 5 ESTABLISHED src=10.0.0.1 src=::1 dst=10.0.0.2 sport=1 type=8 code=0 id=7 [ASSURED] mark=1 = x= [".split(" "),
    );
    fc.assert(
      fc.property(fc.array(fc.oneof(piece, fc.string({ maxLength: 5 })), { maxLength: 14 }), (words) => {
        const { problems } = read(words.join(" "));
        for (const { line, column, span } of problems) expect([line, column, span].every((n) => (n ?? 0) >= 1)).toBe(true);
      }),
      { numRuns: 1000 },
    );
  });
});
