import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { about, differing, IN, json, SSH, WEB } from "./firewall.ts";
import { nettrace, spawned } from "./nettrace.ts";

const SAMPLE = fileURLToPath(new URL("../../samples/published-port-from-outside/firewall.test.yaml", import.meta.url));

describe("nettrace test", () => {
  it("says that all hold, in a process of its own", () => {
    const { status, stdout, stderr } = spawned(["test", SAMPLE]);
    expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
    expect(stdout.split("\n")[0]).toBe("5 assertions: all hold.");
    expect(stdout.match(/^✓ {2}\S/gm)).toHaveLength(5);
  });

  it("explains what does not hold, and exits with 1", () => {
    const path = about("bad.yaml", ...SSH, "    expect: { verdict: forwarded, rule: comment web server }", ...WEB, "    expect: forwarded");
    const { status, stdout, stderr } = spawned(["test", path]);
    expect({ status, stderr }).toEqual({ status: 1, stderr: "" });
    const lines = stdout.split("\n");
    expect(lines.slice(0, 4)).toEqual([
      "1 of 2 assertions failed.",
      "",
      "✗  ssh  DROPPED on its way eth0 → br-lan: no rule of filter FORWARD accepts it, and its policy is D…",
      "✓  web  DNAT to 10.0.0.2:8443, forwarded eth0 → br-lan",
    ]);
    expect(stdout).toMatch(/^✗ ssh \(.*bad\.yaml:3\)\n {2}tcp 203\.0\.113\.9:40000 10\.0\.0\.2:22, in on eth0\n$/m);
    expect(stdout).toContain(
      [
        "  verdict  expected  forwarded",
        "           found     dropped",
        "  rule     expected  filter FORWARD 3 (line 15): -d 10.0.0.2 -p tcp --dport 8443 -j ACCEPT",
        "           found     filter FORWARD policy",
      ].join("\n"),
    );
    expect(stdout).toContain("  ✗ 1  tcp 203.0.113.9:40000 → 10.0.0.2:22");
    expect(stdout).toContain("FORWARD  filter  FORWARD    end of chain, policy DROP ✗");
    expect(stdout).toContain("Taken for granted:");
    expect(lines.at(-2)).toContain("1 assertion failed: ssh (");
  });

  it.each([
    ["{ verdict: forwarded, dnat: 10.0.0.2:8443, snat: none, out: br-lan, netns: host, state: NEW }", {}],
    ["{ rule: filter FORWARD 3 }", {}],
    ["{ rule: nat PREROUTING 1 }", {}],
    ["{ rule: line 15, dnat: 10.0.0.2, verdict: [delivered, forwarded] }", {}],
    ["{ rule: comment web server }", {}],
    ['{ rule: "-A FORWARD -d 10.0.0.2 -p tcp --dport 8443 -j ACCEPT" }', {}],
    ["{ matches: [filter FORWARD 3 in netns host, nat POSTROUTING policy] }", {}],
    ["{ dnat: 10.0.0.2:443 }", { dnat: "10.0.0.2:8443" }],
    ["{ dnat: none, snat: 10.0.0.1 }", { dnat: "10.0.0.2:8443", snat: "none" }],
    ["{ out: [br-lan, eth1] }", { out: "br-lan" }],
    ["{ out: none, netns: web }", { out: "br-lan", netns: "host" }],
    ["{ state: ESTABLISHED, matches: filter FORWARD 4 }", { state: "NEW", matches: "no match there" }],
    ["{ verdict: dropped, reason: no-route }", { verdict: "forwarded", reason: "forwarded" }],
    [
      "{ rule: filter FORWARD 2 }",
      {
        rule: "nat PREROUTING 1 (line 4): -i eth0 -p tcp --dport 443 -j DNAT --to-destination 10.0.0.2:8443 and filter FORWARD 3 (line 15): -d 10.0.0.2 -p tcp --dport 8443 -j ACCEPT",
      },
    ],
  ])("compares: %s", async (expected, found) => {
    expect(await differing(expected)).toEqual(found);
  });

  it("says of a rule that is not there that it is not there", async () => {
    const { assertions } = await json(about("none.yaml", ...SSH, "    expect: { rule: filter FORWARD 44 }"));
    expect(assertions[0]?.differences[0]?.expected).toBe("filter FORWARD 44 (there is no such rule for IPv4 in netns host)");
  });

  it("names the rule that dropped or rejected", async () => {
    expect(await differing("{ verdict: dropped, rule: filter FORWARD policy, out: none }", SSH)).toEqual({});
    const udp = ["  - packet: udp 203.0.113.9:1 10.0.0.2:53", IN];
    expect(await differing("{ verdict: rejected, rule: filter FORWARD 7 }", udp)).toEqual({});
    expect(await differing("{ rule: filter FORWARD 3 }", udp)).toEqual({
      rule: "filter FORWARD 7 (line 19): -p udp -j REJECT --reject-with icmp-port-unreachable",
    });
  });
});

