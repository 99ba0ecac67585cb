import { TCP_FLAG } from "../../model/packet.ts";
import { FLAG, number } from "../codecs.ts";
import { maybe, over } from "../draw.ts";
import type { Effect } from "../effect.ts";
import { type Args, type PacketContext, type TargetResult, target } from "../spec.ts";
import { isLaterFragment } from "../transport.ts";

const BIT = number(0, 1);

const options = {
  remove: { flag: "--ecn-tcp-remove", codec: FLAG },
  ece: { flag: "--ecn-tcp-ece", codec: BIT },
  cwr: { flag: "--ecn-tcp-cwr", codec: BIT },
  ect: { flag: "--ecn-ip-ect", codec: number(0, 3) },
} as const;

type EcnArgs = Args<typeof options>;

const ZERO = { value: 0, not: false };
const ECN_BITS = 3;

function bitsOf({ remove, ece, cwr, ect }: EcnArgs): EcnArgs {
  return { ece: remove ? ZERO : ece, cwr: remove ? ZERO : cwr, ect };
}

function canonical(args: EcnArgs): EcnArgs {
  const { ece, cwr, ect } = bitsOf(args);
  return ece?.value === 0 && cwr?.value === 0 && !ect ? { remove: { value: true, not: false } } : { ece, cwr, ect };
}

function check({ remove, ece, cwr, ect }: EcnArgs): string | undefined {
  if (remove && (ece || cwr)) return "--ecn-tcp-remove cannot stand with --ecn-tcp-ece or --ecn-tcp-cwr";
  return remove || ece || cwr || ect ? undefined : "ECN needs --ecn-tcp-remove or another option";
}

/** ipt_ECN.c, ecn_tg: the header of IP first, then that of TCP. */
function ecn({ ece, cwr, ect }: EcnArgs, { packet }: PacketContext): TargetResult {
  const effects: Effect[] = [];
  if (ect && (packet.tos & ECN_BITS) !== ect.value) effects.push({ kind: "set-tos", value: (packet.tos & ~ECN_BITS) | ect.value });
  if ((!ece && !cwr) || isLaterFragment(packet)) return { verdict: "CONTINUE", effects };
  const tcp = packet.transport;
  if (tcp?.kind !== "tcp") {
    return packet.defect === "uncaptured" ? { unknown: "the TCP header, which was not captured" } : { verdict: "DROP", effects };
  }
  const set = (flags: number, bit: number, to: number | undefined) => (to === undefined ? flags : to === 0 ? flags & ~bit : flags | bit);
  const value = set(set(tcp.flags, TCP_FLAG.ECE, ece?.value), TCP_FLAG.CWR, cwr?.value);
  if (value !== tcp.flags) effects.push({ kind: "set-tcp-flags", value });
  return { verdict: "CONTINUE", effects };
}

function explain(args: EcnArgs): string {
  if (canonical(args).remove) return "clear the TCP flags ECE and CWR";
  const { ece, cwr, ect } = bitsOf(args);
  const bits = [ece && `the TCP flag ECE to ${ece.value}`, cwr && `the TCP flag CWR to ${cwr.value}`, ect && `ECT to ${ect.value}`];
  return `set ${bits.filter((part) => part !== undefined).join(", ")}`;
}

const spec = target({
  name: "ECN",
  does: "headers",
  families: [4],
  tables: ["mangle"],
  options,
  canonical,
  check,
  explain,
  compile: (given) => {
    const args = bitsOf(given);
    return (context) => ecn(args, context);
  },
  draw: (d) => {
    const ect = `--ecn-ip-ect ${d.integer(0, 3)}`;
    if (!over(d, "tcp")) return d.chance(2) ? `-j ECN ${ect}` : undefined;
    if (d.chance(2)) return "-j ECN --ecn-tcp-remove";
    return `-j ECN --ecn-tcp-ece ${d.integer(0, 1)}${maybe(d, 2, "--ecn-tcp-cwr 1")}${maybe(d, 2, ect)}`;
  },
  doc: "Clears or sets the bits of explicit congestion notification.",
  examples: [
    { rule: "-p tcp -j ECN --ecn-tcp-remove", says: "clear the TCP flags ECE and CWR" },
    {
      rule: "-p tcp -j ECN --ecn-tcp-cwr 0 --ecn-tcp-ece 0",
      saved: "-p tcp -j ECN --ecn-tcp-remove",
      says: "clear the TCP flags ECE and CWR",
    },
    {
      rule: "-p tcp -j ECN --ecn-tcp-remove --ecn-ip-ect 2",
      saved: "-p tcp -j ECN --ecn-tcp-ece 0 --ecn-tcp-cwr 0 --ecn-ip-ect 2",
      says: "set the TCP flag ECE to 0, the TCP flag CWR to 0, ECT to 2",
    },
    { rule: "-j ECN --ecn-ip-ect 0", says: "set ECT to 0" },
  ],
});

export const specs = [spec];
