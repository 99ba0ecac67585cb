/** Types of `-m addrtype` (include/uapi/linux/netfilter/xt_addrtype.h). */
export const ADDRESS_TYPES = [
  "UNSPEC",
  "UNICAST",
  "LOCAL",
  "BROADCAST",
  "ANYCAST",
  "MULTICAST",
  "BLACKHOLE",
  "UNREACHABLE",
  "PROHIBIT",
  "THROW",
  "NAT",
  "XRESOLVE",
] as const;

/** One of them. */
export type AddressType = (typeof ADDRESS_TYPES)[number];
