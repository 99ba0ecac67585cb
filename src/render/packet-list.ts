import { formatEndpoints, portsOf, protocolWords, tcpFlagWords } from "../explain/words.ts";
import { formatAddress, formatMac } from "../model/address.ts";
import type { Frame, Packet } from "../model/packet.ts";
import { protocolField } from "./ndjson.ts";
import { cut, pad, paint, type Style, spell } from "./style.ts";

const ETHER_TYPES: Readonly<Record<number, string>> = { 2054: "ARP", 2048: "IPv4", 34525: "IPv6", 35020: "LLDP", 34958: "EAPOL" };

/** One decoded frame as the object of `packets --format ndjson`. */
export function frameObject(frame: Frame, time: string): Record<string, unknown> {
  const { packet } = frame;
  const ports = packet && portsOf(packet);
  const icmp = packet?.transport?.kind === "icmp" ? packet.transport : undefined;
  return {
    packet: frame.number,
    time,
    interface: frame.interfaceName,
    interfaceIndex: frame.interfaceIndex,
    linktype: frame.linkType,
    type: frame.type,
    etherType: packet ? undefined : frame.etherType,
    srcMac: frame.srcMac === undefined ? undefined : formatMac(frame.srcMac),
    dstMac: frame.dstMac === undefined ? undefined : formatMac(frame.dstMac),
    vlans: frame.vlans?.map((tag) => tag.id),
    protocol: packet && protocolField(packet.protocol),
    src: packet && formatAddress(packet.src),
    dst: packet && formatAddress(packet.dst),
    sport: ports?.sport,
    dport: ports?.dport,
    icmpType: icmp?.type,
    icmpCode: icmp?.code,
    flags: packet?.transport?.kind === "tcp" ? tcpFlagWords(packet.transport.flags) : undefined,
    ttl: packet?.ttl,
    tos: packet?.tos,
    fragment: packet?.fragment,
    length: frame.length,
    captured: frame.captured,
    defect: frame.defect ?? packet?.defect,
  };
}

/** One decoded frame as one line. */
export function frameLine(frame: Frame, time: string, style: Style): string {
  const clock = time.slice("2026-01-01T".length, -1);
  const device = frame.interfaceName ?? (frame.interfaceIndex ? `#${frame.interfaceIndex}` : "");
  const head = `${String(frame.number).padStart(6)}  ${clock}  ${device ? `${pad(device, 8)}  ` : ""}`;
  const defect = frame.defect ?? frame.packet?.defect;
  const body = frame.packet ? packetWords(frame.packet) : (ETHER_TYPES[frame.etherType ?? 0] ?? otherWords(frame));
  const text = cut(spell(`${head}${body}  ${frame.length} bytes`, style), style.width, style);
  return defect ? `${text} ${paint(`[${defect}]`, "unsure", style)}` : text;
}

function otherWords(frame: Frame): string {
  return frame.etherType === undefined ? "no network layer" : `EtherType 0x${frame.etherType.toString(16).padStart(4, "0")}`;
}

function packetWords(packet: Packet): string {
  const { transport, fragment } = packet;
  const details: string[] = [];
  if (transport?.kind === "tcp") details.push(`[${tcpFlagWords(transport.flags)}]`);
  if (transport?.kind === "icmp" && transport.id !== undefined) details.push(`id ${transport.id} seq ${transport.sequence ?? 0}`);
  if (transport?.kind === "icmp" && transport.quoted)
    details.push(`about ${protocolWords(transport.quoted)} ${formatEndpoints(transport.quoted)}`);
  if (fragment && (fragment.offset > 0 || fragment.more))
    details.push(`fragment at ${fragment.offset}${fragment.more ? ", more follow" : ", the last"}`);
  return [protocolWords(packet), formatEndpoints(packet), ...details, `ttl ${packet.ttl}`].join(" ");
}
