import { TCP_FLAG } from "../../../src/model/packet.ts";
import type { Payload } from "./case.ts";
import type { Line } from "./conversation.ts";
import type { Dice } from "./dice.ts";

const { SYN, ACK, FIN, RST, PSH, URG } = TCP_FLAG;

type Kind = "syn" | "syn-ack" | "ack" | "data" | "fin" | "rst";

const SCRIPTS: readonly (readonly (readonly ["client" | "server", Kind])[])[] = [
  [["client", "syn"]],
  [
    ["client", "syn"],
    ["server", "syn-ack"],
    ["client", "ack"],
  ],
  [
    ["client", "syn"],
    ["server", "syn-ack"],
    ["client", "ack"],
    ["client", "data"],
    ["server", "data"],
  ],
  [
    ["client", "syn"],
    ["server", "syn-ack"],
    ["client", "ack"],
    ["client", "data"],
    ["server", "ack"],
    ["server", "data"],
    ["client", "ack"],
    ["client", "fin"],
    ["server", "fin"],
    ["client", "ack"],
  ],
  [
    ["client", "syn"],
    ["server", "rst"],
  ],
  [
    ["client", "syn"],
    ["server", "syn-ack"],
    ["client", "rst"],
    ["client", "syn"],
    ["server", "syn-ack"],
  ],
  [
    ["client", "ack"],
    ["server", "data"],
    ["client", "data"],
    ["server", "ack"],
  ],
  [
    ["client", "syn"],
    ["client", "syn"],
    ["server", "syn-ack"],
    ["server", "syn-ack"],
    ["client", "ack"],
  ],
  [
    ["client", "syn"],
    ["server", "syn"],
    ["client", "syn-ack"],
    ["server", "syn-ack"],
    ["client", "data"],
  ],
  [
    ["client", "syn"],
    ["server", "syn-ack"],
    ["client", "ack"],
    ["client", "fin"],
    ["server", "ack"],
    ["server", "fin"],
    ["client", "ack"],
    ["client", "syn"],
    ["server", "syn-ack"],
  ],
  [
    ["client", "syn-ack"],
    ["server", "rst"],
  ],
  [
    ["client", "syn"],
    ["server", "ack"],
    ["client", "rst"],
  ],
];
const MSS = "020405b4";
const OPTIONS = [MSS, `${MSS}0402080a0000000100000000`, `${MSS}01030307`, `${MSS}0402080a000000010000000001030307`, "", "0204021801010101"];

/** The lines of a TCP connection, mostly as they should be: sometimes with sequence numbers, flags or windows that do not fit. */
export function drawTcp(dice: Dice, sport: number, dport: number, text: () => string): Line[] {
  const script = dice.pick(SCRIPTS);
  // Near the end of the number space, so that wrapping is met.
  const start = () => dice.weighted([4, dice.integer(1, 2 ** 31 - 1)], [1, 0xffffffff - dice.integer(0, 30)]);
  const next = { client: start(), server: start() };
  return script.map(([by, kind]) => {
    const other = by === "client" ? "server" : "client";
    // TCP Fast Open: a SYN may have data, too.
    const data = kind === "data" || (kind === "syn" && dice.chance(12)) ? text() : "";
    const flags = flagsOf(kind) | (kind === "data" && dice.chance(4) ? PSH : 0);
    let seq = next[by];
    let ack = flags & ACK ? next[other] : 0;
    const window = dice.weighted([8, 64240], [1, 0], [1, 100], [1, 65535]);
    if (dice.chance(25)) seq += dice.pick([-1, 1, 1000, -1000, 70000, 200000, -200000]);
    if (dice.chance(25)) ack += dice.pick([-1, 1, 1000, -1000, 70000, 200000, -200000]);
    next[by] = (next[by] + data.length + (flags & (SYN | FIN) ? 1 : 0)) >>> 0;
    const payload: Payload = {
      kind: "tcp",
      ...(by === "client" ? { sport, dport } : { sport: dport, dport: sport }),
      seq: seq >>> 0,
      ack: ack >>> 0,
      flags: dice.chance(40)
        ? dice.pick([0, FIN, SYN | FIN, SYN | RST, FIN | RST, FIN | URG | PSH, ACK | URG, RST | ACK, 0x3f, SYN | 0xc0])
        : flags,
      window,
      options: flags & SYN ? dice.pick(OPTIONS) : dice.chance(20) ? "0101080a0000000200000001" : "",
      data,
    };
    return { by, payload };
  });
}

function flagsOf(kind: Kind): number {
  switch (kind) {
    case "syn":
      return SYN;
    case "syn-ack":
      return SYN | ACK;
    case "ack":
    case "data":
      return ACK;
    case "fin":
      return FIN | ACK;
    default:
      return RST | ACK;
  }
}
