import { FLAG, number } from "../codecs.ts";
import { over } from "../draw.ts";
import { lastGiven } from "../last-given.ts";
import { type Args, type PacketContext, type TargetResult, target } from "../spec.ts";
import { mssOf } from "../tcp-mss.ts";
import { isLaterFragment } from "../transport.ts";

const options = {
  set: { flag: "--set-mss", codec: number(0, 65_535 - 40) },
  clamp: { flag: "--clamp-mss-to-pmtu", codec: FLAG },
} as const;

const CONTINUE: TargetResult = { verdict: "CONTINUE" };

/** Where a SYN names no size, that of hosts that know nothing better (RFC 9293, RFC 8200). */
const UNSPOKEN = { 4: 536, 6: 1220 } as const;
const LONGEST_HEADER = 60;

/** xt_TCPMSS.c, tcpmss_mangle_packet: it only ever lowers the size, and drops what has no whole TCP header. */
function tcpmss(args: Args<typeof options>, context: PacketContext): TargetResult {
  const { packet } = context;
  if (isLaterFragment(packet)) return CONTINUE;
  const tcp = packet.transport;
  if (tcp?.kind !== "tcp")
    return packet.defect === "uncaptured" ? { unknown: "the TCP header, which was not captured" } : { verdict: "DROP" };
  const length = packet.length - packet.headerLength;
  if (length < tcp.headerLength) return { verdict: "DROP" };
  const limit = args.set ? args.set.value : context.pathMtu();
  const now = mssOf(tcp);
  if (now === undefined && (length > tcp.headerLength || tcp.headerLength >= LONGEST_HEADER)) return CONTINUE;
  if (limit === undefined) return { verdict: "CONTINUE", effects: [{ kind: "set-mss", value: "pmtu" }] };
  if (limit <= 0 && args.clamp) return { verdict: "DROP" };
  if (now !== undefined && now <= limit) return CONTINUE;
  return {
    verdict: "CONTINUE",
    effects: [{ kind: "set-mss", value: now === undefined ? Math.min(limit, UNSPOKEN[packet.family]) : limit }],
  };
}

function canonical(args: Args<typeof options>): Args<typeof options> {
  return lastGiven(args, "set", "clamp");
}

const spec = target({
  name: "TCPMSS",
  does: "headers",
  options,
  canonical,
  check: (args) => (args.set || args.clamp ? undefined : "TCPMSS needs --set-mss or --clamp-mss-to-pmtu"),
  explain: (given) => {
    const args = canonical(given);
    return `lower the TCP maximum segment size to ${args.set ? args.set.value : "what the path's MTU allows"}`;
  },
  compile: (given) => {
    const args = canonical(given);
    return (context) => tcpmss(args, context);
  },
  draw: (d) => {
    if (!over(d, "tcp")) return undefined;
    // The kernel wants SYNs only, and the path's MTU only where it is known (tcpmss_tg4_check).
    const clamp = d.hooks.every((hook) => hook !== "PREROUTING" && hook !== "INPUT") && d.chance(2);
    const what = clamp ? "--clamp-mss-to-pmtu" : `--set-mss ${d.pick([0, 1, 536, 1200, 1400, 65_495])}`;
    return `-m tcp --tcp-flags SYN,RST SYN -j TCPMSS ${what}`;
  },
  doc: "Lowers the maximum segment size that a TCP SYN announces.",
  examples: [
    { rule: "-p tcp -j TCPMSS --set-mss 1400", says: "lower the TCP maximum segment size to 1400" },
    { rule: "-p tcp -j TCPMSS --clamp-mss-to-pmtu", says: "lower the TCP maximum segment size to what the path's MTU allows" },
  ],
});

export const specs = [spec];
