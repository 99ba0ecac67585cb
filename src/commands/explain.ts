import { Args, Command, Flags } from "@oclif/core";
import { createReplay } from "../engine/replay.ts";
import { ROWS } from "../explain/collect.ts";
import { GROUPINGS } from "../explain/groups.ts";
import { TOP } from "../explain/summary.ts";
import { count } from "../explain/words.ts";
import type { Source } from "../model/packet.ts";
import { problemsText } from "../render/problems.ts";
import { captureTypeFlag } from "./capture-type.ts";
import { type NamedCapture, nameCaptures } from "./captures.ts";
import { dealInto } from "./deal-into.ts";
import { EXIT, Interrupted, UsageFailure } from "./failure.ts";
import { filterFlags, filterOf } from "./filters.ts";
import { assumeFlag, fileFlags, type HostFlags, hostFlags, outputFlags } from "./flags.ts";
import { Interrupt } from "./interrupt.ts";
import { jobsFor } from "./jobs.ts";
import { Output, terminalStyle, warn } from "./output.ts";
import { type Reader, readCaptures } from "./read-captures.ts";
import { replayInto } from "./replay-into.ts";
import { filtered, jsonSink, ndjsonSink, onlyPacket, packetSink, type Sink, tableSink } from "./sinks.ts";
import { Threads } from "./threads.ts";
import { readWantedPacket } from "./wanted-packet.ts";

/** Connections that are kept in full when only the first few will be shown. */
const KEEP = 100;

