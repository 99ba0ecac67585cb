/** The targets that iptables brings (its extensions folder): one without a spec keeps its words instead of being an error. */
export const KNOWN_TARGETS: ReadonlySet<string> = new Set([
  ..."AUDIT CHECKSUM CLASSIFY CLUSTERIP CONNMARK CONNSECMARK CT DNAT DNPT DSCP ECN FLOWOFFLOAD HL HMARK IDLETIMER LED LOG MARK".split(" "),
  ..."MASQUERADE MIRROR NETMAP NFLOG NFQUEUE NOTRACK RATEEST REDIRECT REJECT SAME SECMARK SET SNAT SNPT SYNPROXY TARPIT".split(" "),
  ..."TCPMSS TCPOPTSTRIP TEE TOS TPROXY TRACE TTL ULOG".split(" "),
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
  [136, "udplite"],
]);

/** Matches that the kernel takes only in a rule for their protocol (`proto` of struct xt_match; x_tables.c, xt_check_match). */
export const MATCH_PROTOCOL: ReadonlyMap<string, number> = new Map([...IMPLICIT_MATCH].map(([protocol, name]) => [name, protocol]));
