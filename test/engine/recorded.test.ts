import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { gunzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { createReplay } from "../../src/engine/replay.ts";
import type { Frame } from "../../src/model/packet.ts";
import type { PacketTrace } from "../../src/model/trace.ts";
import { readSnapshot } from "../../src/parse/snapshot.ts";
import { decodePacket } from "../../src/wire/ip.ts";
import { differs } from "../kernel/wire/expected.ts";
import { differsMade } from "../kernel/wire/made.ts";

const FOLDER = fileURLToPath(new URL("recorded/", import.meta.url));
const START = 1_700_000_000_000_000_000n;
const MILLISECOND = 1_000_000n;

/** What the kernel of Linux 6.18 did with a router's packets; recorded/record.py says how. */
interface Case {
  readonly name: string;
  readonly rules: string;
  readonly sysctls: Readonly<Record<string, number>>;
  readonly conntrack?: string;
  readonly packets: readonly {
    /** Milliseconds since the packet before. */
    readonly after?: number;
    readonly in?: string;
    readonly packet: string;
    readonly out: readonly (readonly [device: string, packet: string])[];
  }[];
}

const octets = (hex: string) => Uint8Array.from(Buffer.from(hex, "hex"));

const router = JSON.parse(readFileSync(`${FOLDER}router.json`, "utf8")) as Record<string, string>;

function casesOf(file: string): Case[] {
  const lines = gunzipSync(readFileSync(FOLDER + file))
    .toString("utf8")
    .trim()
    .split("\n");
  return lines.map((line) => JSON.parse(line) as Case);
}

function replayed({ rules, sysctls, conntrack, packets }: Case): PacketTrace[] {
  const settings = Object.entries(sysctls).map(([name, value]) => `${name} = ${value}\n`);
  const files = { ...router, "iptables-save.txt": rules, ...(conntrack === undefined ? {} : { "conntrack.txt": conntrack }) };
  const paths = Object.entries(files).map(([name, text]) => [`netns/r/${name}`, text] as const);
  const { value: host, problems } = readSnapshot(new Map([...paths, ["netns/r/sysctl.txt", router["sysctl.txt"] + settings.join("")]]), "");
  expect(problems).toEqual([]);
  const replay = createReplay(host, { netns: "r", capture: "recorded" });
  let time = START;
  const traces = packets.flatMap(({ packet: hex, in: device, after = 5 }, i) => {
    const bytes = octets(hex);
    const { packet } = decodePacket(bytes);
    time += BigInt(after) * MILLISECOND;
    const where =
      device === undefined ? { type: "outgoing" as const, interfaceIndex: 0 } : { type: "host" as const, interfaceName: device };
    const frame: Frame = {
      number: i + 1,
      time,
      captured: bytes.length,
      length: bytes.length,
      linkType: "LINUX_SLL2",
      ...where,
      ...(packet && { packet }),
    };
    return replay.push(frame);
  });
  return [...traces, ...replay.finish()];
}

/** In words, how what the kernel sent differs from what the replay says that goes out; undefined when it does not. */
function difference(trace: PacketTrace | undefined, original: string, out: Case["packets"][number]["out"]): string | undefined {
  if (!trace) return "no trace";
  if (trace.way.verdict === "unknown") return `unknown: ${trace.way.undecided}`;
  // The sockets that were to take delivered packets did not exist.
  if (trace.way.verdict === "delivered") return undefined;
  const own = trace.way.out.map(({ interface: device, packet }) => ({ device, packet, made: false }));
  const answers = trace.way.replies.flatMap(({ way }) => way.out.map(({ interface: device, packet }) => ({ device, packet, made: true })));
  const said = [...answers, ...own];
  const devices = (list: readonly string[]) => [...list].sort().join(" ") || "nothing";
  const [ours, kernels] = [devices(said.map((one) => one.device)), devices(out.map(([device]) => device))];
  if (ours !== kernels) return `out on ${ours}, kernel: ${kernels} (${trace.way.verdict})`;
  return out
    .map(([device, hex]) => {
      const one = said.find((other) => other.device === device);
      if (!one) return "";
      return (one.made ? differsMade(one.packet, octets(hex)) : differs(one.packet, octets(original), octets(hex))) ?? "";
    })
    .find((text) => text !== "");
}

/** Packets in each file. */
const COUNTS: Readonly<Record<string, number>> = {
  "ftp-lines.ndjson.gz": 750,
  "ftp-tftp.ndjson.gz": 444,
  "older-connections.ndjson.gz": 197,
  "protocols.ndjson.gz": 158,
  "sctp.ndjson.gz": 690,
  "tcp.ndjson.gz": 1135,
  "zones-and-more.ndjson.gz": 237,
};

describe.each(readdirSync(FOLDER).filter((name) => name.endsWith(".ndjson.gz")))("the kernel's answers: %s", (file) => {
  const cases = casesOf(file);

  it.each(cases.map((one) => [one.name, one] as const))("%s", (_, recorded) => {
    const traces = replayed(recorded);
    expect(traces).toHaveLength(recorded.packets.length);
    const wrong = recorded.packets.map(({ packet, out }, i) => difference(traces[i], packet, out));
    expect(wrong.map((text, i) => text && `packet ${i + 1}: ${text}`).filter(Boolean)).toEqual([]);
  });

  it("are all there", () => {
    expect(cases.flatMap((one) => one.packets).length).toBe(COUNTS[file]);
  });
});
