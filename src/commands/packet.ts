import { Args, Command, Flags } from "@oclif/core";
import { ROWS } from "../explain/collect.ts";
import { type Address, familyOf, parseAddress } from "../model/address.ts";
import type { Packet } from "../model/packet.ts";
import { answerTo, tooBigAmong } from "../probe/coming-back.ts";
import { arrivalOf, Sender } from "../probe/sender.ts";
import { makePacket } from "../wire/made-packet.ts";
import { formatTime } from "../wire/time.ts";
import { readAssumptions } from "./assume.ts";
import { describePacket } from "./described-packet.ts";
import { entrance } from "./entrance.ts";
import { UsageFailure } from "./failure.ts";
import { assumeFlag, hostFlags, outputFlags } from "./flags.ts";
import { Output, terminalStyle } from "./output.ts";
import { jsonSink, ndjsonSink, packetSink, type Sink, tableSink } from "./sinks.ts";

const NANOSECONDS = 1_000_000n;

/** `nettrace packet`: the explanation of a packet that nobody captured. */
export default class PacketCommand extends Command {
  static override summary = "What would happen to a packet that you describe; no capture needed.";
  static override description =
    "The packet comes in on the device --in, or leaves a local socket with --out-of-socket. With --reply the answer to it is followed on its way back, with --too-big what a router further on says of a packet that is too big for its next link (fragmentation needed, packet too big).";
  static override examples = [
    "<%= config.bin %> packet tcp 203.0.113.9:40000 198.51.100.2:8080 --in eth0 --snapshot host/",
    "<%= config.bin %> packet icmp 10.0.0.2 192.0.2.1 --out-of-socket --rules rules.txt --routes routes.txt",
    "<%= config.bin %> packet udp 10.0.0.2:5353 10.0.0.1:53 --in br0 --snapshot host.tar.gz --reply",
  ];
  static override args = {
    protocol: Args.string({ description: "tcp, udp, icmp, another protocol's name or number", required: true }),
    src: Args.string({ description: "source: ADDRESS:PORT, [ADDRESS]:PORT or ADDRESS", required: true }),
    dst: Args.string({ description: "destination, likewise", required: true }),
  };
  static override flags = {
    in: Flags.string({ summary: "device that it comes in on", helpValue: "DEV", exclusive: ["out-of-socket"] }),
    "out-of-socket": Flags.boolean({ summary: "a local program sends it" }),
    reply: Flags.boolean({ summary: "also follow the answer's way back" }),
    "too-big": Flags.string({ summary: "also follow a router's message that what was sent last is too big", helpValue: "ROUTER" }),
    flags: Flags.string({ summary: "TCP flags, SYN if not given", helpValue: "SYN,ACK" }),
    type: Flags.string({ summary: "ICMP type by name or number, echo-request if not given", helpValue: "TYPE" }),
    code: Flags.integer({ summary: "ICMP code", min: 0, max: 255, helpValue: "N" }),
    ttl: Flags.integer({ summary: "TTL or hop limit, 64 if not given", min: 0, max: 255, helpValue: "N" }),
    tos: Flags.integer({ summary: "TOS or traffic class octet", min: 0, max: 255, helpValue: "N" }),
    length: Flags.integer({ summary: "octets of the whole IP packet", min: 20, max: 65535, helpValue: "N" }),
    mark: Flags.string({ summary: "mark that the sending socket sets (with --out-of-socket)", helpValue: "N" }),
    ...hostFlags,
    assume: assumeFlag,
    "all-steps": Flags.boolean({ summary: "every step", helpGroup: "OUTPUT" }),
    ...outputFlags,
  };

  /** Makes the packet, replays and prints it. */
  async run(): Promise<void> {
    const { args, flags } = await this.parse(PacketCommand);
    const packet = makePacket(describePacket({ ...args, ...flags }));
    const router = readRouter(flags["too-big"], packet);
    const mark = readMark(flags.mark, flags["out-of-socket"]);
    // The parsers take a third of the start-up time, and neither help nor wrong flags need them.
    const { checkInterface, loadHost } = await import("./load-host.ts");
    const { host, netns } = await loadHost(flags, []);
    checkInterface(host, netns, flags.in, `--in ${flags.in}`);
    const device = flags["out-of-socket"] ? undefined : entrance(host, netns, flags.in, askForEntrance);
    const style = terminalStyle(flags.ascii);
    const output = new Output();
    const summary = { all: true, allSteps: flags["all-steps"], tables: true, sort: "time", filtered: false, headline: false } as const;
    let sink: Sink;
    if (flags.format === "ndjson") sink = ndjsonSink(output);
    else if (flags.format === "json") sink = jsonSink(output, host, summary);
    else if (flags.verbose) sink = packetSink(output, host, { style, verbose: true });
    else sink = tableSink(output, host, { ...summary, style, keep: 10, rows: ROWS });

    const sender = new Sender(host, netns, { detailed: flags.verbose, assumed: readAssumptions(flags.assume) });
    const time = BigInt(Date.now()) * NANOSECONDS;
    const traces = [...sender.send(arrivalOf(host, netns, packet, device, { number: 1, time }), mark)];
    const answer = flags.reply && traces[0] ? answerTo(host, traces[0]) : undefined;
    if (answer) traces.push(...sender.send(answer));
    const tooBig = router === undefined ? undefined : tooBigAmong(host, traces, router);
    if (tooBig) traces.push(...sender.send(tooBig));
    for (const trace of traces) await sink.take(trace, () => formatTime(trace.frame.time, 6));
    await sink.end(traces.length);
    await output.flush();
  }
}

function readMark(text: string | undefined, local: boolean): number | undefined {
  if (text === undefined) return undefined;
  if (!local) throw new UsageFailure("--mark needs --out-of-socket: packets do not carry their mark over a wire");
  const mark = /^(?:0x[0-9a-f]{1,8}|\d{1,10})$/i.test(text) ? Number(text) : Number.NaN;
  if (!(mark <= 0xffffffff)) throw new UsageFailure(`--mark expects a number of 32 bits like 0x10, found "${text}"`);
  return mark;
}

function readRouter(text: string | undefined, { family }: Packet): Address | undefined {
  if (text === undefined) return undefined;
  const router = parseAddress(text);
  if (router === undefined || familyOf(router) !== family)
    throw new UsageFailure(`--too-big expects the IPv${family} address of a router, found "${text}"`);
  return router;
}

function askForEntrance(devices: readonly string[]): string {
  return `say where the packet comes from: --in ${devices.join("|")} or --out-of-socket`;
}
