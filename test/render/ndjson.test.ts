import { describe, expect, it } from "vitest";
import { protocolField } from "../../src/render/ndjson/trace-fields.ts";
import { traceObject } from "../../src/render/ndjson.ts";
import { replayed } from "../explain/recorded.ts";

const TIME = "2026-11-21T10:42:35.714300Z";

type Fields = Record<string, unknown>;

async function objectsOf(scenario: string): Promise<Fields[]> {
  const { traces } = await replayed(scenario);
  return traces.map((trace) => JSON.parse(JSON.stringify(traceObject(trace, TIME))) as Fields);
}

function hasNull(value: unknown): boolean {
  return value === null || (typeof value === "object" && Object.values(value).some(hasNull));
}

describe("the object of a packet", () => {
  it("has the fields that scripts build on", async () => {
    const [first] = await objectsOf("docker-published-port-from-outside");
    expect(first).toMatchObject({
      packet: 1,
      time: TIME,
      flow: 1,
      netns: "host",
      interface: "eth0",
      direction: "in",
      protocol: "tcp",
      src: "192.0.2.50",
      dst: "192.0.2.10",
      sport: 40000,
      dport: 8080,
      verdict: "delivered",
      certainty: "certain",
      at: { netns: "web" },
      nat: { dst: { from: "192.0.2.10:8080", to: "172.17.0.2:80" } },
      replies: [],
      alternatives: [],
    });
    expect(first?.["out"]).toEqual([
      expect.objectContaining({
        netns: "host",
        interface: "docker0",
        dst: "172.17.0.2",
        protocol: "tcp",
        proto: "tcp",
        dport: 80,
        ttl: 63,
        tos: 0,
      }),
      expect.objectContaining({ netns: "host", interface: "veth1a2b3c4", dst: "172.17.0.2" }),
    ]);
  });

  it("has a rule step with number, line, target, text and what was set", async () => {
    const [first] = await objectsOf("docker-published-port-from-outside");
    const steps = first?.["steps"] as Fields[];
    expect(steps.find((step) => step["target"] === "DNAT")).toEqual({
      netns: "host",
      hook: "PREROUTING",
      table: "nat",
      chain: "DOCKER",
      kind: "rule",
      rule: 3,
      line: 44,
      target: "DNAT",
      text: "-A DOCKER ! -i docker0 -p tcp -m tcp --dport 8080 -j DNAT --to-destination 172.17.0.2:80",
      set: { dst: "172.17.0.2", dport: 80 },
      in: "eth0",
    });
    expect(steps.filter((step) => step["kind"] === "policy")).toEqual([expect.objectContaining({ chain: "POSTROUTING", rule: 4 })]);
  });

  it.each(["reject-tcp-reset", "icmp-error-related", "fragmentation-needed", "bridge-ping-br0", "kube-clusterip"])(
    "never says null: %s",
    async (scenario) => {
      const objects = await objectsOf(scenario);
      expect(objects.length).toBeGreaterThan(0);
      expect(objects.filter(hasNull)).toEqual([]);
    },
  );

  it("lists the answers that a host sends because of a packet", async () => {
    const [first] = await objectsOf("reject-tcp-reset");
    expect(first).toMatchObject({ verdict: "rejected", at: { table: "filter", chain: "INPUT", kind: "rule", rule: 1 } });
    expect(first?.["replies"]).toEqual([
      expect.objectContaining({ type: "tcp-reset", src: "192.0.2.1", dst: "192.0.2.77", verdict: "forwarded" }),
    ]);
  });
});

describe("a protocol", () => {
  it.each([
    [6, "tcp"],
    [58, "icmpv6"],
    [132, "sctp"],
    [59, "59"],
    [99, "99"],
  ])("%i is %s", (number, name) => {
    expect(protocolField(number)).toBe(name);
  });
});
