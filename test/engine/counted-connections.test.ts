import { describe, expect, it } from "vitest";
import { replayed, router, type Seen, tcp, udp } from "./router.ts";

const SECOND = 1_000_000;

/** Rules of mangle PREROUTING; all are tried for every packet. */
function rules(...lines: readonly string[]): string {
  const chains = ["PREROUTING", "INPUT", "FORWARD", "OUTPUT", "POSTROUTING"].map((name) => `:${name} ACCEPT [0:0]\n`).join("");
  return `*mangle\n${chains}${lines.map((line) => `-A PREROUTING ${line}\n`).join("")}COMMIT\n`;
}

/** Which rules each packet matched; "dropped" for one that a match drops. */
function matched(lines: readonly string[], seen: readonly Seen[], more: Readonly<Record<string, string>> = {}): (number[] | string)[] {
  return replayed(router({ "iptables-save.txt": rules(...lines), ...more }), seen).map(({ way, alternatives }) => {
    if (alternatives.length > 1) return "undecided";
    if (way.verdict === "dropped") return "dropped";
    return way.steps.flatMap((step) => (step.kind === "rule" ? [step.rule.number] : []));
  });
}

const lan = (at: number, packet: Seen["packet"]): Seen => ({ at: at * SECOND, device: "lan", packet });
const wan = (at: number, packet: Seen["packet"]): Seen => ({ at: at * SECOND, device: "wan", packet });
const asks = (sport: number, text = "", host = 5) => udp(`10.0.0.${host}:${sport}`, "192.0.2.9:53", text);
const answers = (sport: number) => udp("192.0.2.9:53", `10.0.0.5:${sport}`, "");
const CLIENT = "10.0.0.5:1000";
const SERVER = "192.0.2.9:80";

describe("connlimit", () => {
  const ABOVE = [0, 1, 2].map((count) => `-m connlimit --connlimit-above ${count} --connlimit-mask 0`);

  it("counts connections, and each of them once", () => {
    const seen = [lan(0, asks(1)), lan(1, asks(1)), lan(2, asks(2)), lan(3, asks(3)), lan(4, asks(2)), wan(5, answers(1))];
    expect(matched(ABOVE, seen)).toEqual([[1], [1], [1, 2], [1, 2, 3], [1, 2, 3], [1, 2, 3]]);
  });

  it("counts for each address or network, and either end", () => {
    const list = [
      "-m connlimit --connlimit-above 1 --connlimit-mask 32",
      "-m connlimit --connlimit-upto 1 --connlimit-mask 24 --connlimit-daddr",
    ];
    const seen = [lan(0, asks(1)), lan(1, asks(1, "", 6)), lan(2, asks(2, "", 6))];
    expect(matched(list, seen)).toEqual([[2], [], [1]]);
  });

  it("forgets connections that ran out", () => {
    expect(matched(ABOVE, [lan(0, asks(1)), lan(1, asks(2)), lan(40, asks(3))])).toEqual([[1], [1, 2], [1]]);
  });

  it("drops the last segment of the only connection, as the kernel does: it counts none any more", () => {
    const seen = [
      lan(0, tcp(CLIENT, SERVER, "SYN", { seq: 100 })),
      wan(1, tcp(SERVER, CLIENT, "SYN,ACK", { seq: 200, ack: 101 })),
      lan(2, tcp(CLIENT, SERVER, "ACK", { seq: 101, ack: 201 })),
      lan(3, tcp(CLIENT, SERVER, "FIN,ACK", { seq: 101, ack: 201 })),
      wan(4, tcp(SERVER, CLIENT, "FIN,ACK", { seq: 201, ack: 102 })),
      lan(5, tcp(CLIENT, SERVER, "ACK", { seq: 102, ack: 202 })),
    ];
    expect(matched(ABOVE, seen)).toEqual([[1], [1], [1], [1], [1], "dropped"]);
  });

  it("keeps one that was reset before it was assured", () => {
    const reset = lan(2, tcp(CLIENT, SERVER, "RST", { seq: 101, ack: 201 }));
    const seen = [
      lan(0, tcp(CLIENT, SERVER, "SYN", { seq: 100 })),
      wan(1, tcp(SERVER, CLIENT, "SYN,ACK", { seq: 200, ack: 101 })),
      reset,
      lan(3, asks(9)),
      { ...reset, at: 4 * SECOND },
    ];
    expect(matched(ABOVE, seen)).toEqual([[1], [1], [1], [1], [1, 2]]);
  });

  it("may count one twice within a tick of the clock", () => {
    const seen = [lan(0, asks(1)), lan(0.002, asks(1))];
    expect(matched(ABOVE, seen)).toEqual([[1], "undecided"]);
    expect(matched(ABOVE, [lan(0, asks(1)), lan(0.05, asks(1))])).toEqual([[1], [1]]);
  });

  it("does not know which older connections were counted", () => {
    const conntrack =
      "ipv4     2 udp      17 100 src=10.0.0.7 dst=192.0.2.9 sport=7 dport=53 src=192.0.2.9 dst=10.0.0.7 sport=53 dport=7 [ASSURED] mark=0 use=1\n";
    expect(matched([ABOVE[1] ?? ""], [lan(0, asks(1))], { "conntrack.txt": conntrack })).toEqual(["undecided"]);
    expect(matched([ABOVE[2] ?? ""], [lan(0, asks(1))], { "conntrack.txt": conntrack })).toEqual([[]]);
  });
});

