import type { Payload, Pools } from "./case.ts";
import type { Line } from "./conversation.ts";
import type { Dice } from "./dice.ts";
import { drawTcp } from "./tcp-script.ts";

const WORDS = [
  "GET / HTTP/1.1\r\nHost: example.org\r\n\r\n",
  "attack",
  "hello",
  "PORT 10,1,0,10,156,64\r\n",
  "\u0000\u0001file\u0000octet\u0000",
  "",
];

function text(dice: Dice): string {
  return dice.chance(8) ? "x".repeat(dice.pick([100, 600, 1200, 1400])) : dice.pick(WORDS);
}

/** In what an address family's conversations differ. */
interface Family {
  /** Types of echo request and reply. */
  readonly ping: readonly [number, number];
  /** Types of other ICMP messages. */
  readonly types: readonly number[];
  /** Protocols without a header that is made here. */
  readonly others: readonly number[];
}

/** IPv4. */
export const LINES4: Family = { ping: [8, 0], types: [0, 3, 5, 8, 11, 14, 17, 18, 40], others: [47, 50, 51, 33, 89] };
/** IPv6. */
export const LINES6: Family = {
  ping: [128, 129],
  types: [1, 2, 3, 4, 100, 127, 128, 129, 139, 140, 144, 150, 200],
  others: [47, 50, 51, 33, 89, 59, 135, 41],
};

/** What is said in a conversation of a random protocol. */
export function drawLines(dice: Dice, { clientPorts, serverPorts }: Pools, { ping, types, others }: Family): Line[] {
  const sport = dice.pick(clientPorts);
  const dport = dice.pick(serverPorts);
  const kind = dice.weighted([8, "tcp"], [5, "udp"], [3, "ping"], [1, "sctp"], [1, "udplite"], [1, "other"], [1, "icmp"]);
  const turns = dice.integer(1, 4);
  const alternately = (line: (by: "client" | "server", turn: number) => Payload): Line[] =>
    Array.from({ length: turns }, (_, i) => {
      const by = i === 0 || dice.chance(3) ? "client" : i % 2 === 1 ? "server" : "client";
      return { by, payload: line(by, i) };
    });
  switch (kind) {
    case "tcp":
      return drawTcp(dice, sport, dport, () => text(dice));
    case "udp":
    case "udplite":
      return alternately((by) => ({ kind, ...(by === "client" ? { sport, dport } : { sport: dport, dport: sport }), data: text(dice) }));
    case "ping": {
      const number = dice.integer(1, 65535);
      return alternately((by, i) => ({
        kind: "icmp",
        type: by === "client" ? ping[0] : ping[1],
        code: 0,
        id: number,
        sequence: i,
        data: text(dice),
      }));
    }
    case "icmp":
      return alternately(() => ({
        kind: "icmp",
        type: dice.pick(types),
        code: dice.integer(0, 3),
        id: 7,
        sequence: 1,
        data: "abcdefgh",
      }));
    case "sctp": {
      const tag = dice.integer(1, 1000);
      const chunks: readonly (readonly [number, number, string])[][] = [
        [[1, 0, "i".repeat(16)]],
        [[2, 0, "i".repeat(16)]],
        [[10, 0, "cookie.."]],
        [[11, 0, ""]],
        [[0, 3, "datadatadata"]],
        [[4, 0, "hb"]],
        [[6, 0, ""]],
        [[7, 0, "abcd"]],
        [[8, 0, ""]],
        [[14, 0, ""]],
      ];
      const script = [0, 1, 2, 3, 4, 7, 8, 9].slice(0, dice.integer(1, 8));
      return script.map((step, i) => {
        const by = i % 2 === 0 ? ("client" as const) : ("server" as const);
        const ports = by === "client" ? { sport, dport } : { sport: dport, dport: sport };
        return {
          by,
          payload: { kind: "sctp", ...ports, tag: step === 0 ? 0 : tag, chunks: chunks[dice.chance(8) ? dice.integer(0, 9) : step] ?? [] },
        };
      });
    }
    default: {
      const protocol = dice.pick(others);
      return alternately(() => ({ kind: "other", protocol, data: "\u0000\u0001\u0002\u0003\u0000\u0000\u0000\u0009payloadpayload!!" }));
    }
  }
}
