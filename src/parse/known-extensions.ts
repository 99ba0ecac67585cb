import type { Family } from "../model/address.ts";

/** The targets that iptables brings (its extensions folder): one without a spec keeps its words instead of being an error. */
export const KNOWN_TARGETS: ReadonlySet<string> = new Set([
  ..."AUDIT CHECKSUM CLASSIFY CLUSTERIP CONNMARK CONNSECMARK CT DNAT DNPT DSCP ECN FLOWOFFLOAD HL HMARK IDLETIMER LED LOG MARK".split(" "),
  ..."MASQUERADE MIRROR NETMAP NFLOG NFQUEUE NOTRACK RATEEST REDIRECT REJECT SAME SECMARK SET SNAT SNPT SYNPROXY TARPIT".split(" "),
  ..."TCPMSS TCPOPTSTRIP TEE TOS TPROXY TRACE TTL ULOG".split(" "),
]);

/** Extensions that only one family has (libipt_*, libip6t_*); all others exist for both, though not always as one piece of code. */
export const EXTENSION_FAMILY: ReadonlyMap<string, Family> = new Map<string, Family>([
  ...["icmp", "osf", "realm", "ttl", "CLUSTERIP", "ECN", "TTL", "ULOG"].map((name): [string, Family] => [name, 4]),
  ..."dst eui64 frag hbh hl icmp6 ipv6header mh rt srh HL DNPT SNPT".split(" ").map((name): [string, Family] => [name, 6]),
]);

/** The match that iptables loads by itself when an option of it follows `-p` (iptables xshared.c, find_proto), by protocol number. */
export const IMPLICIT_MATCH: ReadonlyMap<number, string> = new Map([
  [1, "icmp"],
  [6, "tcp"],
  [17, "udp"],
  [33, "dccp"],
  [50, "esp"],
  [51, "ah"],
  [58, "icmp6"],
  [132, "sctp"],
  [135, "mh"],
]);

/** The protocol that a rule with this match must name (`proto` of struct xt_match; x_tables.c, xt_check_match). */
export function matchProtocol(name: string, family: Family): number | undefined {
  // The header of AH is an extension header in IPv6, and no protocol (ip6t_ah.c).
  return name === "ah" && family === 6 ? undefined : MATCH_PROTOCOL.get(name);
}

const MATCH_PROTOCOL: ReadonlyMap<string, number> = new Map([
  ...[...IMPLICIT_MATCH].map(([protocol, name]): [string, number] => [name, protocol]),
  ["ipcomp", 108],
  ["osf", 6],
  ["tcpmss", 6],
]);
