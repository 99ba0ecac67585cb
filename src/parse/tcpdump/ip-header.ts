import { PROTOCOL } from "../../model/packet.ts";

/** What `-v` says of an IP header; absent what it does not say. */
export interface HeaderFacts {
  readonly tos?: number;
  readonly ttl?: number;
  readonly id?: number;
  readonly offset?: number;
  readonly more?: boolean;
  readonly dontFragment?: boolean;
  readonly protocol?: number;
  /** Of the whole packet. */
  readonly length?: number;
  readonly flowLabel?: number;
  /** A wrong checksum as it stands. */
  readonly checksum?: number;
  /** `options (…)` of IPv4. */
  readonly options?: string;
}

const FIXED_6 = 40;

/** Reads `(tos 0x0, ttl 64, …)` of IPv4 and `(class 0xc0, flowlabel 0x1, hlim 64, …)` of IPv6 (print-ip.c, ip_print; print-ip6.c, ip6_print). */
export function readHeader(text: string): HeaderFacts {
  return text.startsWith("(tos") ? readHeader4(text) : readHeader6(text);
}

function numberIn(text: string, form: RegExp): number | undefined {
  const found = form.exec(text)?.[1];
  return found === undefined ? undefined : Number(found);
}

function defined<T extends object>(facts: { readonly [K in keyof T]: T[K] | undefined }): T {
  return Object.fromEntries(Object.entries(facts).filter(([, value]) => value !== undefined)) as T;
}

function readHeader4(text: string): HeaderFacts {
  const flags = /\bflags \[([^\]]*)\]/.exec(text)?.[1];
  const checksum = /\bbad cksum ([0-9a-f]{1,4}) /.exec(text)?.[1];
  // A TTL of zero is not printed.
  const ttl = numberIn(text, /\bttl (\d{1,3})\b/) ?? 0;
  return defined<HeaderFacts>({
    tos: numberIn(text, /\btos (0x[0-9a-f]{1,2})\b/),
    ttl,
    id: numberIn(text, /\bid (\d{1,5})\b/),
    offset: numberIn(text, /\boffset (\d{1,5})\b/),
    more: flags?.includes("+"),
    dontFragment: flags?.includes("DF"),
    protocol: numberIn(text, /\bproto:? [^()]{0,60}\((\d{1,3})\)/),
    length: numberIn(text, /\blength:? (\d{1,7})\b/),
    options: /\boptions \(([^()]*(?:\([^()]*\)[^()]*)*)\)/.exec(text)?.[1],
    checksum: checksum === undefined ? undefined : Number.parseInt(checksum, 16),
  });
}

function readHeader6(text: string): HeaderFacts {
  const payload = numberIn(text, /\bpayload length: (\d{1,5})\b/);
  return defined<HeaderFacts>({
    tos: numberIn(text, /\bclass (0x[0-9a-f]{1,2})\b/) ?? 0,
    flowLabel: numberIn(text, /\bflowlabel (0x[0-9a-f]{1,5})\b/) ?? 0,
    ttl: numberIn(text, /\bhlim (\d{1,3})\b/),
    protocol: numberIn(text, /\bnext-header [^()]{0,60}\((\d{1,3})\)/),
    length: payload === undefined ? undefined : payload + FIXED_6,
  });
}

/** Names of protocols that begin what stands behind the addresses, without ports. */
const HEADS: readonly (readonly [form: RegExp, protocol: number])[] = [
  [/^ICMP6\b/, PROTOCOL.icmpv6],
  [/^ICMP\b/, PROTOCOL.icmp],
  [/^igmp\b/i, PROTOCOL.igmp],
  [/^IP6?$/, PROTOCOL.ipip],
  [/^GREv\d/, PROTOCOL.gre],
  [/^ESP\b/, PROTOCOL.esp],
  [/^AH\b/, PROTOCOL.ah],
  [/^OSPF/, PROTOCOL.ospf],
  [/^IPComp\b/, PROTOCOL.ipcomp],
  [/^(VRRP|CARP)/, PROTOCOL.vrrp],
  [/^mobility:/, PROTOCOL.mh],
  [/^PIMv/, 103],
  [/^EIGRP/, 88],
  [/^RSVP/, 46],
  [/^sctp\b/i, PROTOCOL.sctp],
  [/^DCCP/, PROTOCOL.dccp],
  [/^(Flags|tcp|\[\|tcp\])/, PROTOCOL.tcp],
  [/^(UDP|udp|\[\|udp\])/, PROTOCOL.udp],
];

/** The protocol that the first word behind the addresses tells. */
export function protocolOf(word: string | undefined): number | undefined {
  const numbered = /^ip-proto-(\d{1,3})$/.exec(word ?? "")?.[1];
  if (numbered !== undefined) return Number(numbered);
  return HEADS.find(([form]) => form.test(word ?? ""))?.[1];
}
