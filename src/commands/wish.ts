import { ICMP_TYPE, ICMP6_TYPE, icmpRanges } from "../extensions/icmp-types.ts";
import { type Family, familyOf, parseAddress, parsePrefix } from "../model/address.ts";
import { hasPorts, PROTOCOL } from "../model/packet.ts";
import type { Wish } from "../search/search.ts";
import { STATES } from "../sets/guard.ts";
import type { Field, Spans } from "../sets/layout.ts";
import { UsageFailure } from "./failure.ts";
import { protocolNumber } from "./filters.ts";

/** The flags of `nettrace search` that say what the packet is to be like. */
export interface WishFlags {
  readonly src?: string | undefined;
  readonly dst?: string | undefined;
  readonly protocol?: string | undefined;
  readonly sport?: string | undefined;
  readonly dport?: string | undefined;
  readonly in?: string | undefined;
  readonly out?: string | undefined;
  readonly state?: string | undefined;
  readonly "icmp-type"?: string | undefined;
  readonly mark?: string | undefined;
}

/** The family that the addresses of a wish are of, if it has any. */
export function wishedFamily({ src, dst }: WishFlags): Family | undefined {
  for (const text of [src, dst]) if (text !== undefined) return text.includes(":") ? 6 : 4;
  return undefined;
}

/** Reads what a packet is to be like; whatever does not fit is refused with a sentence. */
export function readWish(flags: WishFlags, family: Family): Wish {
  const fields = new Map<Field, Spans>();
  if (flags.src !== undefined) fields.set("src", [network(flags.src, "--src", family)]);
  if (flags.dst !== undefined) fields.set("dst", [network(flags.dst, "--dst", family)]);
  const icmp = family === 4 ? PROTOCOL.icmp : PROTOCOL.icmpv6;
  if (flags.protocol !== undefined) {
    const number = protocolNumber(flags.protocol);
    const own = number === PROTOCOL.icmp ? icmp : number;
    if ((flags.sport ?? flags.dport) !== undefined && !hasPorts(own))
      throw new UsageFailure(`--protocol ${flags.protocol} has no ports that --sport or --dport could name`);
    fields.set("protocol", [[own, own]]);
  }
  if (flags["icmp-type"] !== undefined) {
    if (flags.sport !== undefined || flags.dport !== undefined) throw new UsageFailure("--icmp-type and ports contradict each other");
    const type = (family === 4 ? ICMP_TYPE : ICMP6_TYPE).parse([flags["icmp-type"]]);
    if (!type) throw new UsageFailure(`--icmp-type: expected an ICMP type by name or number, found "${flags["icmp-type"]}"`);
    fields.set("protocol", [[icmp, icmp]]);
    fields.set("sport", icmpRanges({ value: type, not: false }));
  }
  if (flags.sport !== undefined) fields.set("sport", ports(flags.sport, "--sport"));
  if (flags.dport !== undefined) fields.set("dport", ports(flags.dport, "--dport"));
  // What has ports and is not said is TCP or UDP and their like; a protocol without any has none that could be asked for.
  if ((flags.sport ?? flags.dport) !== undefined && flags.protocol === undefined) fields.set("protocol", WITH_PORTS);
  // Fragments behind the first have neither.
  if ((flags.sport ?? flags.dport ?? flags["icmp-type"]) !== undefined) fields.set("fragment", [[0, 0]]);
  if (flags.state !== undefined) fields.set("state", flags.state.split(",").map(state));
  if (flags.mark !== undefined) fields.set("mark", [mark(flags.mark)]);
  return { fields, devices: { ...(flags.in !== undefined && { in: flags.in }), ...(flags.out !== undefined && { out: flags.out }) } };
}

const WITH_PORTS: Spans = [PROTOCOL.tcp, PROTOCOL.udp, PROTOCOL.sctp, PROTOCOL.udplite].map((protocol) => [protocol, protocol]);

function network(text: string, flag: string, family: Family): readonly [number | bigint, number | bigint] {
  const address = parseAddress(text);
  const prefix = address === undefined ? parsePrefix(text) : { address, length: family === 4 ? 32 : 128 };
  if (!prefix || familyOf(prefix.address) !== family)
    throw new UsageFailure(
      `${flag}: expected an IPv${family} address or network like ${family === 4 ? "10.0.0.0/8" : "2001:db8::/32"}, found "${text}"`,
    );
  const size = 1n << BigInt((family === 4 ? 32 : 128) - prefix.length);
  const low = (BigInt(prefix.address) / size) * size;
  const high = low + size - 1n;
  return family === 4 ? [Number(low), Number(high)] : [low, high];
}

function ports(text: string, flag: string): Spans {
  return text.split(",").map((part) => {
    const match = /^(\d+)(?:[:-](\d+))?$/.exec(part);
    const [low, high] = [Number(match?.[1]), Number(match?.[2] ?? match?.[1])];
    if (!match || low > high || high > 65_535) throw new UsageFailure(`${flag}: expected ports like 22 or 80,8000:8080, found "${text}"`);
    return [low, high] as const;
  });
}

function state(text: string): readonly [number, number] {
  const place = STATES.map(String).indexOf(text.toUpperCase());
  if (place < 0) throw new UsageFailure(`--state: expected ${STATES.join(", ")}, found "${text}"`);
  return [place, place];
}

function mark(text: string): readonly [number, number] {
  const value = /^(?:0x[0-9a-f]{1,8}|\d{1,10})$/i.test(text) ? Number(text) : Number.NaN;
  if (!(value <= 0xffffffff)) throw new UsageFailure(`--mark: expected a number of 32 bits like 0x10, found "${text}"`);
  return [value, value];
}
