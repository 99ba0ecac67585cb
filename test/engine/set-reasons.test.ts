import { describe, expect, it } from "vitest";
import { createReplay } from "../../src/engine/replay.ts";
import { frames, router, udp } from "./router.ts";

const RULES = [
  "*filter",
  ":INPUT ACCEPT [0:0]",
  ":FORWARD ACCEPT [0:0]",
  ":OUTPUT ACCEPT [0:0]",
  "-A FORWARD -p udp -m set --match-set trusted src -m udp --dport 99 -j ACCEPT",
  "-A FORWARD -m set --match-set blocklist dst -j DROP",
  "-A FORWARD -m set ! --match-set blocklist dst -j ACCEPT",
  "COMMIT",
  "",
].join("\n");
const SETS = [
  "create trusted hash:ip family inet",
  "add trusted 10.0.0.5",
  "create blocklist hash:net family inet",
  "add blocklist 198.51.0.0/16",
  "",
];

function traceTo(destination: string) {
  const replay = createReplay(router({ "iptables-save.txt": RULES, "ipset-save.txt": SETS.join("\n") }), {
    netns: "host",
    capture: "any.pcap",
    detailed: true,
  });
  const [frame] = frames([{ at: 0, device: "lan", packet: udp("10.0.0.5:5000", destination, "a") }]);
  if (!frame) throw new Error("no frame");
  const [trace] = [...replay.push(frame), ...replay.finish()];
  return trace?.way.steps.find((step) => step.kind === "rule");
}

describe("why a set decided", () => {
  it("is told by the entry that the packet fell under", () => {
    const step = traceTo("198.51.100.7:53");
    expect(step).toMatchObject({ rule: { number: 2 }, because: ["198.51.100.7 is in set blocklist (entry 198.51.0.0/16)"] });
    // What the set said is no reason for another match of the rule to fail.
    expect(step?.tried).toEqual([expect.not.objectContaining({ because: expect.anything() })]);
  });

  it("is told of rules that were tried in vain as well", () => {
    const step = traceTo("203.0.113.1:53");
    expect(step).toMatchObject({ rule: { number: 3 }, because: ["203.0.113.1 is not in set blocklist"] });
    expect(step?.tried?.[1]).toMatchObject({ because: "203.0.113.1 is not in set blocklist" });
  });
});
