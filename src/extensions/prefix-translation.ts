import { type AddressMask, formatAddress, maskLength, maskOf } from "../model/address.ts";
import { type Packet, PROTOCOL } from "../model/packet.ts";
import { ADDRESS_MASK, saveAddressMask } from "./codecs.ts";
import type { Draw } from "./draw.ts";
import type { Effect } from "./effect.ts";
import type { Args, Option, PacketContext, TargetResult } from "./spec.ts";

/** An IPv6 prefix, always saved with its length. */
const PREFIX = {
  ...ADDRESS_MASK,
  expected: "an IPv6 prefix (address/length)",
  parse: (words: readonly string[]): AddressMask | undefined => {
    const found = ADDRESS_MASK.parse(words);
    return typeof found?.address === "bigint" && maskLength(found.mask) !== undefined ? found : undefined;
  },
  save: (prefix: AddressMask) => `${formatAddress(prefix.address)}/${maskLength(prefix.mask) ?? 128}`,
};

interface Prefixes {
  readonly source: Option<AddressMask>;
  readonly destination: Option<AddressMask>;
}

/** Options of SNPT and DNPT. */
export const PREFIXES = {
  source: { flag: "--src-pfx", codec: PREFIX, required: true },
  destination: { flag: "--dst-pfx", codec: PREFIX, required: true },
} as const satisfies Prefixes;

type PrefixArgs = Args<typeof PREFIXES>;

const LONGEST = 64;
const LAST_ERROR = 4;
const ALL = (1n << 128n) - 1n;

/** ip6t_NPT.c, ip6t_npt_checkentry. */
export function checkPrefixes({ source, destination }: PrefixArgs): string | undefined {
  for (const { value } of [source, destination].filter((given) => given !== undefined)) {
    if ((maskLength(value.mask) ?? 128) > LONGEST) return `prefixes are at most ${LONGEST} bits long`;
    if (BigInt(value.address) & ~BigInt(value.mask) & ALL) return `${saveAddressMask(value)} has bits behind its prefix`;
  }
  return undefined;
}

/** "2001:db8:1::/48 by fd00:1::/48" */
export function prefixWords({ source, destination }: PrefixArgs): string {
  return `${source ? PREFIX.save(source.value) : ""} by ${destination ? PREFIX.save(destination.value) : ""}`;
}

/** Two prefixes of the traffic, "--src-pfx fd00:1::/64 --dst-pfx fd00:2::/64". */
export function drawPrefixes(d: Draw, side: "src" | "dst"): string {
  const prefix = (text: string) => {
    const found = ADDRESS_MASK.parse([`${text.replace(/\/.*/, "")}/${d.pick([64, 64, 56, 48, 32, 60])}`]);
    return found && PREFIX.save({ address: BigInt(found.address) & BigInt(found.mask), mask: found.mask });
  };
  return `--src-pfx ${prefix(d.network(side))} --dst-pfx ${prefix(d.natAddress(side))}`;
}

/** A sum of 16-bit words with its carries added in (RFC 1071). */
function added(sum: number): number {
  let rest = sum;
  while (rest > 0xffff) rest = (rest & 0xffff) + (rest >>> 16);
  return rest;
}

function folded(address: bigint): number {
  let sum = 0;
  for (let rest = address; rest > 0n; rest >>= 16n) sum += Number(rest & 0xffffn);
  return added(sum);
}

/** Whether a checksum that covers an address holds for the other one as well. */
export function sameSum(one: bigint, other: bigint): boolean {
  return (folded(one) - folded(other)) % 0xffff === 0;
}

interface Mapped {
  readonly address: bigint;
  /** Whether a word was found that takes up what the new prefix adds to checksums. */
  readonly balanced: boolean;
}

/** ip6t_NPT.c, ip6t_npt_map_pfx: it does not ask whether the address has the old prefix. */
function mapped(address: bigint, from: AddressMask, to: AddressMask): Mapped {
  const length = Math.max(maskLength(from.mask) ?? 0, maskLength(to.mask) ?? 0);
  const mask = BigInt(maskOf(6, length));
  const moved = (address & ~mask & ALL) | (BigInt(to.address) & mask);
  const wordAt = (index: number) => Number((moved >> BigInt(112 - 16 * index)) & 0xffffn);
  const index = length <= 48 ? 3 : [4, 5, 6, 7].find((i) => wordAt(i) !== 0xffff);
  if (index === undefined) return { address: moved, balanced: false };
  const sum = added(folded(BigInt(from.address)) + (folded(BigInt(to.address)) ^ 0xffff) + wordAt(index));
  const shift = BigInt(112 - 16 * index);
  return { address: (moved & ~(0xffffn << shift)) | (BigInt(sum === 0xffff ? 0 : sum) << shift), balanced: true };
}

/** Translates one address, and in ICMPv6 errors the other one of the packet that they quote (ip6t_NPT.c, ip6t_snpt_tg and ip6t_dnpt_tg). */
export function translatePrefix({ source, destination }: PrefixArgs, which: "src" | "dst", { packet }: PacketContext): TargetResult {
  const address = packet[which];
  if (!source || !destination || typeof address !== "bigint") return { verdict: "CONTINUE" };
  const { address: value, balanced } = mapped(address, source.value, destination.value);
  const effects: Effect[] = [{ kind: "set-address", which, value }];
  if (!balanced) {
    const note = `nothing in ${formatAddress(address)} can take up the change of the checksum: answered with an ICMPv6 parameter problem`;
    return { verdict: "DROP", effects, note };
  }
  const other = which === "src" ? "dst" : "src";
  const inside = quotedBy(packet)?.[other];
  if (typeof inside === "bigint" && (inside & BigInt(source.value.mask)) === source.value.address) {
    effects.push({ kind: "set-quoted-address", which: other, value: mapped(inside, source.value, destination.value).address });
  }
  return { verdict: "CONTINUE", effects };
}

/** icmpv6_bounced_ipv6hdr: of errors only, which a redirect is not (icmp.c, icmpv6_is_err). */
function quotedBy({ protocol, transport, extensionHeaders }: Packet): Packet | undefined {
  const direct = protocol === PROTOCOL.icmpv6 && (extensionHeaders?.length ?? 0) === 0;
  return direct && transport?.kind === "icmp" && transport.type <= LAST_ERROR ? transport.quoted : undefined;
}
