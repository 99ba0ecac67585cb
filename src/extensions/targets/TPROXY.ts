import { type Address, type Family, familyOf, formatAddress, parseAddress } from "../../model/address.ts";
import { factWords, forkUnlessAssumed } from "../assumption.ts";
import { masked, parsePort, word } from "../codecs.ts";
import { over } from "../draw.ts";
import { drawChange } from "../draw-mark.ts";
import { changed } from "../marks.ts";
import { type Example, type PacketContext, type TargetResult, target } from "../spec.ts";
import { portsOf } from "../transport.ts";

const PORT = word("a port or a service name", parsePort, String);
const MARK = masked(32, true);

interface Proxy {
  readonly port: number;
  readonly address?: Address;
  readonly mark: { readonly value: number; readonly mask: number };
}

/** Octets of a UDP header, which it looks at of TCP as well. */
const HEADER = 8;

/** xt_TPROXY.c, tproxy_tg4 and tproxy_tg6_v1: a transparent socket of this host takes the packet, or it is dropped. */
function tproxy({ port, address, mark }: Proxy, context: PacketContext): TargetResult {
  const ports = portsOf(context, HEADER);
  if (ports.kind === "missing") return typeof ports.result === "object" ? ports.result : { verdict: "DROP" };
  const at = `${address === undefined ? `${context.in}'s first address` : formatAddress(address)}, port ${port || ports.dport}`;
  const value = changed(context.mark, mark);
  return forkUnlessAssumed(context, "tproxy", {
    when: `a transparent socket takes it (at ${at})`,
    otherwise: `no transparent socket takes it (at ${at})`,
    yes: { verdict: "ACCEPT", effects: [{ kind: "set-mark", value }, { kind: "assign-socket" }] },
    no: { verdict: "DROP" },
  });
}

function spec(family: Family, none: Address, examples: readonly Example[]) {
  const parse = (text: string) => {
    const address = parseAddress(text);
    return address !== undefined && familyOf(address) === family ? address : undefined;
  };
  return target({
    name: "TPROXY",
    does: "accept",
    families: [family],
    tables: ["mangle"],
    hooks: ["PREROUTING"],
    options: {
      port: { flag: "--on-port", codec: PORT, required: true },
      address: { flag: "--on-ip", codec: word(`an IPv${family} address`, parse, formatAddress) },
      mark: { flag: "--tproxy-mark", codec: MARK },
    },
    canonical: (args) => ({
      port: args.port,
      address: args.address ?? { value: none, not: false },
      mark: args.mark ?? { value: { value: 0, mask: 0 }, not: false },
    }),
    explain: (args) => {
      const port = args.port?.value ? `port ${args.port.value}` : "its own port";
      return `hand to a transparent socket on ${port}${args.address?.value ? ` of ${formatAddress(args.address.value)}` : ""}`;
    },
    compile: (args) => {
      const { port, address, mark } = args;
      const proxy = {
        port: port?.value ?? 0,
        ...(address?.value && { address: address.value }),
        mark: mark?.value ?? { value: 0, mask: 0 },
      };
      return (context) => tproxy(proxy, context);
    },
    draw: (d) => {
      if (!over(d, "tcp", "udp")) return undefined;
      const address = d.chance(2) ? formatAddress(none) : d.natAddress("dst");
      return `-j TPROXY --on-port ${d.pick([0, d.natPort()])} --on-ip ${address} --tproxy-mark ${d.chance(3) ? "0x0/0x0" : drawChange(d)}`;
    },
    forks: factWords("tproxy"),
    doc: "Hands the packet to a transparent proxy's socket on this host, without changing its addresses.",
    examples,
  });
}

export const specs = [
  spec(4, 0, [
    {
      rule: "-p tcp -m tcp --dport 80 -j TPROXY --on-port 3129 --tproxy-mark 1",
      saved: "-p tcp -m tcp --dport 80 -j TPROXY --on-port 3129 --on-ip 0.0.0.0 --tproxy-mark 0x1/0xffffffff",
      says: "hand to a transparent socket on port 3129",
    },
    {
      rule: "-p udp -j TPROXY --on-port 0 --on-ip 127.0.0.1 --tproxy-mark 0x1/0x1",
      says: "hand to a transparent socket on its own port of 127.0.0.1",
    },
  ]),
  spec(6, 0n, [
    {
      rule: "-p tcp -j TPROXY --on-port http",
      saved: "-p tcp -j TPROXY --on-port 80 --on-ip :: --tproxy-mark 0x0/0x0",
      says: "hand to a transparent socket on port 80",
    },
    {
      rule: "-p udp -j TPROXY --on-port 53 --on-ip ::1 --tproxy-mark 0x5/0xff",
      says: "hand to a transparent socket on port 53 of ::1",
    },
  ]),
];
