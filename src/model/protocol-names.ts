import { PROTOCOL } from "./packet.ts";

// What /etc/protocols has on common distributions beyond PROTOCOL, with its aliases, and the names that iptables itself adds
// (iptables xshared.c, xtables_chain_protos).
const NUMBERS: ReadonlyMap<string, number> = new Map<string, number>([
  ...Object.entries(PROTOCOL).filter(([name]) => name !== "ipip"),
  ["ip", 0],
  ["ggp", 3],
  ["ipencap", 4],
  ["ip-encap", 4],
  ["st", 5],
  ["igp", 9],
  ["pup", 12],
  ["hmp", 20],
  ["xns-idp", 22],
  ["rdp", 27],
  ["iso-tp4", 29],
  ["xtp", 36],
  ["ddp", 37],
  ["idpr-cmtp", 38],
  ["idrp", 45],
  ["rsvp", 46],
  ["ipsec-esp", 50],
  ["ipsec-ah", 51],
  ["skip", 57],
  ["ipv6-icmp", 58],
  ["rspf", 73],
  ["vmtp", 81],
  ["eigrp", 88],
  ["ospfigp", 89],
  ["ax.25", 93],
  ["ipip", 94],
  ["etherip", 97],
  ["encap", 98],
  ["pim", 103],
  ["ipcomp", 108],
  ["l2tp", 115],
  ["isis", 124],
  ["fc", 133],
  ["mobility-header", 135],
  ["ipv6-mh", 135],
  ["mpls-in-ip", 137],
  ["manet", 138],
  ["hip", 139],
  ["shim6", 140],
  ["wesp", 141],
  ["rohc", 142],
  ["ethernet", 143],
]);

/** The number of a protocol by name or number, upper and lower case alike; undefined when it is neither. */
export function protocolNumber(text: string): number | undefined {
  if (/^(\d+|0x[0-9a-f]+)$/i.test(text)) {
    const number = /^0\d/.test(text) ? (/^[0-7]+$/.test(text) ? Number.parseInt(text, 8) : Number.NaN) : Number(text);
    return number <= 255 ? number : undefined;
  }
  return NUMBERS.get(text.toLowerCase());
}

// The names of /etc/protocols where PROTOCOL says it otherwise.
const SAVED_NAMES: ReadonlyMap<number, string> = new Map([
  ...[...NUMBERS].map(([name, number]): [number, string] => [number, name]).reverse(),
  [0, "ip"],
  [4, "ipencap"],
  [50, "esp"],
  [51, "ah"],
  [58, "ipv6-icmp"],
  [89, "ospf"],
  [135, "mobility-header"],
]);

/** What iptables-save prints for a protocol's number: its name in /etc/protocols, or the number (iptables xshared.c, proto_to_name). */
export function savedProtocol(number: number): string {
  return SAVED_NAMES.get(number) ?? String(number);
}
