import { describe, expect, it } from "vitest";
import type { Packet } from "../../src/model/packet.ts";
import type { PacketTrace, Way } from "../../src/model/trace.ts";
import { natTable, replayed, router, type Seen, tcp, udp } from "./router.ts";

function mangle(...rules: readonly string[]): string {
  const chains = ["PREROUTING", "INPUT", "FORWARD", "OUTPUT", "POSTROUTING"].map((chain) => `:${chain} ACCEPT [0:0]`);
  return ["*mangle", ...chains, ...rules, "COMMIT", ""].join("\n");
}

const query = (more: Partial<Packet> = {}): Seen => ({
  at: 0,
  device: "lan",
  packet: { ...udp("10.0.0.5:5000", "198.51.100.7:53", "a"), ...more },
});

function first(rules: string, seen: Seen = query(), files: Readonly<Record<string, string>> = {}): PacketTrace {
  const [trace] = replayed(router({ "iptables-save.txt": rules, ...files }), [seen]);
  if (!trace) throw new Error("no trace");
  return trace;
}

const rulesOf = (way: Way | undefined) =>
  (way?.allSteps ?? way?.steps ?? []).flatMap((step) =>
    step.kind === "rule" ? [`${step.hook} ${step.rule.number} ${step.out ?? ""}`] : [],
  );

describe("a copy that TEE makes", () => {
  it("goes to the gateway by itself, one hop older and not to be fragmented, and the packet goes on", () => {
    const { way } = first(mangle("-A PREROUTING -j TEE --gateway 10.1.0.9"), query({ dontFragment: false }));
    expect(way.verdict).toBe("forwarded");
    expect(way.at).toMatchObject({ interface: "wan" });
    expect(way.out.map(({ interface: device, packet }) => [device, packet.ttl, packet.dontFragment ?? false])).toEqual([
      ["dmz", 63, true],
      ["wan", 63, false],
    ]);
    expect(way.copies).toMatchObject([{ verdict: "forwarded", at: { interface: "dmz" } }]);
  });

  it("passes through OUTPUT untracked, where it is not copied again", () => {
    const rules = mangle("-A PREROUTING -j TEE --gateway 10.1.0.9", "-A OUTPUT -m conntrack --ctstate UNTRACKED -j TEE --gateway 10.1.0.8");
    const { way } = first(rules);
    expect(rulesOf(way)).toEqual(["PREROUTING 1 ", "OUTPUT 1 dmz"]);
    expect(way.out).toHaveLength(2);
  });

  it("does not change what becomes of a packet that is dropped", () => {
    const { way } = first(mangle("-A FORWARD -j TEE --gateway 10.1.0.9", "-A FORWARD -j DROP"));
    expect(way).toMatchObject({ verdict: "dropped", at: { chain: "FORWARD", rule: 2 } });
    expect(way.out.map((out) => out.interface)).toEqual(["dmz"]);
  });

  it("leaves by the device that the rule names", () => {
    const { way } = first(mangle("-A PREROUTING -j TEE --gateway 192.0.2.77 --oif dmz"));
    expect(way.out[0]?.interface).toBe("dmz");
  });

  it("is the same packet when it is seen in the capture", () => {
    const copy = query({ ttl: 63, dontFragment: true });
    const traces = replayed(router({ "iptables-save.txt": mangle("-A PREROUTING -j TEE --gateway 10.1.0.9") }), [
      query(),
      { ...copy, at: 20, device: "dmz", out: true },
    ]);
    expect(traces[1]?.seenBefore).toBe(1);
  });

  it("ends in a question where copies are copied without end", () => {
    const rules = mangle("-A PREROUTING -j TEE --gateway 10.0.0.1", "-A INPUT -j TEE --gateway 10.0.0.1");
    expect(first(rules).way).toMatchObject({ verdict: "unknown", undecided: "the copies that TEE makes of its own copies" });
  });
});

describe("a transparent proxy", () => {
  const proxy = mangle("-A PREROUTING -p udp -j TPROXY --on-port 5353 --tproxy-mark 0x1/0x1");
  const toHost = {
    "ip-rule.txt": "0:\tfrom all lookup local\n100:\tfrom all fwmark 0x1 lookup 100\n32766:\tfrom all lookup main\n",
    "ip-route.txt": "local default dev lo table 100 scope host\ndefault via 192.0.2.254 dev wan\n192.0.2.0/24 dev wan scope link\n",
  };

  it("takes the packet or lets it be dropped", () => {
    const { certainty, alternatives } = first(proxy, query(), toHost);
    expect(certainty).toBe("possible");
    expect(alternatives.map((way) => [way.conditions[0], way.verdict])).toEqual([
      ["mangle PREROUTING 1: a transparent socket takes it (at lan's first address, port 5353) (--assume tproxy=yes)", "delivered"],
      ["mangle PREROUTING 1: no transparent socket takes it (at lan's first address, port 5353) (--assume tproxy=no)", "dropped"],
    ]);
  });

  it("gets nothing where no policy rule brings the mark to this host", () => {
    const { way } = first(proxy);
    expect(way).toMatchObject({ verdict: "dropped", at: { reason: "not-for-us" } });
  });
});

describe("connection tracking", () => {
  const raw = (rule: string) => `*raw\n:PREROUTING ACCEPT [0:0]\n:OUTPUT ACCEPT [0:0]\n-A PREROUTING -d 192.0.2.99 ${rule}\nCOMMIT\n`;
  const states = (rules: string) => first(rules).way.steps.flatMap((step) => (step.kind === "conntrack" ? [step.state] : []));

  it("begins with a rule that needs it", () => {
    expect(states(raw("-j CT --zone 1"))).toEqual(["NEW"]);
    expect(states(mangle("-A INPUT -j CONNMARK --restore-mark"))).toEqual(["NEW"]);
  });

  it("does not begin with a rule that only keeps packets out of it, or marks by what it knows", () => {
    expect(states(raw("-j CT --notrack"))).toEqual([]);
    expect(states(raw("-j NOTRACK"))).toEqual([]);
    expect(states(mangle("-A INPUT -j HMARK --hmark-tuple ct --hmark-rnd 1 --hmark-mod 2"))).toEqual([]);
  });
});

describe("changed headers", () => {
  it("has no-operations where options were stripped", () => {
    const packet = tcp("10.0.0.5:5000", "198.51.100.7:80", "SYN");
    const options = [
      { kind: 2, data: Uint8Array.of(5, 180) },
      { kind: 4, data: new Uint8Array(0) },
    ];
    const transport = packet.transport?.kind === "tcp" ? { ...packet.transport, headerLength: 28, options } : undefined;
    const seen: Seen = { at: 0, device: "lan", packet: { ...packet, length: 48, ...(transport && { transport }) } };
    const { way } = first(mangle("-A FORWARD -p tcp -j TCPOPTSTRIP --strip-options sack-permitted,timestamp"), seen);
    const sent = way.out[0]?.packet.transport;
    expect(sent?.kind === "tcp" ? sent.options.map(({ kind }) => kind) : []).toEqual([2, 1, 1]);
  });

  it("queues for a program, or passes a queue by where nobody listens", () => {
    const { alternatives } = first(`${mangle("-A PREROUTING -j NFQUEUE --queue-num 3 --queue-bypass")}${natTable()}`);
    expect(alternatives.map((way) => way.verdict)).toEqual(["queued", "forwarded"]);
  });
});
