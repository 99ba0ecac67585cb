import { describe, expect, it } from "vitest";
import { CAPTURE_BEGINS, natTable, replayed, router, type Seen, tcp, udp } from "./router.ts";

const BEFORE = "2023-11-14T22:00:00Z";
const AFTER = "2023-11-14T22:30:00Z";

const BALANCED = natTable(
  "-A PREROUTING -d 10.0.0.99/32 -p tcp -m statistic --mode random --probability 0.5 -j DNAT --to-destination 10.1.0.2:8080",
  "-A PREROUTING -d 10.0.0.99/32 -p tcp -j DNAT --to-destination 10.1.0.3:8080",
  "-A POSTROUTING -o wan -j MASQUERADE --random-fully",
);
const line = (state: string, original: string, reply: string) => `ipv4     2 ${state} ${original} ${reply} [ASSURED] mark=0 use=1\n`;
const SERVICE = (state: string) =>
  line(`tcp      6 100 ${state}`, "src=10.0.0.5 dst=10.0.0.99 sport=40000 dport=80", "src=10.1.0.3 dst=10.0.0.5 sport=8080 dport=40000");
const QUERY = line(
  "udp      17 25",
  "src=10.0.0.5 dst=198.51.100.7 sport=5000 dport=53",
  "src=198.51.100.7 dst=192.0.2.1 sport=53 dport=33333",
);

const host = (conntrack: string, takenAt?: string) =>
  router({ "iptables-save.txt": BALANCED, "conntrack.txt": conntrack }, takenAt === undefined ? {} : { takenAt });

const syn: Seen = { at: 0, device: "lan", packet: tcp("10.0.0.5:40000", "10.0.0.99:80", "SYN") };

describe("a list of connections taken after the capture", () => {
  it("tells the destination that was drawn", () => {
    const [first] = replayed(host(SERVICE("ESTABLISHED"), AFTER), [syn]);
    expect(first).toMatchObject({
      certainty: "certain",
      decided: [{ what: "destination", choices: ["10.1.0.2:8080", "10.1.0.3:8080"], chosen: "10.1.0.3:8080", by: "listed" }],
    });
    expect(first?.way.nat.dst?.to).toBe("10.1.0.3:8080");
    expect(first?.way.steps.find((step) => step.kind === "conntrack")).toMatchObject({ state: "NEW" });
  });

  it("tells the port that was drawn", () => {
    const [first, again] = replayed(host(QUERY, AFTER), [
      { at: 0, device: "lan", packet: udp("10.0.0.5:5000", "198.51.100.7:53", "a") },
      { at: 1_200_000, device: "wan", packet: udp("198.51.100.7:53", "192.0.2.1:33333", "b") },
    ]);
    expect(first?.decided).toMatchObject([{ what: "source", chosen: "192.0.2.1:33333", by: "listed" }]);
    expect(first).toMatchObject({ certainty: "assumed", assumptions: [{ id: "snapshot-age" }] });
    expect(again?.way.nat.dst?.to).toBe("10.0.0.5:5000");
  });

  it("gives way to what the capture itself shows", () => {
    const [first] = replayed(host(SERVICE("ESTABLISHED"), AFTER), [
      syn,
      { at: 40, device: "dmz", out: true, packet: tcp("10.0.0.5:40000", "10.1.0.2:8080", "SYN", { ttl: 63 }) },
    ]);
    expect(first?.decided).toMatchObject([{ chosen: "10.1.0.2:8080", by: "seen" }]);
  });

  it("does not make a connection new whose beginning was not captured", () => {
    const [first] = replayed(host(SERVICE("ESTABLISHED"), AFTER), [
      { at: 0, device: "lan", packet: tcp("10.0.0.5:40000", "10.0.0.99:80", "ACK", { seq: 5, ack: 5 }) },
    ]);
    expect(first?.way.steps.find((step) => step.kind === "conntrack")).toMatchObject({ state: "ESTABLISHED" });
    expect(first?.way.nat.dst?.to).toBe("10.1.0.3:8080");
    expect(first?.decided).toEqual([]);
  });
});

describe("a list of connections that is older than the packet", () => {
  it("has the connection, if it was not opened again", () => {
    const [first] = replayed(host(SERVICE("ESTABLISHED"), BEFORE), [syn]);
    expect(first?.way.steps.find((step) => step.kind === "conntrack")).toMatchObject({ state: "ESTABLISHED" });
  });

  it("does not tell what was drawn when it was", () => {
    const [first] = replayed(host(SERVICE("TIME_WAIT"), BEFORE), [syn]);
    expect(first).toMatchObject({ certainty: "possible", decided: [] });
  });
});

describe("a list of connections without a date", () => {
  it.each(["ESTABLISHED", "TIME_WAIT"])("is taken for younger than a packet that opens one listed as %s, which is named", (state) => {
    const [first] = replayed(host(SERVICE(state)), [syn]);
    expect(first?.decided).toMatchObject([{ chosen: "10.1.0.3:8080", by: "listed" }]);
    expect(first?.certainty).toBe("assumed");
    expect(first?.assumptions.map(({ id }) => id)).toContain("snapshot-age");
  });

  it("is taken for older than the capture otherwise", () => {
    const [first] = replayed(host(QUERY), [{ at: 0, device: "lan", packet: udp("10.0.0.5:5000", "198.51.100.7:53", "a") }]);
    expect(first?.way.nat.src?.to).toBe("192.0.2.1:33333");
    expect(first?.decided).toEqual([]);
  });
});

it("is only assumed to be younger than packets of the second in which it was begun", () => {
  const [first] = replayed(host(SERVICE("ESTABLISHED"), CAPTURE_BEGINS), [{ ...syn, at: 300_000 }]);
  expect(first).toMatchObject({ certainty: "assumed", decided: [{ chosen: "10.1.0.3:8080", by: "listed" }] });
  const [late] = replayed(host(SERVICE("ESTABLISHED"), CAPTURE_BEGINS), [{ ...syn, at: 1_300_000 }]);
  expect(late).toMatchObject({ certainty: "certain", decided: [] });
});
