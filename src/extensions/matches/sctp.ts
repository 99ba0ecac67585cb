import { holds, invertAll, says } from "../condition.ts";
import { not, over, some } from "../draw.ts";
import { drawPortOptions, PORT_OPTIONS, portWords, within, withoutFullRange } from "../ports.ts";
import { CHUNK_TYPES, type ChunkQuestion, chunkWords, matchChunks } from "../sctp-chunks.ts";
import { type Args, type MatchResult, match, type PacketContext } from "../spec.ts";
import { portsOf } from "../transport.ts";

const SCTP_HEADER = 12;

const options = { ...PORT_OPTIONS, chunks: { flag: "--chunk-types", codec: CHUNK_TYPES, negatable: true } } as const;

function canonical(args: Args<typeof options>): Args<typeof options> {
  return { sport: withoutFullRange(args.sport), dport: withoutFullRange(args.dport), chunks: args.chunks };
}

/** xt_sctp.c, sctp_mt. */
function sctpMatch(args: Args<typeof options>, context: PacketContext): MatchResult {
  const ports = portsOf(context, SCTP_HEADER);
  if (ports.kind === "missing") return ports.result;
  if (!holds(args.sport, (range) => within(ports.sport, range)) || !holds(args.dport, (range) => within(ports.dport, range))) return false;
  if (!args.chunks) return true;
  const { packet } = context;
  const question: ChunkQuestion = args.chunks.value;
  return invertAll(matchChunks(packet.payload, packet.length - packet.headerLength, question), args.chunks.not);
}

const sctp = match({
  name: "sctp",
  options,
  canonical,
  explain: (given) => {
    const args = canonical(given);
    return [...portWords("SCTP", args), ...says(args.chunks, chunkWords)].join(", ") || "SCTP";
  },
  compile: (given) => {
    const args = canonical(given);
    return (context) => sctpMatch(args, context);
  },
  draw: (d) => {
    if (!over(d, "sctp")) return undefined;
    const chunks = d.pick(["INIT", "DATA", "DATA:Be", "DATA,SACK", "INIT,INIT_ACK", "ABORT:T", "HEARTBEAT", "ALL", "NONE"]);
    const ports = drawPortOptions(d);
    return `-m sctp ${some(d, [...ports, `${not(d)}--chunk-types ${d.pick(["any", "all", "only"])} ${chunks}`])}`;
  },
  doc: "Ports and chunk types of SCTP.",
  examples: [
    { rule: "-p sctp -m sctp --dport 3868", says: "SCTP destination port 3868" },
    {
      rule: "-p sctp -m sctp --chunk-types any INIT,DATA:Be,RE_CONFIG",
      saved: "-p sctp -m sctp --chunk-types any DATA:Be,INIT,RE_CONFIG",
      says: "SCTP with any of the chunks DATA:Be, INIT, RE_CONFIG",
    },
  ],
});

export const specs = [sctp];
