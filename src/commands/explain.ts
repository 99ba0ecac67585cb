import { basename } from "node:path";
import { Args, Command, Flags } from "@oclif/core";
import { createReplay, type Replay } from "../engine/replay.ts";
import { GROUPINGS } from "../explain/groups.ts";
import { TOP } from "../explain/summary.ts";
import type { Frame } from "../model/packet.ts";
import type { Problem } from "../model/problem.ts";
import type { PacketTrace } from "../model/trace.ts";
import { problemsText } from "../render/problems.ts";
import { formatTime } from "../wire/time.ts";
import { readAssumptions } from "./assume.ts";
import { captureTypeFlag } from "./capture-type.ts";
import { EXIT, UsageFailure } from "./failure.ts";
import { filterFlags, filterOf } from "./filters.ts";
import { assumeFlag, fileFlags, type HostFlags, hostFlags, outputFlags } from "./flags.ts";
import { Output, terminalStyle, warn } from "./output.ts";
import { type ReadOptions, readFrames } from "./read-frames.ts";
import { filtered, jsonSink, ndjsonSink, onlyPacket, packetSink, type Sink, tableSink } from "./sinks.ts";

/** Connections that are kept in full when only the first few will be shown. */
const KEEP = 100;

/** `nettrace explain`: what happened to each packet of a capture, and because of which rule. */
export default class Explain extends Command {
  static override summary = "What happened to each packet of a capture, and because of which rule.";
  static override description =
    "Replays the capture against the rules, routes, bridges and namespaces that you give, as the kernel would have done, and says for every connection where it went. What you do not give is taken for granted, and the output names it.";
  static override examples = [
    "<%= config.bin %> explain capture.pcap --rules rules.txt",
    "<%= config.bin %> explain capture.pcap --snapshot host/ --verdict dropped",
    "<%= config.bin %> explain capture.pcap --snapshot host/ --packet 3",
  ];
  static override strict = false;
  static override args = {
    capture: Args.string({
      description: "pcap or pcapng file or text of tcpdump, may be gzip- or zstd-compressed; - is standard input",
      required: true,
    }),
  };
  static override flags = {
    ...hostFlags,
    assume: assumeFlag,
    type: captureTypeFlag,
    interface: Flags.string({
      summary: "device that the capture was taken on, when it does not say",
      helpValue: "DEV",
      helpGroup: "MACHINE",
    }),
    packet: Flags.integer({
      summary: "one packet, with every step and the rules that did not match",
      helpValue: "N",
      min: 1,
      exclusive: ["flow", "verdict", "address", "protocol", "sort", "all", "top", "group-by"],
    }),
    ...filterFlags,
    sort: Flags.string({ summary: "order of the connections", options: ["trouble", "time"], helpGroup: "OUTPUT" }),
    all: Flags.boolean({ summary: "every connection, however many there are", helpGroup: "OUTPUT" }),
    index: Flags.boolean({
      summary: "pass over rules that cannot match, and remember the ways of connections; --no-index looks at every rule for every packet",
      allowNo: true,
      default: true,
      helpGroup: "OUTPUT",
    }),
    top: Flags.integer({
      summary: "totals with so many rows in each table, and so many connections below them; 10 for captures of many connections",
      helpValue: "N",
      min: 1,
      max: 100_000,
      helpGroup: "OUTPUT",
    }),
    "group-by": Flags.string({
      summary: "what the totals count lost packets by, rule if not given",
      options: [...GROUPINGS],
      helpGroup: "OUTPUT",
    }),
    "all-steps": Flags.boolean({ summary: "every step of every connection", helpGroup: "OUTPUT" }),
    ...outputFlags,
    ...fileFlags,
  };

