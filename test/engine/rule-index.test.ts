import { expect, it } from "vitest";
import { replayed, router, udp } from "./router.ts";

it("more rules about one address than a call takes arguments are looked at", () => {
  const rules = Array.from({ length: 130_000 }, () => "-A FORWARD -s 10.0.0.5/32 -i dmz -j ACCEPT");
  const text = ["*filter", ":FORWARD ACCEPT [0:0]", ...rules, "-A FORWARD -s 10.0.0.5/32 -j DROP", "COMMIT", ""].join("\n");
  const packet = udp("10.0.0.5:40000", "198.51.100.7:53", "hello");
  const [trace] = replayed(router({ "iptables-save.txt": text }), [{ at: 0, device: "lan", packet }]);
  expect(trace?.way).toMatchObject({ verdict: "dropped", at: { chain: "FORWARD", rule: 130_001 } });
});
