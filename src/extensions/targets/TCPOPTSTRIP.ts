import { parseNumber, word } from "../codecs.ts";
import { over } from "../draw.ts";
import { type PacketContext, type TargetResult, target } from "../spec.ts";
import { isLaterFragment } from "../transport.ts";

const NAMES: Readonly<Record<string, number>> = { mss: 2, wscale: 3, "sack-permitted": 4, sack: 5, timestamp: 8, md5: 19 };

/** Kinds 0 and 1 are padding, which cannot be taken out. */
const FIRST = 2;

const KINDS = word<readonly number[]>(
  `a list of kinds from 2 to 255, or of ${Object.keys(NAMES).join(", ")}`,
  (text) => {
    const kinds = text.split(",").flatMap((part) => NAMES[part] ?? parseNumber(part, FIRST, 255) ?? []);
    return kinds.length === text.split(",").length && new Set(kinds).size === kinds.length ? kinds.sort((a, b) => a - b) : undefined;
  },
  (kinds) => kinds.join(","),
);

/** xt_TCPOPTSTRIP.c, tcpoptstrip_mangle_packet: what has no whole TCP header is dropped. */
function strip(kinds: readonly number[], { packet }: PacketContext): TargetResult {
  if (isLaterFragment(packet)) return { verdict: "CONTINUE" };
  const tcp = packet.transport;
  if (tcp?.kind !== "tcp") {
    return packet.defect === "uncaptured" ? { unknown: "the TCP header, which was not captured" } : { verdict: "DROP" };
  }
  if (packet.length - packet.headerLength < tcp.headerLength) return { verdict: "DROP" };
  const there = kinds.filter((kind) => tcp.options.some((option) => option.kind === kind));
  if (there.length === 0) return { verdict: "CONTINUE" };
  return { verdict: "CONTINUE", effects: [{ kind: "strip-options", kinds: there }] };
}

const tcpoptstrip = target({
  name: "TCPOPTSTRIP",
  does: "headers",
  tables: ["mangle"],
  options: { kinds: { flag: "--strip-options", codec: KINDS } },
  explain: (args) => (args.kinds ? `replace the TCP options ${args.kinds.value.join(", ")} by padding` : "leave the TCP options"),
  compile: (args) => {
    const kinds = args.kinds?.value ?? [];
    return (context) => strip(kinds, context);
  },
  draw: (d) => {
    if (!over(d, "tcp")) return undefined;
    const kinds = [2, 3, 4, 5, 8, 19, 30, 254].filter(() => d.chance(3));
    return `-j TCPOPTSTRIP${kinds.length === 0 ? "" : ` --strip-options ${kinds.join()}`}`;
  },
  doc: "Replaces TCP options by padding.",
  examples: [
    {
      rule: "-p tcp -j TCPOPTSTRIP --strip-options wscale,timestamp,254,0x5",
      saved: "-p tcp -j TCPOPTSTRIP --strip-options 3,5,8,254",
      says: "replace the TCP options 3, 5, 8, 254 by padding",
    },
    { rule: "-p tcp -j TCPOPTSTRIP", says: "leave the TCP options" },
  ],
});

export const specs = [tcpoptstrip];
