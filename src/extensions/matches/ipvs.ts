import { type AddressMask, formatAddress, maskLength } from "../../model/address.ts";
import { protocolName } from "../../model/packet.ts";
import type { Negatable } from "../../model/rule.ts";
import { factWords, unlessAssumed } from "../assumption.ts";
import { choice, FLAG, parseAddressMask, parsePort, word } from "../codecs.ts";
import { says } from "../condition.ts";
import { parseProtocol } from "../protocols.ts";
import { type Args, match } from "../spec.ts";

const ADDRESS = word<AddressMask>("an address, or address/mask", parseAddressMask, ({ address, mask }) => {
  const length = maskLength(mask);
  const full = length === (typeof address === "number" ? 32 : 128);
  return full ? formatAddress(address) : `${formatAddress(address)}/${length ?? formatAddress(mask)}`;
});
const PORT = word("a port or a service name", parsePort, String);

const options = {
  ipvs: { flag: "--ipvs", codec: FLAG, negatable: true },
  protocol: { flag: "--vproto", codec: word("a protocol name or number", parseProtocol, String), negatable: true },
  address: { flag: "--vaddr", codec: ADDRESS, negatable: true },
  port: { flag: "--vport", codec: PORT, negatable: true },
  direction: { flag: "--vdir", codec: choice(["ORIGINAL", "REPLY"], true) },
  method: { flag: "--vmethod", codec: choice(["GATE", "IPIP", "MASQ"], true), negatable: true },
  control: { flag: "--vportctl", codec: PORT, negatable: true },
} as const;

/** xt_ipvs.c, ipvs_mt: what IPVS does not handle matches only where just that is asked for, with `! --ipvs`. */
function withoutIpvs(args: Args<typeof options>): boolean {
  const others: readonly (Negatable<unknown> | undefined)[] = [
    args.protocol,
    args.address,
    args.port,
    args.direction,
    args.method,
    args.control,
  ];
  return args.ipvs?.not === true && others.every((option) => option === undefined);
}

const ipvs = match({
  name: "ipvs",
  options,
  explain: (args) =>
    [
      ...says(args.ipvs, () => "handled by IPVS"),
      ...says(args.protocol, (protocol) => `virtual service of ${protocolName(protocol)}`),
      ...says(args.address, (address) => `virtual address ${ADDRESS.save(address)}`),
      ...says(args.port, (port) => `virtual port ${port}`),
      ...says(args.direction, (direction) => `${direction.toLowerCase()} direction of the virtual service`),
      ...says(args.method, (method) => `forwarded by IPVS with ${method}`),
      ...says(args.control, (port) => `virtual port ${port} of the controlling connection`),
    ].join(", ") || "handled by IPVS",
  compile: (args) => (context) => unlessAssumed(context, "ipvs", () => withoutIpvs(args)),
  // Many kernels come without it.
  draw: () => undefined,
  forks: factWords("ipvs"),
  doc: "Connections that IPVS handles; how it schedules is not modelled.",
  examples: [
    { rule: "-m ipvs ! --ipvs", says: "not handled by IPVS" },
    {
      rule: "-m ipvs --vproto tcp --vaddr 1.2.3.4/255.255.255.0 ! --vport ssh --vmethod GATE",
      saved: "-m ipvs --vproto 6 --vaddr 1.2.3.4/24 ! --vport 22 --vmethod GATE",
      says: "virtual service of tcp, virtual address 1.2.3.4/24, not virtual port 22, forwarded by IPVS with GATE",
    },
  ],
});

export const specs = [ipvs];
