import type { Word } from "../../../grammars/words.ts";
import { type Family, type Mac, parseMac } from "../../model/address.ts";
import type { Mutable } from "../../model/mutable.ts";
import type { FrameType, VlanTag } from "../../model/packet.ts";

/** What stands before the addresses of a packet. */
export interface LinkText {
  readonly device?: string;
  readonly interfaceIndex?: number;
  readonly type?: FrameType;
  readonly srcMac?: Mac;
  readonly dstMac?: Mac;
  readonly vlans?: readonly VlanTag[];
  readonly etherType?: number;
  readonly linkType?: string;
  /** Of the frame. */
  readonly length?: number;
  readonly family?: Family;
  /** Octets of link headers, where the frame's length counts them. */
  readonly header?: number;
}

// print-sll.c, sll_pkttype_values
const TYPES: Readonly<Record<string, FrameType>> = { In: "host", B: "broadcast", M: "multicast", P: "otherhost", Out: "outgoing" };
const FAMILIES: Readonly<Record<string, Family>> = { IP: 4, IPv4: 4, IP6: 6, IPv6: 6 };
const ETHER_NAMES: Readonly<Record<string, number>> = { ARP: 0x0806, RARP: 0x8035, LLDP: 0x88cc, EAPOL: 0x888e };
const ETHER_FAMILY: Readonly<Record<number, Family>> = { 2048: 4, 34525: 6 };
const TAGS: ReadonlySet<number> = new Set([0x8100, 0x88a8]);
const ETHERNET = 14;
const TAG = 4;
/** Words before the addresses that are looked at. */
const MOST = 80;

type Draft = Mutable<LinkText>;

/** Reads the words before the addresses: `eth0  In  ifindex 2 02:00:00:00:00:01 ethertype IPv4 (0x0800), length 320:`, `MAC > MAC, …`, `vlan 10, p 3, …`. */
export function readLink(words: readonly Word[]): LinkText {
  const texts = words.slice(0, MOST).map(({ text }) => text.replace(/[,:]+$/, ""));
  const link: Draft = {};
  const start = takeDevice(link, texts);
  takeAddresses(link, texts, start);
  takeEtherTypes(link, texts);
  takeLength(link, texts);
  const first = texts[start] ?? "";
  if (link.etherType === undefined && Object.hasOwn(ETHER_NAMES, first) && ETHER_NAMES[first] !== undefined)
    link.etherType = ETHER_NAMES[first];
  const named = texts.filter((text) => Object.hasOwn(FAMILIES, text)).at(-1);
  const family =
    (link.etherType === undefined ? undefined : ETHER_FAMILY[link.etherType]) ?? (named === undefined ? undefined : FAMILIES[named]);
  if (family !== undefined) link.family = family;
  return link;
}

/** `eth0  In` of LINUX_SLL2, `In` before an address or EtherType of LINUX_SLL; returns where the rest begins. */
function takeDevice(link: Draft, texts: readonly string[]): number {
  const [first = "", second = "", third = ""] = texts;
  if (Object.hasOwn(TYPES, second) && TYPES[second] && first !== "DSA") {
    // Read from a file, a device that is not here has no name.
    if (first !== "?") link.device = first;
    link.type = TYPES[second];
    link.linkType = "LINUX_SLL2";
    if (third === "ifindex") link.interfaceIndex = Number(texts[3]) || 0;
    return third === "ifindex" ? 4 : 2;
  }
  if (Object.hasOwn(TYPES, first) && TYPES[first] && (second === "ethertype" || parseMac(second) !== undefined)) {
    link.type = TYPES[first];
    link.linkType = "LINUX_SLL";
    return 1;
  }
  if (first === "ip") link.linkType = "RAW";
  if (first === "AF") link.linkType = "NULL";
  return 0;
}

function takeAddresses(link: Draft, texts: readonly string[], start: number): void {
  const own = parseMac(texts[start] ?? "");
  if (own === undefined) return;
  link.srcMac = own;
  const other = texts[start + 1] === ">" ? parseAnyMac(texts[start + 2] ?? "") : undefined;
  if (other === undefined) return;
  link.dstMac = other;
  link.linkType ??= "EN10MB";
}

function parseAnyMac(text: string): Mac | undefined {
  return text === "Broadcast" ? 0xffffffffffff : parseMac(text);
}

function takeEtherTypes(link: Draft, texts: readonly string[]): void {
  const vlans: VlanTag[] = [];
  let header = link.linkType === "EN10MB" ? ETHERNET : link.linkType === "LINUX_SLL" ? 16 : link.linkType === "LINUX_SLL2" ? 20 : undefined;
  let tag = 0x8100;
  for (const [index, text] of texts.entries()) {
    if (text === "ethertype") {
      const number = /^\((0x[0-9a-f]{4})\)$/.exec(texts[index + 2] ?? "")?.[1];
      const announced = number === undefined ? undefined : Number(number);
      if (announced !== undefined && TAGS.has(announced)) tag = announced;
      else if (announced !== undefined) link.etherType ??= announced;
    }
    if (text !== "vlan" || texts[index + 2] !== "p") continue;
    vlans.push({ id: Number(texts[index + 1]) & 0xfff, priority: Number(texts[index + 3]) & 7, protocol: tag });
    tag = 0x8100;
    if (header !== undefined) header += TAG;
  }
  if (vlans.length > 0) link.vlans = vlans;
  if (header !== undefined) link.header = header;
}

function takeLength(link: Draft, texts: readonly string[]): void {
  const at = texts.indexOf("length");
  const length = at < 0 ? undefined : /^\d{1,7}$/.exec(texts[at + 1] ?? "")?.[0];
  if (length !== undefined) link.length = Number(length);
}
