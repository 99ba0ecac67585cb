import { holds } from "../condition.ts";
import { over, some } from "../draw.ts";
import { drawPortOptions, LOOSE_PORT_OPTIONS, nftPortsHold, portWords, within, withoutFullRange } from "../ports.ts";
import { portSpace } from "../space.ts";
import { type Args, type MatchResult, match, type PacketContext } from "../spec.ts";
import { nftPortsOf, portsOf } from "../transport.ts";

const options = LOOSE_PORT_OPTIONS;
const UDP_HEADER = 8;

function canonical(args: Args<typeof options>): Args<typeof options> {
  return { sport: withoutFullRange(args.sport), dport: withoutFullRange(args.dport) };
}

/** xt_tcpudp.c, udp_mt; iptables-nft loads the ports as plain octets instead where it compares any. */
function udpMatch(args: Args<typeof options>, context: PacketContext): MatchResult {
  const nft = context.backend === "nft" && (args.sport ?? args.dport) !== undefined;
  const ports = nft ? nftPortsOf(context) : portsOf(context, UDP_HEADER);
  if (ports.kind === "missing") return ports.result;
  if (nft) return nftPortsHold(args, ports);
  return holds(args.sport, (range) => within(ports.sport, range)) && holds(args.dport, (range) => within(ports.dport, range));
}

const udp = match({
  name: "udp",
  options,
  canonical,
  explain: (args) => portWords("UDP", canonical(args)).join(", ") || "UDP",
  reads: () => "nothing",
  compile: (given) => {
    const args = canonical(given);
    return (context) => udpMatch(args, context);
  },
  space: (given) => portSpace(canonical(given), true),
  draw: (d) => (over(d, "udp") ? `-m udp ${some(d, drawPortOptions(d, true))}` : undefined),
  doc: "Ports of UDP.",
  examples: [
    { rule: "-p udp -m udp --dport 53", says: "UDP destination port 53" },
    {
      rule: "-p udp -m udp ! --sport 1:1023 --dport domain",
      saved: "-p udp -m udp ! --sport 1:1023 --dport 53",
      says: "not UDP source port 1 to 1023, UDP destination port 53",
    },
    { rule: "-p udp -m udp", says: "UDP" },
  ],
});

export const specs = [udp];
