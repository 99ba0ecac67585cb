import { TCP_FLAG } from "../../model/packet.ts";
import { FLAG, number } from "../codecs.ts";
import { holds, says } from "../condition.ts";
import { not, over, some } from "../draw.ts";
import { packetOctets } from "../packet-octets.ts";
import { type Args, type MatchResult, match, type PacketContext } from "../spec.ts";
import { isLaterFragment, UNCAPTURED } from "../transport.ts";

const ECN_BITS = 3;
const TCP_HEADER = 20;
const FLAGS = 13;

const options = {
  ece: { flag: "--ecn-tcp-ece", codec: FLAG, negatable: true },
  cwr: { flag: "--ecn-tcp-cwr", codec: FLAG, negatable: true },
  ect: { flag: "--ecn-ip-ect", codec: number(0, ECN_BITS), negatable: true },
} as const;

/** xt_ecn.c, ecn_mt4 and ecn_mt6: the TCP header is looked for in any fragment, and one that is not whole is no reason to drop. */
function ecnMatch(args: Args<typeof options>, context: PacketContext): MatchResult {
  if (!holds(args.ect, (value) => (context.packet.tos & ECN_BITS) === value)) return false;
  if (!args.ece && !args.cwr) return true;
  const { packet } = context;
  // For a later fragment of IPv6 the kernel has no place of the header, and takes the beginning of the packet for it (ipv6_find_hdr).
  const start = packet.family === 6 && isLaterFragment(packet) ? 0 : packet.headerLength;
  if (packet.length - start < TCP_HEADER) return false;
  const flags = packetOctets(packet)[start + FLAGS];
  if (flags === undefined) return UNCAPTURED;
  return holds(args.ece, () => (flags & TCP_FLAG.ECE) !== 0) && holds(args.cwr, () => (flags & TCP_FLAG.CWR) !== 0);
}

const ecn = match({
  name: "ecn",
  options,
  check: (args) => (args.ece || args.cwr || args.ect ? undefined : "ecn needs at least one option"),
  explain: (args) =>
    [
      ...says(args.ece, () => "TCP flag ECE"),
      ...says(args.cwr, () => "TCP flag CWR"),
      ...says(args.ect, (value) => `ECN bits ${value} in the IP header`),
    ].join(", "),
  compile: (args) => (context) => ecnMatch(args, context),
  draw: (d) => {
    const ect = `${not(d)}--ecn-ip-ect ${d.integer(0, ECN_BITS)}`;
    return `-m ecn ${over(d, "tcp") ? some(d, [`${not(d)}--ecn-tcp-ece`, `${not(d)}--ecn-tcp-cwr`, ect]) : ect}`;
  },
  doc: "Explicit congestion notification, in the IP header and in that of TCP.",
  examples: [
    { rule: "-m ecn ! --ecn-ip-ect 0", says: "not ECN bits 0 in the IP header" },
    {
      rule: "-p tcp -m ecn --ecn-ip-ect 1 ! --ecn-tcp-cwr --ecn-tcp-ece",
      saved: "-p tcp -m ecn --ecn-tcp-ece ! --ecn-tcp-cwr --ecn-ip-ect 1",
      says: "TCP flag ECE, not TCP flag CWR, ECN bits 1 in the IP header",
    },
  ],
});

export const specs = [ecn];