/** `nettrace explain`: what happened to each packet of a capture, and because of which rule. */
export default class Explain extends Command {
  static override summary = "What happened to each packet of a capture, and because of which rule.";
  static override description =
    "Replays captures against the rules, routes, bridges and namespaces that you give, as the kernel would have done, and says for every connection where it went. What you do not give is taken for granted, and the output names it.";
  static override examples = [
    "<%= config.bin %> explain capture.pcap --rules rules.txt",
    "<%= config.bin %> explain capture.pcap --snapshot host/ --verdict dropped",
    "<%= config.bin %> explain capture.pcap --snapshot host/ --packet 3",
    "<%= config.bin %> explain lan.pcap@host:eth0 web.pcap@web --snapshot host/",
    "tcpdump -i any -U -w - | <%= config.bin %> explain - --snapshot host/ --format ndjson",
  ];
  static override usage = "explain CAPTURE... [FLAGS]";
  static override strict = false;
  static override args = {
    capture: Args.string({
      description:
        "pcap or pcapng file or text of tcpdump, may be gzip- or zstd-compressed; - is standard input. Several are read as one, in the order of time; FILE@NETNS:DEVICE says where it was taken. None: those of the snapshot",
      ignoreStdin: true,
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
    packet: Flags.string({
      summary: "one packet, with every step and the rules that did not match; of several captures FILE:N",
      helpValue: "N",
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
    jobs: Flags.integer({
      summary:
        "threads that the packets of a capture are dealt to, each of which takes memory; the output is the same. One if not given, or one for each core, 4 at most, for the summary of a capture of 1 GiB and more",
      helpValue: "N",
      min: 1,
      max: 64,
      helpGroup: "OUTPUT",
    }),
    ...outputFlags,
    ...fileFlags,
  };

  /** Reads, replays and prints. */
  async run(): Promise<void> {
    const { argv, flags } = await this.parse(Explain);
    const wanted = filterOf(flags);
    const totals = flags.top !== undefined ? "--top" : flags["group-by"] !== undefined ? "--group-by" : undefined;
    if (flags.format === "parquet" && !flags.output) throw new UsageFailure("--format parquet needs a file to write: -o out.parquet");
    if (flags.format !== "parquet" && flags.output !== undefined)
      throw new UsageFailure(`-o is for --format parquet; --format ${flags.format} goes to standard output`);
    if (totals && flags.format !== "table") throw new UsageFailure(`${totals} is for the table, not for --format ${flags.format}`);
    const captures = await nameCaptures(argv as string[], flags.snapshot);
    if (captures.length === 0)
      throw new UsageFailure(
        `missing CAPTURE${flags.snapshot === undefined ? "" : ": the snapshot has none in captures/NETNS/DEVICE.pcap"} (see nettrace explain --help)`,
      );
    const packet = flags.packet === undefined ? undefined : readWantedPacket(flags.packet, captures);
    const { snapshot, rules, rules6, routes, links, netns } = flags;
    const machine = { snapshot, rules, rules6, routes, links, netns };
    const asked = { captures, machine, interface: flags.interface, assume: flags.assume, type: flags.type, index: flags.index };
    const measure = { keep: Math.max(KEEP, flags.top ?? 0), rows: Math.max(ROWS, flags.top ?? 0) };
    // Numbers of connections are only known in the end, and what befell most packets hangs on their order.
    const { verdict, protocol, address } = flags;
    const isSummary = flags.format === "table" && !packet && !flags.all && !flags.flow && (flags["group-by"] ?? "rule") === "rule";
    const jobs = await jobsFor(asked, flags.jobs, isSummary, packet !== undefined);
    const gathering = isSummary ? { measure, filter: { verdict, protocol, address } } : undefined;
    const threads = jobs.count > 1 ? new Threads(jobs.count, asked, gathering) : undefined;
    // The parsers take a third of the start-up time, and neither help nor wrong flags need them.
    const explained = await import("./explained.ts")
      .then(({ loadExplained }) => loadExplained(asked))
      .catch(async (error) => {
        await threads?.close();
        throw error;
      });
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
    const { host, sources } = explained;
    const interrupt = new Interrupt();
    let abandon: Sink["abandon"];
    try {
      let sink: Sink;
      if (flags.format === "ndjson") sink = ndjsonSink(output);
      else if (flags.format === "json") sink = jsonSink(output, host, summary);
      else if (flags.output !== undefined) sink = await openParquet(flags.output, captures, machine, output);
      else if (packet) sink = packetSink(output, host, { style, verbose: flags.verbose });
      else sink = tableSink(output, host, { ...summary, ...measure, style, ...(grouping && { grouping }) });
      abandon = sink.abandon;
      interrupt.first(abandon);
      if (packet) sink = onlyPacket(sink, packet);
      else if (wanted) sink = filtered(sink, wanted);

      const files = captures.map(({ path }, i) => ({ path, ...(sources.length > 1 && { source: sources[i] as Source }) }));
      const streaming = packet !== undefined || flags.format === "json" || flags.format === "ndjson";
      const read = (reader: Reader) => readCaptures(files, explained.reading, streaming, interrupt, reader);
      const inOne = (to: Sink) => {
        // Of a packet that several captures show, each may tell more.
        const listener = sources.length === 1 && to.listener;
        const options = { ...explained.replay, detailed: packet !== undefined, ...(listener && { listener }) };
        return replayInto(to, createReplay(host, options), output, read);
      };
      const say = (because: () => string) => flags.verbose && warn(`nettrace: one thread: ${because()}`);
      const { because } = jobs;
      if (because !== undefined) say(() => because);
      const reading = threads ? await dealInto(sink, explained, threads, interrupt, { read, inOne, say }) : await inOne(sink);
      const { damage, packets, isInterrupted, isLive } = reading;
      // What is given up has no name; what never ends is whole when it is interrupted.
      if (isInterrupted && abandon && !isLive) throw new Interrupted(`interrupted: ${flags.output} was not written`);
      await sink.end(packets);
      await output.flush();
      if (isInterrupted)
        warn(`nettrace: interrupted; the ${count(packets, "packet")} that had been read ${packets === 1 ? "is" : "are"} explained`);
      if (damage.length > 0) warn(problemsText(damage, style.width));
      if (isInterrupted || damage.length > 0) process.exitCode = EXIT.partly;
    } catch (error) {
      await abandon?.();
      throw error;
    } finally {
      interrupt.end();
      await threads?.close();
    }
  }
}

/** The Parquet files; the writer is loaded only for them. */
async function openParquet(path: string, captures: readonly NamedCapture[], flags: HostFlags, output: Output): Promise<Sink> {
  const { parquetSink } = await import("./parquet-sink.ts");
  const { rules, rules6, routes = [], links = [], snapshot } = flags;
  const inputs = [...captures.map((one) => one.path), rules, rules6, snapshot, ...routes, ...links].filter((input) => input !== undefined);
  return parquetSink(path, inputs, output);
}
