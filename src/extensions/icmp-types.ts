import type { Negatable } from "../model/rule.ts";
import { parseNumber, type Range } from "./codecs.ts";
import type { Draw } from "./draw.ts";
import { ranges } from "./space.ts";
import type { Codec } from "./spec.ts";

/** A type with the codes that count; `any` is iptables' type 255 over all types. */
export interface IcmpType {
  readonly type: number;
  readonly minCode: number;
  readonly maxCode: number;
}

type Names = Readonly<Record<string, readonly [number, number?]>>;

/** Names of ICMP types and codes as iptables and ipset spell them (IANA icmp-parameters). */
export const ICMP_NAMES: Names = {
  any: [255],
  "echo-reply": [0],
  pong: [0],
  "destination-unreachable": [3],
  "network-unreachable": [3, 0],
  "host-unreachable": [3, 1],
  "protocol-unreachable": [3, 2],
  "port-unreachable": [3, 3],
  "fragmentation-needed": [3, 4],
  "source-route-failed": [3, 5],
  "network-unknown": [3, 6],
  "host-unknown": [3, 7],
  "network-prohibited": [3, 9],
  "host-prohibited": [3, 10],
  "TOS-network-unreachable": [3, 11],
  "TOS-host-unreachable": [3, 12],
  "communication-prohibited": [3, 13],
  "host-precedence-violation": [3, 14],
  "precedence-cutoff": [3, 15],
  "source-quench": [4],
  redirect: [5],
  "network-redirect": [5, 0],
  "host-redirect": [5, 1],
  "TOS-network-redirect": [5, 2],
  "TOS-host-redirect": [5, 3],
  "echo-request": [8],
  ping: [8],
  "router-advertisement": [9],
  "router-solicitation": [10],
  "time-exceeded": [11],
  "ttl-exceeded": [11],
  "ttl-zero-during-transit": [11, 0],
  "ttl-zero-during-reassembly": [11, 1],
  "parameter-problem": [12],
  "ip-header-bad": [12, 0],
  "required-option-missing": [12, 1],
  "timestamp-request": [13],
  "timestamp-reply": [14],
  "address-mask-request": [17],
  "address-mask-reply": [18],
};

/** Names of ICMPv6 types and codes as ip6tables and ipset spell them (IANA icmpv6-parameters). */
export const ICMP6_NAMES: Names = {
  "destination-unreachable": [1],
  "no-route": [1, 0],
  "communication-prohibited": [1, 1],
  "beyond-scope": [1, 2],
  "address-unreachable": [1, 3],
  "port-unreachable": [1, 4],
  "failed-policy": [1, 5],
  "reject-route": [1, 6],
  "packet-too-big": [2],
  "time-exceeded": [3],
  "ttl-exceeded": [3],
  "ttl-zero-during-transit": [3, 0],
  "ttl-zero-during-reassembly": [3, 1],
  "parameter-problem": [4],
  "bad-header": [4, 0],
  "unknown-header-type": [4, 1],
  "unknown-option": [4, 2],
  "echo-request": [128],
  ping: [128],
  "echo-reply": [129],
  pong: [129],
  "mld-listener-query": [130],
  "mld-listener-report": [131],
  "mld-listener-done": [132],
  "mld-listener-reduction": [132],
  "router-solicitation": [133],
  "router-advertisement": [134],
  "neighbour-solicitation": [135],
  "neighbor-solicitation": [135],
  "neighbour-advertisement": [136],
  "neighbor-advertisement": [136],
  redirect: [137],
};

function fromName(names: Names, text: string): IcmpType | undefined {
  const lower = text.toLowerCase();
  const exact = Object.keys(names).find((name) => name.toLowerCase() === lower);
  const starting = Object.keys(names).filter((name) => name.toLowerCase().startsWith(lower));
  const found = names[exact ?? (starting.length === 1 ? (starting[0] ?? "") : "")];
  return found && { type: found[0], minCode: found[1] ?? 0, maxCode: found[1] ?? 255 };
}

function parse(names: Names, text: string): IcmpType | undefined {
  const [first = "", second, ...rest] = text.split("/");
  const type = parseNumber(first, 0, 255);
  if (type === undefined) return second === undefined && first !== "" ? fromName(names, first) : undefined;
  const code = second === undefined ? undefined : parseNumber(second, 0, 255);
  if (rest.length > 0 || (second !== undefined && code === undefined)) return undefined;
  return { type, minCode: code ?? 0, maxCode: code ?? 255 };
}

function save({ type, minCode, maxCode }: IcmpType): string {
  return minCode === 0 && maxCode === 255 ? String(type) : `${type}/${minCode}`;
}

/** `--icmp-type`; type 255 stands for all types (libipt_icmp). */
export const ICMP_TYPE: Codec<IcmpType> = {
  words: 1,
  expected: "an ICMP type name, a type or type/code",
  parse: ([text = ""]) => parse(ICMP_NAMES, text),
  save: (value) => (value.type === 255 && value.minCode === 0 && value.maxCode === 255 ? "any" : save(value)),
};

/** `--icmpv6-type` (libip6t_icmp6). */
export const ICMP6_TYPE: Codec<IcmpType> = {
  words: 1,
  expected: "an ICMPv6 type name, a type or type/code",
  parse: ([text = ""]) => parse(ICMP6_NAMES, text),
  save,
};

/** Type * 256 + code of what an option takes (see `Space`). */
export function icmpRanges({ value: { type, minCode, maxCode }, not }: Negatable<IcmpType>): readonly Range[] {
  return ranges({ value: [[type * 256 + minCode, type * 256 + maxCode]], not }, 65_535);
}

/** "echo-request", "host-unreachable" or "type 3, code 99". */
export function icmpWords(names: Names, value: IcmpType): string {
  const whole = value.minCode === 0 && value.maxCode === 255;
  const found = Object.entries(names).find(
    ([, [type, code]]) => type === value.type && (whole ? code === undefined : code === value.minCode),
  );
  if (found) return found[0];
  return whole ? `type ${value.type}` : `type ${value.type}, code ${value.minCode}`;
}

/** Type and code in one number, as ip_set_getport.c packs them into a port. */
export function icmpPort(names: Names, text: string): number | undefined {
  const found = parse(names, text);
  return found && found.type * 256 + found.minCode;
}

/** Type, or type and code, mostly one of the usual ones. */
export function drawIcmpType(d: Draw, usual: readonly string[]): string {
  if (!d.chance(5)) return d.pick(usual);
  return `${d.integer(0, 254)}${d.chance(2) ? `/${d.pick([0, 255, d.integer(0, 15)])}` : ""}`;
}
