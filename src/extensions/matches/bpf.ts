import type { FrameType } from "../../model/packet.ts";
import { type Instruction, parseProgram, programFault, saveProgram } from "../bpf-program.ts";
import { runProgram } from "../bpf-run.ts";
import { quote, word } from "../codecs.ts";
import { says } from "../condition.ts";
import type { Draw } from "../draw.ts";
import { packetOctets } from "../packet-octets.ts";
import { type MatchResult, match, type PacketContext } from "../spec.ts";

/** include/uapi/linux/if_packet.h. */
const PACKET_LOOPBACK = 5;
const PACKET_TYPE: Readonly<Record<FrameType, number>> = { host: 0, broadcast: 1, multicast: 2, otherhost: 3, outgoing: 4 };

/** Words beside the packet (SKF_AD_*) that a replay knows. */
function beside(context: PacketContext, number: number): number | undefined {
  if (number === 0) return context.family === 4 ? 0x0800 : 0x86dd;
  if (number === 4) return context.loopedBack ? PACKET_LOOPBACK : PACKET_TYPE[context.frameType];
  return number === 20 ? context.mark : undefined;
}

/** xt_bpf.c, bpf_mt: any result but 0 is a match. */
function bpfMatch(program: readonly Instruction[], context: PacketContext): MatchResult {
  const { packet } = context;
  const input = { octets: packetOctets(packet), length: packet.length, ancillary: (number: number) => beside(context, number) };
  const result = runProgram(program, input);
  return result === undefined ? { unknown: "what the BPF program looks at, which was not captured" } : result !== 0;
}

/** Programs as tcpdump -ddd makes them, some of them without a sense. */
function drawProgram(d: Draw): string {
  const port = d.port("dst");
  const protocol = d.pick([1, 6, 17, 58]);
  const header = d.family === 4 ? 9 : 6;
  const programs = [
    `4,48 0 0 ${header},21 0 1 ${protocol},6 0 0 1,6 0 0 0`,
    `3,128 0 0 0,53 0 1 ${d.integer(20, 100)},6 0 0 1`.replace("3,", "4,").concat(",6 0 0 0"),
    d.family === 4 ? `5,177 0 0 0,72 0 0 2,21 0 1 ${port},6 0 0 65535,6 0 0 0` : `4,40 0 0 42,21 0 1 ${port},6 0 0 65535,6 0 0 0`,
    `7,32 0 0 ${d.family === 4 ? 12 : 20},2 0 0 3,96 0 0 3,84 0 0 255,37 0 1 ${d.integer(0, 4)},6 0 0 1,6 0 0 0`,
    `5,40 0 0 ${d.family === 4 ? 2 : 4},7 0 0 0,156 0 0 0,6 0 0 1,6 0 0 0`,
    `4,32 0 0 4294963220,21 0 1 ${d.mark()},6 0 0 1,6 0 0 0`,
    `2,48 0 0 ${d.integer(20, 120)},22 0 0 0`,
    `3,32 0 0 4294963200,164 0 0 ${d.family === 4 ? 0x0800 : 0},22 0 0 0`,
  ];
  return d.pick(programs);
}

const bpf = match({
  name: "bpf",
  options: {
    program: {
      flag: "--bytecode",
      codec: word('a BPF program ("COUNT,CODE JT JF K,...")', parseProgram, (program) => `"${saveProgram(program)}"`),
    },
    pinned: { flag: "--object-pinned", codec: word("the path of a pinned BPF program", (text) => text || undefined, quote) },
  },
  check: (args) => {
    if (!args.program && !args.pinned) return "bpf needs --bytecode or --object-pinned";
    if (args.program && args.pinned) return "bpf takes --bytecode or --object-pinned, not both";
    return args.program && programFault(args.program.value);
  },
  explain: (args) =>
    [
      ...says(args.program, (program) => `BPF program ${saveProgram(program)}`),
      ...says(args.pinned, (path) => `BPF program pinned at ${path}`),
    ].join(", "),
  compile: (args) => (context) =>
    args.program ? bpfMatch(args.program.value, context) : { unknown: `the BPF program pinned at ${args.pinned?.value ?? ""}` },
  draw: (d) => `-m bpf --bytecode "${drawProgram(d)}"`,
  forks: "the program behind `--object-pinned`",
  doc: "A program of classic BPF, run over the packet from its IP header on.",
  examples: [
    { rule: '-m bpf --bytecode "4,48 0 0 9,21 0 1 6,6 0 0 1,6 0 0 0"', says: "BPF program 4,48 0 0 9,21 0 1 6,6 0 0 1,6 0 0 0" },
    { rule: '-m bpf --bytecode "1, 6 0 0 -1"', saved: '-m bpf --bytecode "1,6 0 0 4294967295"', says: "BPF program 1,6 0 0 4294967295" },
    { rule: '-m bpf --object-pinned "/sys/fs/bpf/web"', says: "BPF program pinned at /sys/fs/bpf/web" },
  ],
});

export const specs = [bpf];