describe("connbytes", () => {
  const LIST = [
    "-m connbytes --connbytes 2 --connbytes-mode packets --connbytes-dir original",
    "-m connbytes --connbytes 28:60 --connbytes-mode bytes --connbytes-dir both",
    "-m connbytes ! --connbytes 28:28 --connbytes-mode avgpkt --connbytes-dir both",
    "-m connbytes --connbytes 1:1 --connbytes-mode packets --connbytes-dir reply",
  ];

  it("counts packets and octets in both directions, and forgets a ! before one number", () => {
    const seen = [lan(0, asks(1)), lan(1, asks(2)), lan(2, asks(1, "four")), wan(3, answers(1)), wan(4, answers(1))];
    expect(matched(LIST, seen)).toEqual([[2, 3], [2, 3], [1, 2], [1, 4], [1]]);
  });

  it("goes on from what conntrack had counted", () => {
    const line = (counts: readonly [string, string]) =>
      `ipv4     2 udp      17 100 src=10.0.0.5 dst=192.0.2.9 sport=1 dport=53 ${counts[0]} src=192.0.2.9 dst=10.0.0.5 sport=53 dport=1 ${counts[1]} [ASSURED] mark=0 use=1\n`;
    const counted = line(["packets=1 bytes=28", "packets=0 bytes=0"]);
    expect(matched(LIST, [lan(0, asks(1))], { "conntrack.txt": counted })).toEqual([[1, 2, 3]]);
    expect(matched(LIST, [lan(0, asks(1))], { "conntrack.txt": line(["", ""]) })).toEqual([[]]);
  });

  it("matches nothing where the kernel was told not to count", () => {
    const off = { "sysctl.txt": "net.ipv4.ip_forward = 1\nnet.netfilter.nf_conntrack_acct = 0\n" };
    expect(matched(LIST, [lan(0, asks(1)), lan(1, asks(1))], off)).toEqual([[], []]);
  });
});

describe("connlabel", () => {
  it("sets a label, which stays with the connection", () => {
    const list = ['-p udp --dport 53 -m connlabel --label "3"', '-s 10.0.0.5 -m connlabel --label "3" --set', '-m connlabel ! --label "4"'];
    const seen = [lan(0, asks(1, "", 6)), lan(1, asks(2)), lan(2, asks(2)), wan(3, answers(2))];
    expect(matched(list, seen)).toEqual([[3], [2, 3], [1, 2, 3], [3]]);
  });
});

describe("cluster", () => {
  it("gives each source to the node that the kernel gives it to", () => {
    const list = [1, 2, 4].map((mask) => `-m cluster --cluster-local-nodemask ${mask} --cluster-total-nodes 3 --cluster-hash-seed 0x1234`);
    const seen = [2, 3, 4, 5, 6].map((host, i) => lan(i, udp(`10.1.0.${host}:1`, "192.0.2.9:80", "")));
    const found = matched([...list, "-m cluster ! --cluster-local-nodemask 3 --cluster-total-nodes 3 --cluster-hash-seed 0x1234"], seen);
    expect(found).toEqual([[2], [2], [3, 4], [3, 4], [3, 4]]);
  });
});
