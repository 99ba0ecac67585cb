import type { Assumption } from "../../model/host.ts";

/** What a text may leave out, each with what is taken instead. */
export const UNTOLD = {
  header: {
    id: "text-header",
    text: "what tcpdump's text does not say of the IP header is usual: TTL 64, TOS 0, not to be fragmented, no options",
    flag: "tcpdump -v",
  },
  length: { id: "text-length", text: "packets of which tcpdump's text tells no length carry 32 octets of data", flag: "tcpdump -v or -e" },
  tcp: {
    id: "text-tcp",
    text: "TCP packets of which tcpdump's text shows no flags are in the middle of a connection",
    flag: "tcpdump without -q",
  },
  extensions: {
    id: "text-extensions",
    text: "extension headers of IPv6 carry what is usual: padding and spent routes",
    flag: "tcpdump -x",
  },
  fragment: {
    id: "text-fragment",
    text: "where tcpdump's text does not say, an IPv6 fragment is the last one unless it is long",
    flag: "tcpdump -x",
  },
  place: {
    id: "text-fragment",
    text: "fragments of IPv4 without an offset in tcpdump's text are the last ones, at 1480",
    flag: "tcpdump -v",
  },
  options: { id: "text-options", text: "IP options that tcpdump's text does not show as octets do nothing", flag: "tcpdump -x" },
} as const satisfies Readonly<Record<string, Assumption>>;

/** Something that was left out. */
export type Untold = keyof typeof UNTOLD;

/** What the times of a text leave open; it matters only where rules look at the clock. */
export const UNTOLD_TIME: Readonly<Record<"date" | "clock" | "none", Assumption>> = {
  date: { id: "text-time", text: "the times in tcpdump's text are UTC", flag: "tcpdump -tt, or TZ=UTC tcpdump" },
  clock: { id: "text-time", text: "the times in tcpdump's text are UTC, of the day that the snapshot is of", flag: "tcpdump -tt" },
  none: { id: "text-time", text: "tcpdump's text has no times: all packets came at once", flag: "tcpdump -tt" },
};
