import { Args, Command, Flags } from "@oclif/core";
import { frameLine, frameObject } from "../render/packet-list.ts";
import { problemsText } from "../render/problems.ts";
import { TimeText } from "../wire/time.ts";
import { captureTypeFlag } from "./capture-type.ts";
import { EXIT } from "./failure.ts";
import { Interrupt } from "./interrupt.ts";
import { Output, terminalStyle, warn } from "./output.ts";
import { readCaptures } from "./read-captures.ts";

/** `nettrace packets`: decode only. */
export default class Packets extends Command {
  static override summary = "Decode a capture: one line per packet.";
  static override examples = [
    "<%= config.bin %> packets capture.pcap",
    "tcpdump -i any -w - | <%= config.bin %> packets - --format ndjson",
    "<%= config.bin %> packets tcpdump-output.txt",
  ];
  static override args = {
    capture: Args.string({
      description: "pcap or pcapng file or text of tcpdump, may be gzip- or zstd-compressed; - is standard input",
      required: true,
    }),
  };
  static override flags = {
    type: captureTypeFlag,
    format: Flags.string({ summary: "output format", options: ["table", "json", "ndjson"], default: "table" }),
    ascii: Flags.boolean({ summary: "only ASCII characters" }),
  };

  /** Reads and prints. */
  async run(): Promise<void> {
    const { args, flags } = await this.parse(Packets);
    const style = terminalStyle(flags.ascii);
    const output = new Output();
    const times = new TimeText();
    let separator = "";
    if (flags.format === "json") await output.write('{"packets":[');
    const interrupt = new Interrupt();
    const { damage, isInterrupted } = await readCaptures([{ path: args.capture }], { type: flags.type }, true, interrupt, {
      take: async (frames, digitsOf) => {
        for (const frame of frames) {
          const time = times.text(frame.time, digitsOf(frame));
          if (flags.format === "table") await output.write(`${frameLine(frame, time, style)}\n`);
          else if (flags.format === "ndjson") await output.write(`${JSON.stringify(frameObject(frame, time))}\n`);
          else await output.write(`${separator}\n${JSON.stringify(frameObject(frame, time))}`);
          separator = ",";
        }
      },
      pause: () => output.flush(),
    });
    interrupt.end();
    if (flags.format === "json") await output.write("\n]}\n");
    await output.flush();
    if (isInterrupted) process.exitCode = EXIT.partly;
    if (damage.length === 0) return;
    warn(problemsText(damage, style.width));
    process.exitCode = EXIT.partly;
  }
}
