import { describe, expect, it } from "vitest";
import { explainPacket } from "../../src/explain/packet-detail.ts";
import { replayed } from "./recorded.ts";

describe("a packet's own page", () => {
  it("names the rules that were tried in vain, and the first condition that failed", async () => {
    const { host, traces } = await replayed("docker-published-port-from-outside", true);
    const trace = traces.find((t) => t.frame.number === 7);
    if (!trace) throw new Error("no packet 7");
    const detail = explainPacket(trace, host, "12:00:00.000000", false);
    expect(detail.title).toBe("Packet 7 · 12:00:00.000000 · tcp 192.0.2.50:40002 → 172.17.0.2:22 [SYN] · 44 bytes · in on eth0 (host)");
    const rows = detail.ways[0]?.rows ?? [];
    const tried = rows.find((row) => row.place === "DOCKER" && row.remarks.length > 0);
    expect(tried?.remarks).toEqual(["1: wants TCP destination port 80, but its destination port is 22"]);
    const isolation = rows.find((row) => row.place === "DOCKER-ISOLATION-STAGE-1" && row.remarks.length > 0);
    expect(isolation?.remarks[0]).toBe("1: wants -i docker0, but it came in on eth0");
    expect(rows.at(-1)).toMatchObject({ what: "dropped", text: "by filter FORWARD's policy", tone: "bad" });
  });

  it("shows a translation under the rule that made it", async () => {
    const { host, traces } = await replayed("docker-published-port-from-outside", true);
    const trace = traces[0];
    if (!trace) throw new Error("no packets");
    const detail = explainPacket(trace, host, "", false);
    const dnat = detail.ways[0]?.rows.find((row) => row.place === "DOCKER 3");
    expect(dnat).toMatchObject({ what: "nat", line: 44, remarks: ["⇒ destination 192.0.2.10:8080 → 172.17.0.2:80"] });
    const jump = detail.ways[0]?.rows.find((row) => row.place === "PREROUTING 1");
    expect(jump?.remarks).toEqual(["✓ destination address of type LOCAL: its destination is 192.0.2.10"]);
    expect(detail.closing).toContain("As sent on: 192.0.2.50:40000 → 172.17.0.2:80, ttl 63.");
  });
});
