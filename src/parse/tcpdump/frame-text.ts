import type { TcpdumpLine } from "../../../grammars/tcpdump.ts";
import type { Checksum, Frame, Packet } from "../../model/packet.ts";
import { addressSum, pseudoSum } from "../../wire/checksum.ts";
import { decodePacket } from "../../wire/ip.ts";
import type { Report } from "../lines.ts";
import { dumpOctets, fromDump } from "./dump.ts";
import { readIp } from "./ip-text.ts";
import { type LinkText, readLink } from "./link-text.ts";
import type { Past } from "./past.ts";
import { UNTOLD } from "./told.ts";

/** What header lines say of all packets: `listening on eth0, link-type EN10MB (Ethernet), …`. */
export interface TextHeader {
  device?: string;
  linkType?: string;
}

/** A packet of a text, taken apart into lines. */
export interface PacketLines {
  readonly line: TcpdumpLine;
  readonly more: readonly string[];
  readonly number: number;
  readonly time: bigint;
}

/** Shorter frames of Ethernet are filled up, so that their length tells nothing of the packet's. */
const SHORTEST = 60;

/** Makes the frame that lines describe. */
export function frameOf({ line, more, number, time }: PacketLines, header: TextHeader, past: Past, report: Report): Frame {
  const link = readLink(line.link);
  const told = link.length !== undefined && link.header !== undefined && link.length > SHORTEST ? link.length - link.header : undefined;
  const ip = readIp({ line, family: link.family, more, past, report, length: told });
  const frame = linkFrame(link, header, number, time, ip?.length ?? 0);
  if (!ip) return frame;
  const octets = dumpOctets(more);
  const dumped = octets && fromDump(octets, ip, frame);
  if (dumped) return dumped;
  const { packet, defect } = decodePacket(Uint8Array.from(ip.octets), ip.length);
  if (!packet) return defect === undefined ? frame : { ...frame, defect };
  const captured = Math.min(frame.length, frame.length - ip.length + ip.octets.length);
  const assumptions = [...ip.untold].map((one) => UNTOLD[one]);
  return {
    ...frame,
    captured: Math.max(0, captured),
    packet: withVerdict(ip.untold.has("header") ? { ...packet, isTtlAssumed: true } : packet, line, more),
    ...(assumptions.length > 0 && { assumptions }),
  };
}

function linkFrame(link: LinkText, header: TextHeader, number: number, time: bigint, ipLength: number): Frame {
  const { device = header.device, linkType = header.linkType, interfaceIndex, type, srcMac, dstMac, vlans, etherType } = link;
  const length = link.length ?? ipLength + (link.header ?? 0);
  return {
    number,
    time,
    captured: length,
    length: Math.max(length, ipLength),
    ...(linkType !== undefined && { linkType }),
    ...(device !== undefined && { interfaceName: device }),
    ...(interfaceIndex !== undefined && { interfaceIndex }),
    ...(type && { type }),
    ...(srcMac !== undefined && { srcMac }),
    ...(dstMac !== undefined && { dstMac }),
    ...(etherType !== undefined && { etherType }),
    ...(vlans && { vlans }),
  };
}

/** What tcpdump found the checksum to be, which it saw all octets of. */
function withVerdict(packet: Packet, line: TcpdumpLine, more: readonly string[]): Packet {
  if (packet.checksum !== "unseen") return packet;
  const words = line.pair ? line.body.slice(0, 12).map(({ text }) => text) : [(more[0] ?? "").slice(0, 400)];
  const checksum = verdictOf(words.join(" "), packet);
  return checksum ? { ...packet, checksum } : packet;
}

function verdictOf(text: string, packet: Packet): Checksum | undefined {
  if (/cksum 0x[0-9a-f]{1,4} \(correct\)|sum ok\]/.test(text)) return "good";
  const wrong = /(?:cksum (?:0x)?([0-9a-f]{1,4}) (?:\(incorrect )?\(?->)/.exec(text)?.[1];
  if (wrong === undefined) return undefined;
  const pseudo = pseudoSum(addressSum(packet.src, packet.dst), packet.protocol, packet.length - packet.headerLength);
  return Number.parseInt(wrong, 16) === pseudo ? "partial" : "bad";
}