describe("what cannot be decided", () => {
  const LOT = ["  - packet: tcp 203.0.113.9:40000 10.0.0.2:9", IN];
  const TWO_WAYS = ["  - packet: tcp 203.0.113.9:40000 198.51.100.2:7", IN];

  it("fails, and says what would decide it, unless it is expected", async () => {
    const chance = "chance: the kernel decides with a probability of 0.5";
    expect(await differing("{ verdict: forwarded }", LOT)).toEqual({ verdict: `unknown: it depends on ${chance}` });
    expect(await differing("{ netns: host }", LOT)).toEqual({ verdict: `unknown: it depends on ${chance}` });
    expect(await differing("unknown", LOT)).toEqual({});
    const { stdout } = await nettrace("test", about("lot.yaml", ...LOT, "    expect: forwarded"));
    expect(stdout).toContain(`Not known: ${chance}.`);
  });

  it("has to hold on each of several ways", async () => {
    expect(await differing("{ dnat: 10.0.0.7 }", TWO_WAYS)).toMatchObject({ dnat: "none (if nat PREROUTING 2 does not match)" });
  });

  it("is a source address that nobody knows", async () => {
    const test = ["  - packet: tcp 10.0.0.2:5 203.0.113.9:80", "    interface: br-lan"];
    expect(await differing("{ verdict: forwarded, snat: none }", test)).toEqual({
      snat: "unknown: the address that MASQUERADE chooses (--links)",
    });
    expect(await differing("{ snat: 198.51.100.2 }", test)).toHaveProperty("snat");
  });

  it("is settled by assume, in the file, the test or on the command line", async () => {
    const test = ["  - packet: udp 198.51.100.2:5 203.0.113.9:53", "    out-of-socket: true"];
    expect(await differing("unknown", test)).toEqual({});
    expect(await differing("dropped", [...test, "    assume: { owner.uid: 1000 }"])).toEqual({});
    expect(await differing("forwarded", [...test, "    assume: { owner.uid: 1000 }"], "--assume", "owner.uid=7")).toEqual({});
  });

  it("asks for the time where rules look at the clock", async () => {
    const atNight = ["  - packet: tcp 203.0.113.9:40000 10.0.0.2:2222", IN];
    expect(await differing("forwarded", [...atNight, "    time: 2026-11-20T02:00:00Z"])).toEqual({});
    expect(await differing("dropped", [...atNight, "    time: 2026-11-20T12:00:00Z"])).toEqual({});
    const { stdout } = await nettrace("test", about("now.yaml", ...atNight, "    expect: [dropped, forwarded]"));
    expect(stdout).toContain("- packets are sent now. Better: time:");
  });
});

describe("packets one after the other", () => {
  it("find the connections of those before", async () => {
    const path = about(
      "sequence.yaml",
      "  - name: out and back",
      "    interface: br-lan",
      "    packets:",
      "      - packet: udp 10.0.0.2:5000 203.0.113.9:53",
      "        expect: { snat: 198.51.100.2, state: NEW }",
      "      - packet: reply",
      "        expect: { verdict: forwarded, dnat: 10.0.0.2:5000, state: ESTABLISHED, out: br-lan, rule: filter FORWARD 1 }",
      "      - { packet: udp 203.0.113.9:53 198.51.100.2:5000, interface: eth0, after: 10m, name: much later, expect: dropped }",
      "  - name: alone",
      "    packet: udp 203.0.113.9:53 198.51.100.2:5000",
      "    interface: eth0",
      "    expect: { verdict: dropped, state: NEW, rule: filter INPUT policy }",
    );
    const { status, assertions } = await json(path);
    expect(assertions.map(({ name, line, differences }) => [name, line, differences])).toEqual([
      ["out and back (1 of 3)", 6, []],
      ["out and back (2 of 3)", 8, []],
      ["out and back: much later", 10, []],
      ["alone", 11, []],
    ]);
    expect(status).toBe(0);
  });

  it("cannot be a reply to what was dropped", async () => {
    const path = about(
      "no-reply.yaml",
      "  - interface: eth0",
      "    packets: [tcp 203.0.113.9:1 10.0.0.2:22, { packet: reply, expect: forwarded }]",
    );
    const { assertions } = await json(path);
    expect(assertions.flatMap(({ differences }) => differences)).toEqual([
      { key: "packet", expected: "a reply", found: "nothing: the packet before it ended as dropped", packets: 1 },
    ]);
  });
});
