import { type AddressMask, type Family, formatAddress, maskLength, parseAddress } from "../../model/address.ts";
import { parseAddressMask, word } from "../codecs.ts";
import { type PacketContext, type TargetResult, target } from "../spec.ts";

/** The kernel gets the first and the last address of the network, so that host bits do not count. */
function parse(text: string, family?: Family): AddressMask | undefined {
  const given = parseAddressMask(text, family);
  if (!given || maskLength(given.mask) === undefined) return undefined;
  const { address, mask } = given;
  if (typeof address === "number") return { address: (address & Number(mask)) >>> 0, mask };
  return { address: address & BigInt(mask), mask };
}

function save({ address, mask }: AddressMask): string {
  return `${formatAddress(address)}/${maskLength(mask) ?? 0}`;
}

/** xt_NETMAP.c, netmap_tg4 and netmap_tg6: the destination where packets come in or are sent, else the source. */
function netmap(to: AddressMask, { hook, packet }: PacketContext): TargetResult {
  const manip = hook === "PREROUTING" || hook === "OUTPUT" ? "dst" : "src";
  const old = manip === "dst" ? packet.dst : packet.src;
  const { address, mask } = to;
  let mapped = old;
  if (typeof old === "number" && typeof address === "number" && typeof mask === "number") mapped = ((old & ~mask) | (address & mask)) >>> 0;
  if (typeof old === "bigint" && typeof address === "bigint" && typeof mask === "bigint") mapped = (old & ~mask) | (address & mask);
  return { verdict: "ACCEPT", effects: [{ kind: "nat", range: { manip, minAddress: mapped, maxAddress: mapped, netmap: to } }] };
}

const spec = target({
  name: "NETMAP",
  does: "translate",
  tables: ["nat"],
  options: { to: { flag: "--to", codec: word("a network (address/length)", parse, save), required: true } },
  explain: (args) => `map the network to ${args.to ? save(args.to.value) : "itself"}`,
  compile: (args) => (context) => (args.to ? netmap(args.to.value, context) : { verdict: "ACCEPT" }),
  draw: (d) => {
    const to = parseAddress(d.natAddress(d.hooks.some((hook) => hook === "PREROUTING" || hook === "OUTPUT") ? "dst" : "src"));
    const short = d.pick(d.family === 4 ? [32, 31, 28, 24] : [128, 127, 120, 64]);
    const network = to === undefined ? undefined : parse(`${formatAddress(to)}/${short}`);
    return network && `-j NETMAP --to ${save(network)}`;
  },
  doc: "Replaces the network part of an address and keeps the rest.",
  examples: [
    { rule: "-j NETMAP --to 10.1.2.3/24", saved: "-j NETMAP --to 10.1.2.0/24", says: "map the network to 10.1.2.0/24" },
    { rule: "-j NETMAP --to 1.2.3.4", saved: "-j NETMAP --to 1.2.3.4/32", says: "map the network to 1.2.3.4/32" },
    { rule: "-j NETMAP --to dead::beef", saved: "-j NETMAP --to dead::beef/128", says: "map the network to dead::beef/128" },
  ],
});

export const specs = [spec];
