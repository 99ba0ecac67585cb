import { describe, expect, it } from "vitest";
import { Collection } from "../../src/explain/collect.ts";
import { explainPacket } from "../../src/explain/packet-detail.ts";
import { summarize } from "../../src/explain/summary.ts";
import type { Host } from "../../src/model/host.ts";
import { natTable, replayed, router, type Seen, tcp, udp } from "../engine/router.ts";

const OPTIONS = { tables: false, allSteps: false, sort: "trouble", all: false, filtered: false } as const;

/** The sign of the first connection, and what is said of it. */
function said(host: Host, seen: readonly Seen[]): { readonly sign: string | undefined; readonly lines: readonly string[] } {
  const collection = new Collection(10);
  for (const trace of replayed(host, seen)) collection.add(trace);
  const [connection] = summarize(collection, host, OPTIONS).connections;
  return { sign: connection?.sign, lines: connection?.outcomes.flatMap((outcome) => outcome.lines.map((line) => line.text)) ?? [] };
}

const BALANCED = natTable(
  "-A PREROUTING -d 10.0.0.99/32 -p tcp -m statistic --mode random --probability 0.5 -j DNAT --to-destination 10.1.0.2:8080",
  "-A PREROUTING -d 10.0.0.99/32 -p tcp -j DNAT --to-destination 10.1.0.3:8080",
  "-A POSTROUTING -o wan -j MASQUERADE --random",
);
const DROPPING = [
  "*filter",
  ":INPUT ACCEPT [0:0]",
  ":FORWARD ACCEPT [0:0]",
  ":OUTPUT ACCEPT [0:0]",
  "-A FORWARD -m statistic --mode random --probability 0.25 -j DROP",
  "COMMIT",
  "",
].join("\n");

const nat = router({ "iptables-save.txt": BALANCED });
const syn: Seen = { at: 0, device: "lan", packet: tcp("10.0.0.5:40000", "10.0.0.99:80", "SYN") };
const out: Seen = { at: 0, device: "lan", packet: tcp("10.0.0.5:40000", "198.51.100.7:443", "SYN") };

describe("a choice that was told", () => {
  it.each<[string, Host, Seen[], string]>([
    [
      "by a sighting",
      nat,
      [syn, { at: 50, device: "dmz", out: true, packet: tcp("10.0.0.5:40000", "10.1.0.3:8080", "SYN", { ttl: 63 }) }],
      "One of 10.1.0.2:8080, 10.1.0.3:8080; seen going to 10.1.0.3:8080 on dmz (packet 2).",
    ],
    [
      "by an answer",
      nat,
      [syn, { at: 50, device: "dmz", packet: tcp("10.1.0.2:8080", "10.0.0.5:40000", "SYN,ACK", { ack: 1001 }) }],
      "One of 10.1.0.2:8080, 10.1.0.3:8080; the answer came from 10.1.0.2:8080 (packet 2).",
    ],
    [
      "as a port, by a sighting",
      nat,
      [out, { at: 50, device: "wan", out: true, packet: tcp("192.0.2.1:5555", "198.51.100.7:443", "SYN", { ttl: 63 }) }],
      "Source port drawn from 1024 to 65535; seen coming from 192.0.2.1:5555 on wan (packet 2).",
    ],
    [
      "as a port, by an answer",
      nat,
      [out, { at: 50, device: "wan", packet: tcp("198.51.100.7:443", "192.0.2.1:5555", "SYN,ACK", { ack: 1001 }) }],
      "Source port drawn from 1024 to 65535; the answer came to 192.0.2.1:5555 (packet 2).",
    ],
    [
      "as a drop that was not",
      router({ "iptables-save.txt": DROPPING }),
      [out, { at: 50, device: "wan", out: true, packet: tcp("10.0.0.5:40000", "198.51.100.7:443", "SYN", { ttl: 63 }) }],
      "Open by the rules alone (chance: the kernel decides with a probability of 0.25); seen on wan (packet 2), so filter FORWARD 1 does not match.",
    ],
  ])("%s is said to have been", (_, host, seen, sentence) => {
    const { lines, sign } = said(host, seen);
    expect(lines).toContain(sentence);
    expect(sign).toBe("good");
  });

  it("by the list of connections is said to have been", () => {
    const entry =
      "ipv4     2 tcp      6 100 TIME_WAIT src=10.0.0.5 dst=10.0.0.99 sport=40000 dport=80 src=10.1.0.2 dst=10.0.0.5 sport=8080 dport=40000 [ASSURED] mark=0 use=1\n";
    const host = router({ "iptables-save.txt": BALANCED, "conntrack.txt": entry }, { takenAt: "2023-11-15T00:00:00Z" });
    expect(said(host, [syn]).lines).toContain("One of 10.1.0.2:8080, 10.1.0.3:8080; conntrack -L has 10.1.0.2:8080.");
  });

  it("stands on the packet's own page too", () => {
    const [trace] = replayed(nat, [
      syn,
      { at: 50, device: "dmz", out: true, packet: tcp("10.0.0.5:40000", "10.1.0.3:8080", "SYN", { ttl: 63 }) },
    ]);
    const page = trace && explainPacket(trace, nat, "", false);
    expect(page?.ways).toHaveLength(1);
    expect(page?.closing).toContain("One of 10.1.0.2:8080, 10.1.0.3:8080; seen going to 10.1.0.3:8080 on dmz (packet 2).");
  });
});

describe("a choice that nothing tells", () => {
  const hint = "A capture of all devices (-i any), an answer in the capture, or conntrack -L taken meanwhile would tell.";

  it("is not shown as if one way were known, even where all come to the same", () => {
    expect(said(nat, [syn])).toEqual({
      sign: "unsure",
      lines: [
        "Forwarded in one of 2 ways.",
        "Not known: chance: the kernel decides with a probability of 0.5.",
        "- DNAT to 10.1.0.2:8080, forwarded lan → dmz, if nat PREROUTING 1 matches",
        "- DNAT to 10.1.0.3:8080, forwarded lan → dmz, if nat PREROUTING 1 does not match",
        hint,
      ],
    });
  });

  it("is named for a port", () => {
    const { lines } = said(nat, [{ at: 0, device: "lan", packet: udp("10.0.0.5:40000", "198.51.100.7:53", "q") }]);
    expect(lines[0]).toBe("MASQUERADE to 192.0.2.1:(any port), forwarded lan → wan.");
    expect(lines).toContain(`Its source port is undetermined, since the kernel draws it. ${hint}`);
  });
  it("takes one line where all ways end the same", () => {
    const counting = DROPPING.replace("-j DROP", '-m comment --comment "counts only"');
    expect(said(router({ "iptables-save.txt": counting }), [out]).lines).toContain(
      "Not known: chance: the kernel decides with a probability of 0.25. It ends the same either way.",
    );
  });
});
