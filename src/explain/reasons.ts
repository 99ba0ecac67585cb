import { formatAddress } from "../model/address.ts";
import type { Packet } from "../model/packet.ts";
import type { Place } from "../model/trace.ts";

type Words = (packet: Packet, at: Place) => string;

const src = (packet: Packet) => formatAddress(packet.src);
const dst = (packet: Packet) => formatAddress(packet.dst);
const device = (at: Place) => at.interface ?? "the device it came in on";

const REASONS: Readonly<Record<string, Words>> = {
  rp_filter: (p, at) =>
    `reverse path filtering: the way back to ${src(p)} does not lead out of ${device(at)} (net.ipv4.conf.*.rp_filter; 2 is the loose mode)`,
  "no-route": (p) => `there is no route to ${dst(p)}`,
  "not-for-us": (p) => `${dst(p)} is not an address of this host, and it does not forward (net.ipv4.ip_forward=0)`,
  "ttl-or-header": (p) => (p.ttl <= 1 ? `its TTL of ${p.ttl} ran out here` : "its IP header is not valid"),
  "too-big": (p) => `its ${p.length} octets do not fit the next link's MTU, and it must not be fragmented (DF)`,
  martian: (p) => `a martian packet: ${src(p)} cannot be the source of a packet from a wire`,
  "no-neighbour": (p) => `nobody on the link answers for ${dst(p)} (no neighbour entry, ARP fails)`,
  "no-ip": () => "the device has no IP address or does not handle IP",
  discard: () => "it was meant for another machine: its Ethernet address is not that of the device",
  "other-host": () => "it was meant for another machine: its Ethernet address is not that of the device",
  truncated: () => "it is shorter than its header says",
  malformed: () => "it is malformed",
  "send-error": () => "the sending program gets an error instead",
  silent: () => "the kernel discards it without counting it",
  blackhole: (p) => `the route to ${dst(p)} is a blackhole`,
  unreachable: (p) => `the route to ${dst(p)} says unreachable`,
  prohibit: (p) => `the route to ${dst(p)} says prohibit`,
  "device-down": (_, at) => `${device(at)} is down`,
  bridge: () => "the bridge does not pass it on",
  "bridge-port": (_, at) => `the bridge port ${device(at)} does not forward`,
  "defrag-queue": () => "a fragment that waits for the others of its packet",
  hotdrop: () => "a match found it malformed and dropped it by itself",
};

/** Why a packet ended where it did, for any end that is not a rule's or a policy's, as the rest of a sentence. */
export function reasonWords(at: Place, packet: Packet): string {
  if (at.text) return at.text.replace(/\.$/, "");
  // Only a queue ends a way at a rule without being a drop.
  if (at.table !== undefined && at.kind === "rule")
    return `${at.table} ${at.chain} ${at.rule} hands it to a program (NFQUEUE), which decides`;
  const words = at.reason === undefined ? undefined : REASONS[at.reason];
  return words ? words(packet, at) : (at.reason ?? "for a reason that is not known");
}
