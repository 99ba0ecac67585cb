import { describe, expect, it } from "vitest";
import { Collection } from "../../src/explain/collect.ts";
import { type Explanation, summarize } from "../../src/explain/summary.ts";
import { replayed } from "./recorded.ts";

const OPTIONS = { tables: false, allSteps: false, sort: "trouble", all: false, filtered: false } as const;

async function explained(scenario: string, options: Partial<Parameters<typeof summarize>[2]> = {}): Promise<Explanation> {
  const { host, traces } = await replayed(scenario);
  const collection = new Collection(100);
  for (const trace of traces) collection.add(trace);
  return summarize(collection, host, { ...OPTIONS, ...options });
}

/** Everything that is said of a connection, one sentence a line. */
function said(explanation: Explanation, flow: number): string[] {
  const connection = explanation.connections.find((c) => c.flow === flow);
  return connection?.outcomes.flatMap((outcome) => [...outcome.lines, ...outcome.closing].map((line) => line.text)) ?? [];
}

describe("a published port", () => {
  it("is summed up first, trouble before the rest", async () => {
    const explanation = await explained("docker-published-port-from-outside");
    expect(explanation.headline).toBe("9 packets, 5 connections: 4 reached a socket and 1 was dropped.");
    expect(explanation.connections.map((c) => [c.flow, c.sign])).toEqual([
      [3, "bad"],
      [1, "good"],
      [2, "good"],
      [4, "good"],
      [5, "good"],
    ]);
    const inTime = await explained("docker-published-port-from-outside", { sort: "time" });
    expect(inTime.connections.map((c) => c.flow)).toEqual([1, 2, 3, 4, 5]);
  });

  it("says where it was translated to, by which rule, and how answers go", async () => {
    expect(said(await explained("docker-published-port-from-outside"), 1)).toEqual([
      "DNAT to 172.17.0.2:80, delivered in netns web (eth0 → docker0 → veth1a2b3c4 → web eth0).",
      "Rule: nat DOCKER 3 (line 44): ! -i docker0 -p tcp --dport 8080 -j DNAT --to-destination 172.17.0.2:80",
      "Accepted by filter DOCKER 1 (line 20)",
      "Answers: source translated back to 192.0.2.10:8080, forwarded veth1a2b3c4 → eth0.",
      "Accepted by filter FORWARD 5 (line 14)",
    ]);
  });

  it("names the rule that came closest to letting a dropped packet through", async () => {
    const [drop, closest] = said(await explained("docker-published-port-from-outside"), 3);
    expect(drop).toBe("DROPPED on its way eth0 → docker0: no rule of filter FORWARD accepts it, and its policy is DROP.");
    expect(closest).toBe(
      "Closest rule: filter DOCKER 1 (line 20) would accept it but for one condition: TCP destination port 80 (its destination port is 22). " +
        "It reads -d 172.17.0.2 ! -i docker0 -o docker0 -p tcp --dport 80 -j ACCEPT",
    );
  });

  it("gathers uneventful steps, and tells all of them when asked", async () => {
    const rows = (e: Explanation) => e.connections.find((c) => c.flow === 3)?.outcomes[0]?.rows ?? [];
    const short = rows(await explained("docker-published-port-from-outside"));
    expect(short.map((row) => row.text)).toContain("no verdict from DOCKER-USER, DOCKER-ISOLATION-STAGE-1, DOCKER");
    expect(short.at(-1)).toMatchObject({ chain: "FORWARD", tone: "bad", line: 4 });
    const all = rows(await explained("docker-published-port-from-outside", { allSteps: true }));
    expect(all.length).toBeGreaterThan(short.length);
    expect(all.filter((row) => row.tone === "quiet")).toEqual([]);
  });
});

describe("reasons", () => {
  it.each([
    ["rp-filter-strict", 1, /^DROPPED on its way in from wan: the way back to 10\.0\.0\.10 does not lead through wan/],
    ["bridge-gateway-forwarding-off", 1, /does not forward \(net\.ipv4\.ip_forward/],
    ["ttl-expiry", 1, /^DROPPED on its way in from lan: its TTL is used up, answered with ICMP time exceeded to 10\.0\.0\.10\.$/],
    ["fragmentation-needed", 1, /the MTU of wan is 1000, answered with ICMP fragmentation needed to 10\.0\.0\.10\.$/],
    ["kube-no-endpoints", 1, /^REJECTED on its way .* by filter KUBE-SERVICES 1, answered with ICMP port unreachable to 10\.244\.0\.7\.$/],
    ["docker-hairpin", 1, /^DNAT to 172\.17\.0\.2:80, MASQUERADE to 172\.17\.0\.1, delivered in netns web/],
  ])("%s: connection %i", async (scenario, flow, sentence) => {
    expect(said(await explained(scenario), flow)[0]).toMatch(sentence);
  });

  it("tells marks and the routing table that they chose", async () => {
    const lines = said(await explained("fwmark-policy-routing"), 2);
    expect(lines).toContain("Marked 0x2 by mangle PREROUTING 1 (line 17)");
    expect(lines.some((line) => line.startsWith("Routed by table 102, because of ip rule"))).toBe(true);
  });

  it("tells the same steps once", async () => {
    const { connections } = await explained("conntrack-invalid");
    const bad = connections.filter((c) => c.sign === "bad");
    expect(bad[0]?.outcomes[0]?.rows.length).toBeGreaterThan(0);
    expect(bad[1]?.outcomes[0]).toMatchObject({ rows: [], sameStepsAs: bad[0]?.flow });
  });
});

describe("many connections", () => {
  it("are counted, and only the first few explained", async () => {
    const { host, traces } = await replayed("docker-published-port-from-outside");
    const drop = traces.find((trace) => trace.way.verdict === "dropped");
    const collection = new Collection(20);
    for (let flow = 1; flow <= 200 && drop; flow++) collection.add({ ...drop, flow });
    const explanation = summarize(collection, host, OPTIONS);
    expect(explanation.headline).toBe("200 packets, 200 connections: all were dropped.");
    expect(explanation.connections).toHaveLength(10);
    expect(explanation.hidden).toEqual({ trouble: 190, expected: [] });
    expect(explanation.totals.map(({ kind }) => kind)).toEqual(["lost"]);
    expect(explanation.totals[0]?.rows).toEqual([
      { name: "filter FORWARD", text: "policy DROP", packets: 200, connections: 200, about: false },
    ]);
    expect(collection.connections.size).toBe(20);
  });
});
