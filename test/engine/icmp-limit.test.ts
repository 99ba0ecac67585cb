import { describe, expect, it } from "vitest";
import { replayed, router, type Seen, tcp, udp } from "./router.ts";

const REJECTING = "*filter\n:INPUT ACCEPT [0:0]\n:FORWARD ACCEPT [0:0]\n:OUTPUT ACCEPT [0:0]\n-A INPUT -p udp -j REJECT\nCOMMIT\n";
const ROUTES = [
  "10.0.0.0/24 dev lan proto kernel scope link src 10.0.0.1",
  "local 10.0.0.1 dev lan table local proto kernel scope host src 10.0.0.1",
  "unreachable 10.88.0.0/16",
];
const FORWARDING = "net.ipv4.ip_forward = 1\nnet.ipv4.conf.all.rp_filter = 0\n";

const host = (settings = "") =>
  router({ "iptables-save.txt": REJECTING, "ip-route.txt": `${ROUTES.join("\n")}\n`, "sysctl.txt": FORWARDING + settings });

/** Ten packets within a fifth of a second, and one a good second later. */
const packets = (to: string): Seen[] =>
  [...Array.from({ length: 10 }, (_, i) => i * 20_000), 1_400_000].map((at) => ({ at, device: "lan", packet: udp("10.0.0.5:9", to, "x") }));

const answered = (to: string, settings?: string) =>
  replayed(host(settings), packets(to)).flatMap(({ way }, i) => (way.replies.length > 0 ? [i] : []));

/** As many as Linux 6.18 sent where this was tried. */
describe("ICMP errors to one host", () => {
  it("are six at once and one a second", () => {
    expect(answered("10.0.0.1:9")).toEqual([0, 1, 2, 3, 4, 5, 10]);
  });

  it("of routing pay twice", () => {
    expect(answered("10.88.0.1:9")).toEqual([0, 1]);
  });

  it("of routing are five at once where the others are not limited", () => {
    expect(answered("10.88.0.1:9", "net.ipv4.icmp_ratemask = 0\n")).toEqual([0, 1, 2, 3, 4, 10]);
    expect(answered("10.0.0.1:9", "net.ipv4.icmp_ratemask = 0\n")).toHaveLength(11);
  });

  it("are still as many as before after those of routing, which are limited to fewer", () => {
    const seen = [...Array.from({ length: 7 }, (_, i) => ({ at: i, to: "10.0.0.1:9" })), { at: 1_500_000, to: "10.88.0.1:9" }];
    const traces = replayed(
      host("net.ipv4.icmp_ratelimit = 10000\n"),
      [...seen, { at: 8_000_000, to: "10.0.0.1:9" }, { at: 15_000_000, to: "10.0.0.1:9" }].map(({ at, to }) => ({
        at,
        device: "lan",
        packet: udp("10.0.0.5:9", to, "x"),
      })),
    );
    expect(traces.map(({ way }) => way.replies.length)).toEqual([1, 1, 1, 1, 1, 1, 0, 0, 0, 1]);
  });

  /** What is known of answers to packets at times in milliseconds: "1" and "0", or "?" where both is possible. */
  const known = (times: readonly number[], from?: (i: number) => string) =>
    replayed(
      host(),
      times.map((at, i) => ({ at: at * 1000, device: "lan", packet: udp(from?.(i) ?? "10.0.0.5:9", "10.0.0.1:9", "x") })),
    )
      .map(({ way, alternatives }) => {
        expect(way.verdict).not.toBe("unknown");
        return alternatives.length > 0 ? "?" : String(way.replies.length);
      })
      .join("");

  it("are open at most at the packets that meet the kernel's tick, for as long as a flood lasts", () => {
    const flood = known(Array.from({ length: 1000 }, (_, i) => 100 * i));
    expect(flood).toBe(`1111110000${"??00000000".repeat(99)}`);
  });

  it("that are held back are said to be", () => {
    const { way } = replayed(host(), packets("10.0.0.1:9"))[6] ?? {};
    expect(way?.steps).toContainEqual({
      kind: "stack",
      netns: "host",
      note: "there is no ICMP error: too many went to 10.0.0.5 just before",
    });
  });
});

describe("ICMP errors after a packet that could not be followed", () => {
  const copying =
    "*mangle\n:PREROUTING ACCEPT [0:0]\n:INPUT ACCEPT [0:0]\n-A PREROUTING -p tcp -j TEE --gateway 10.0.0.1\n-A INPUT -p tcp -j TEE --gateway 10.0.0.1\nCOMMIT\n";
  const endless = { at: 0, device: "lan", packet: tcp("10.0.0.5:9", "10.0.0.1:9", "S") } as const;
  const asked = (at: number): Seen => ({ at, device: "lan", packet: udp("10.0.0.5:9", "10.0.0.1:9", "x") });
  const copier = router({ "iptables-save.txt": copying + REJECTING, "ip-route.txt": `${ROUTES.join("\n")}\n`, "sysctl.txt": FORWARDING });

  it("are open until the limits are full again, and certain from then on", () => {
    const [unknown, ...later] = replayed(copier, [endless, asked(1_500_000), asked(20_000_000)]);
    expect(unknown?.way.verdict).toBe("unknown");
    expect(later.map(({ way, alternatives }) => [way.verdict, alternatives.length])).toEqual([
      ["rejected", 0],
      ["rejected", 0],
    ]);
    expect(replayed(copier, [endless, asked(500_000)])[1]?.alternatives).toHaveLength(2);
  });
});

describe("ICMP errors to many hosts", () => {
  /** So many hosts, of each one packet, a microsecond after the one before. */
  const many = (count: number, settings = ""): readonly string[] => {
    const seen = Array.from(
      { length: count },
      (_, i): Seen => ({ at: i, device: "lan", packet: udp(`10.0.0.${2 + i}:9`, "10.0.0.1:9", "x") }),
    );
    return replayed(host(settings), seen).map(({ way, alternatives }) =>
      alternatives.length > 0 ? "open" : way.replies.length > 0 ? "answered" : "not answered",
    );
  };

  it("are certain as far as there are credits for at least; what comes after those hangs on chance", () => {
    expect(many(12)).toEqual([...Array(9).fill("answered"), "open", "open", "open"]);
  });

  it("are as many as the settings say", () => {
    expect(many(4, "net.ipv4.icmp_msgs_burst = 5\n")).toEqual(["answered", "answered", "open", "open"]);
    expect(many(1, "net.ipv4.icmp_msgs_per_sec = 0\n")).toEqual(["open"]);
    expect(many(60, "net.ipv4.icmp_ratemask = 0\n")).toEqual(Array(60).fill("answered"));
    expect(many(60, "net.ipv4.icmp_msgs_per_sec = 10000\nnet.ipv4.icmp_msgs_burst = 200\n")).toEqual(Array(60).fill("answered"));
  });

  it("leave open neither what comes after them nor who else is answered", () => {
    const seen = Array.from(
      { length: 30 },
      (_, i): Seen => ({ at: i, device: "lan", packet: udp(`10.0.0.${2 + (i % 15)}:9`, "10.0.0.1:9", "x") }),
    );
    const later = { at: 9_000_000, device: "lan", packet: udp("10.0.0.12:9", "10.0.0.1:9", "x") } as const;
    const traces = replayed(host(), [...seen, later]);
    expect(traces.at(-1)?.alternatives).toEqual([]);
    expect(traces.at(-1)?.way.replies).toHaveLength(1);
    expect(traces.some(({ way }) => way.verdict === "unknown")).toBe(false);
  });
});