  /** Reads, replays and prints. */
  async run(): Promise<void> {
    const { args, argv, flags } = await this.parse(Explain);
    if (argv.length > 1) throw new UsageFailure(`one capture at a time, found ${argv.join(" and ")}`);
    const wanted = filterOf(flags);
    const totals = flags.top !== undefined ? "--top" : flags["group-by"] !== undefined ? "--group-by" : undefined;
    if (flags.format === "parquet" && !flags.output) throw new UsageFailure("--format parquet needs a file to write: -o out.parquet");
    if (flags.format !== "parquet" && flags.output !== undefined)
      throw new UsageFailure(`-o is for --format parquet; --format ${flags.format} goes to standard output`);
    if (totals && flags.format !== "table") throw new UsageFailure(`${totals} is for the table, not for --format ${flags.format}`);
    // The parsers take a third of the start-up time, and neither help nor wrong flags need them.
    const { checkInterface, loadHost } = await import("./load-host.ts");
    const { host, netns } = await loadHost(flags, [args.capture]);
    checkInterface(host, netns, flags.interface, "--interface");
    const grouping = GROUPINGS.find((name) => name === flags["group-by"]);
    const style = terminalStyle(flags.ascii);
    const output = new Output();
    const summary = {
      all: flags.all,
      allSteps: flags["all-steps"] || flags.verbose,
      tables: flags["all-steps"] || flags.verbose || flags.flow !== undefined,
      ...((flags.top !== undefined || flags["group-by"] !== undefined) && { top: flags.top ?? TOP }),
      sort: flags.sort === "time" ? ("time" as const) : ("trouble" as const),
      filtered: wanted !== undefined,
    };
    let sink: Sink;
    if (flags.format === "ndjson") sink = ndjsonSink(output);
    else if (flags.format === "json") sink = jsonSink(output, host, summary);
    else if (flags.output !== undefined) sink = await openParquet(flags.output, args.capture, flags, output);
    else if (flags.packet !== undefined) sink = packetSink(output, host, { style, verbose: flags.verbose });
    else sink = tableSink(output, host, { ...summary, style, keep: Math.max(KEEP, flags.top ?? 0), ...(grouping && { grouping }) });
    const { abandon } = sink;
    if (flags.packet !== undefined) sink = onlyPacket(sink, flags.packet);
    else if (wanted) sink = filtered(sink, wanted);

    const replay = createReplay(host, {
      netns,
      capture: basename(args.capture),
      indexed: flags.index,
      assumed: readAssumptions(flags.assume),
      ...(flags.interface !== undefined && { interface: flags.interface }),
      ...(flags.packet !== undefined && { detailed: true }),
    });
    const streaming = flags.packet !== undefined || flags.format === "json" || flags.format === "ndjson";
    const options = { type: flags.type, near: host.takenAt, streaming };
    const damage = await this.#replay(args.capture, options, replay, sink).catch(async (error) => {
      await abandon?.();
      throw error;
    });
    await output.flush();
    if (damage.length === 0) return;
    warn(problemsText(damage, style.width));
    process.exitCode = EXIT.partly;
  }

  async #replay(capture: string, options: ReadOptions, replay: Replay, sink: Sink): Promise<readonly Problem[]> {
    let digits: 6 | 9 = 6;
    let count = 0;
    const pass = async (traces: readonly PacketTrace[]) => {
      for (const trace of traces) await sink.take(trace, formatTime(trace.frame.time, digits));
    };
    const take = async (frames: readonly Frame[], d: 6 | 9) => {
      digits = d;
      count += frames.length;
      for (const frame of frames) {
        if (!frame.packet || frame.within) sink.aside(frame.number);
        const traces = replay.push(frame);
        if (traces.length > 0) await pass(traces);
      }
    };
    const { damage } = await readFrames(capture, options, take);
    await pass(replay.finish());
    await sink.end(count);
    return damage;
  }
}

/** The Parquet files; the writer is loaded only for them. */
async function openParquet(path: string, capture: string, flags: HostFlags, output: Output): Promise<Sink> {
  const { parquetSink } = await import("./parquet-sink.ts");
  const { rules, rules6, routes = [], links = [], snapshot } = flags;
  const inputs = [capture, rules, rules6, snapshot, ...routes, ...links].filter((input) => input !== undefined);
  return parquetSink(path, inputs, output);
}
