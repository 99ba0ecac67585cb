import { TCP_FLAG } from "../../../../src/model/packet.ts";
import * as build from "../build.ts";
import { number } from "../octets.ts";
import type { Case } from "./case.ts";
import { CLIENT, ipv4, SERVER } from "./router.ts";

const ADDRESS = "10.2.0.100";
const COMMAND = "PORT 10,1,0,2,156,65\r\n";
const REWRITTEN = "PORT 10,2,0,100,156,65\r\n";
const FIRST = 1000;
const ANSWER = 5000;
const { ACK, PSH, SYN } = TCP_FLAG;
const NOP = { kind: 1, data: new Uint8Array(0) };

const octets = (text: string) => new Uint8Array(Buffer.from(text));

type Segment = Omit<Parameters<typeof build.tcp>[0], "sport" | "dport">;

const asks = (fields: Segment) =>
  ["eth0", ipv4(6, build.tcp({ sport: 40000, dport: 21, ...fields }, CLIENT, SERVER), { dst: SERVER })] as const;
const answers = (fields: Segment) => {
  const payload = build.tcp({ sport: 21, dport: 40000, ...fields }, SERVER, ADDRESS);
  return ["eth1", build.ipv4({ src: SERVER, dst: ADDRESS, protocol: 6, payload })] as const;
};
const out = { src: ADDRESS, ttl: 63 };
const back = { dst: CLIENT, ttl: 63 };
const LOGIN = "USER x\r\n";
const login = FIRST + 1 + LOGIN.length;
const next = login + COMMAND.length;
const SACK = { kind: 5, data: build.join(number(next + 2, 4), number(next + 4, 4)) };

/** Segments that a helper rewrites, and those behind them, whose numbers are shifted. */
export const HELPER_CASES: readonly Case[] = [
  {
    name: "FTP: PORT rewritten",
    rules: ["-4 raw -A PREROUTING -p tcp --dport 21 -j CT --helper ftp", `-4 nat -A POSTROUTING -o eth1 -j SNAT --to-source ${ADDRESS}`],
    packets: [
      asks({ seq: FIRST, flags: SYN, options: [{ kind: 4, data: new Uint8Array(0) }] }),
      answers({ seq: ANSWER, ack: FIRST + 1, flags: SYN | ACK, options: [{ kind: 4, data: new Uint8Array(0) }] }),
      asks({ seq: FIRST + 1, ack: ANSWER + 1, flags: ACK }),
      asks({ seq: FIRST + 1, ack: ANSWER + 1, flags: ACK | PSH, payload: octets(LOGIN) }),
      asks({ seq: login, ack: ANSWER + 1, flags: ACK | PSH, payload: octets(COMMAND) }),
      asks({ seq: next, ack: ANSWER + 1, flags: ACK | PSH, payload: octets("NOOP\r\n") }),
      answers({ seq: ANSWER + 1, ack: next + 2, flags: ACK, options: [NOP, NOP, SACK] }),
      answers({ seq: ANSWER + 1, ack: next + 2, flags: ACK, options: [NOP, SACK, NOP] }),
    ],
    said: [
      out,
      back,
      out,
      out,
      { ...out, data: REWRITTEN },
      { ...out, seq: next + 2 },
      { ...back, ack: next, sack: -2 },
      { ...back, ack: next, sack: -2 },
    ],
  },
];
