import { describe, expect, it } from "vitest";
import { PROTOCOL, TCP_FLAG } from "../../src/model/packet.ts";
import { buildHost } from "../../src/parse/host.ts";
import { answerTo } from "../../src/probe/coming-back.ts";
import { packetCommand } from "../../src/probe/command.ts";
import { machineOfWords } from "../../src/probe/machine.ts";
import { arrivalOf, Sender } from "../../src/probe/sender.ts";
import { makePacket } from "../../src/wire/made-packet.ts";
import { address } from "../extensions/context.ts";

const FOUR = { src: address("198.51.100.7"), dst: address("192.0.2.10") };
const SIX = { src: address("2001:db8:1::7"), dst: address("2001:db8:2::10") };
const NONE = { before: [], after: [] };

describe("the command that sends a packet", () => {
  it.each([
    [
      { description: { ...FOUR, protocol: PROTOCOL.tcp, sport: 40000, dport: 22 }, in: "eth0" },
      "tcp 198.51.100.7:40000 192.0.2.10:22 --in eth0",
    ],
    [
      { description: { ...SIX, protocol: PROTOCOL.tcp, sport: 1, dport: 2, flags: TCP_FLAG.SYN | TCP_FLAG.ACK }, reply: true },
      "tcp [2001:db8:1::7]:1 [2001:db8:2::10]:2 --flags SYN,ACK --out-of-socket --reply",
    ],
    [
      { description: { ...FOUR, protocol: PROTOCOL.tcp, sport: 1, dport: 2, flags: 0 }, in: "a b" },
      "tcp 198.51.100.7:1 192.0.2.10:2 --flags none --in 'a b'",
    ],
    [
      { description: { ...SIX, protocol: PROTOCOL.icmpv6, ttl: 255, icmp: { type: 1, code: 4 } } },
      "icmp 2001:db8:1::7 2001:db8:2::10 --type 1 --code 4 --ttl 255 --out-of-socket",
    ],
  ])("says what is described of it, %#", (sending, words) => {
    expect(packetCommand(sending, NONE)).toBe(`nettrace packet ${words}`);
  });
});

describe("a machine", () => {
  const host = buildHost({ addressesKnown: false }, "host");

  it("is told facts on standard input", () => {
    const machine = machineOfWords(host, "host", ["--rules", "my rules"], 4);
    expect(machine.words([])).toEqual({ before: [], after: ["--rules", "'my rules'"] });
    expect(machine.words(["default dev eth0"], '"')).toEqual({
      before: ["echo", '"default dev eth0"', "|"],
      after: ["--rules", "'my rules'", "--routes", "-"],
    });
    expect(machine.words(["1: lo: <LOOPBACK,UP> mtu 65536", "    inet 127.0.0.1/8 scope host lo"])).toEqual({
      before: ["printf", "'1: lo: <LOOPBACK,UP> mtu 65536\\n    inet 127.0.0.1/8 scope host lo\\n'", "|"],
      after: ["--rules", "'my rules'", "--links", "-"],
    });
    expect(machine.host([])).toBe(host);
    expect(machine.host(["default dev eth0"]).namespaces.get("host")?.routes).toHaveLength(1);
  });

  it("knows what a snapshot has and takes no facts", () => {
    const machine = machineOfWords(host, "host", ["--snapshot", "."], 4);
    expect(machine.host(["default dev eth0"])).toBe(host);
    expect(machine.words(["default dev eth0"])).toEqual({ before: [], after: ["--snapshot", "."] });
  });

  it("sends the answer to a packet back where that came from", () => {
    const machine = machineOfWords(host, "host", ["--rules", "rules"], 4);
    const facts = ["local 192.0.2.10 dev eth0 table local", "default dev eth0"];
    const sender = new Sender(machine.host(facts), "host");
    const packet = makePacket({ ...FOUR, protocol: PROTOCOL.tcp, sport: 40000, dport: 22 });
    const [trace] = sender.send(arrivalOf(machine.host(facts), "host", packet, "eth0"));
    expect(trace?.way.verdict).toBe("delivered");
    const answer = trace && answerTo(machine.host(facts), trace);
    expect(answer?.frame).toMatchObject({
      number: 2,
      type: "outgoing",
      packet: { src: FOUR.dst, dst: FOUR.src, transport: { sport: 22 } },
    });
    const [back] = answer ? sender.send(answer) : [];
    expect(back?.way).toMatchObject({ verdict: "forwarded", out: [{ interface: "eth0" }] });
    expect(back?.flow).toBe(trace?.flow);
  });
});
