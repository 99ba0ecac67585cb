/** What one part of a set's element is. */
export type Dimension = "ip" | "net" | "port" | "iface" | "mark" | "mac" | "set";

interface SetType {
  readonly dimensions: readonly Dimension[];
  /** The set takes packets of both families (NFPROTO_UNSPEC). */
  readonly anyFamily?: boolean;
}

/** Set types of ipset by name (net/netfilter/ipset). */
export const SET_TYPES: Readonly<Record<string, SetType>> = {
  "hash:ip": { dimensions: ["ip"] },
  "hash:net": { dimensions: ["net"] },
  "hash:ip,port": { dimensions: ["ip", "port"] },
  "hash:ip,mark": { dimensions: ["ip", "mark"] },
  "hash:ip,mac": { dimensions: ["ip", "mac"] },
  "hash:ip,port,ip": { dimensions: ["ip", "port", "ip"] },
  "hash:ip,port,net": { dimensions: ["ip", "port", "net"] },
  "hash:net,port": { dimensions: ["net", "port"] },
  "hash:net,net": { dimensions: ["net", "net"] },
  "hash:net,port,net": { dimensions: ["net", "port", "net"] },
  "hash:net,iface": { dimensions: ["net", "iface"] },
  "hash:mac": { dimensions: ["mac"], anyFamily: true },
  "bitmap:ip": { dimensions: ["ip"] },
  "bitmap:ip,mac": { dimensions: ["ip", "mac"] },
  "bitmap:port": { dimensions: ["port"], anyFamily: true },
  "list:set": { dimensions: ["set"], anyFamily: true },
};
