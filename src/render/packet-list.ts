import { formatEndpoints, portsOf, protocolWords, tcpFlagWords } from "../explain/words.ts";
import { formatAddress, formatMac } from "../model/address.ts";
import { formatEndpoint } from "../model/endpoint.ts";
import type { Arp, Frame, Packet } from "../model/packet.ts";
import { portsOfBroken } from "../wire/ports.ts";
import { type Tunnel, tunnelOf } from "../wire/tunnel.ts";
import { protocolField } from "./ndjson/trace-fields.ts";
import { cut, pad, paint, type Style, spell } from "./style.ts";

const ETHER_TYPES: Readonly<Record<number, string>> = {
  2048: "IPv4",
  2054: "ARP",
  34525: "IPv6",
  34887: "MPLS",
  34888: "MPLS",
  34915: "PPPoE discovery",
  34916: "PPPoE",
  34958: "EAPOL",
  35020: "LLDP",
};
const ARP_REQUEST = 1;
const ARP_REPLY = 2;
/** A tunnel in a tunnel in a tunnel: what nests deeper is not shown. */
const DEEPEST_TUNNEL = 3;

/** One decoded frame as the object of `packets --format ndjson`. */
export function frameObject(frame: Frame, time: string): Record<string, unknown> {
  return {
    packet: frame.number,
    time: frame.untimed ? undefined : time,
    interface: frame.interfaceName,
    interfaceIndex: frame.interfaceIndex,
    linktype: frame.linkType,
    type: frame.type,
    ...contentObject(frame, 0),
    length: frame.length,
    captured: frame.captured,
    defect: defectOf(frame),
  };
}

function contentObject(frame: Frame, depth: number): Record<string, unknown> {
  const packet = frame.packet ?? frame.refused;
  const ports = packet && (portsOf(packet) ?? portsOfBroken(packet));
  const icmp = packet?.transport?.kind === "icmp" ? packet.transport : undefined;
  return {
    etherType: packet ? undefined : frame.etherType,
    srcMac: frame.srcMac === undefined ? undefined : formatMac(frame.srcMac),
    dstMac: frame.dstMac === undefined ? undefined : formatMac(frame.dstMac),
    vlans: frame.vlans?.map((tag) => tag.id),
    within: packet ? frame.within : undefined,
    arp: frame.arp && arpObject(frame.arp),
    protocol: packet && protocolField(packet.protocol),
    src: packet && formatAddress(packet.src),
    dst: packet && formatAddress(packet.dst),
    sport: ports?.sport,
    dport: ports?.dport,
    icmpType: icmp?.type,
    icmpCode: icmp?.code,
    target: icmp?.target === undefined ? undefined : formatAddress(icmp.target),
    flags: packet?.transport?.kind === "tcp" ? tcpFlagWords(packet.transport.flags) : undefined,
    ttl: packet?.ttl,
    tos: packet?.tos,
    fragment: packet?.fragment,
    tunnel: packet && tunnelObject(packet, depth),
  };
}

function tunnelObject(packet: Packet, depth: number): Record<string, unknown> | undefined {
  const tunnel = depth < DEEPEST_TUNNEL ? tunnelOf(packet) : undefined;
  if (!tunnel) return undefined;
  const { kind, id, message, inner } = tunnel;
  return { kind, id, message, inner: inner && { ...contentObject(inner, depth + 1), defect: defectOf(inner) } };
}

function arpObject(arp: Arp): Record<string, unknown> {
  return {
    operation: arp.operation,
    sender: formatAddress(arp.sender),
    senderMac: formatMac(arp.senderMac),
    target: formatAddress(arp.target),
    targetMac: formatMac(arp.targetMac),
  };
}

function defectOf(frame: Frame): string | undefined {
  return frame.defect ?? frame.packet?.defect;
}

/** One decoded frame as one line. */
export function frameLine(frame: Frame, time: string, style: Style): string {
  const clock = frame.untimed ? " ".repeat(time.length - "2026-01-01TZ".length) : time.slice("2026-01-01T".length, -1);
  const device = frame.interfaceName ?? (frame.interfaceIndex ? `#${frame.interfaceIndex}` : "");
  const head = `${String(frame.number).padStart(6)}  ${clock}  ${device ? `${pad(device, 8)}  ` : ""}`;
  const defect = defectOf(frame);
  const text = cut(spell(`${head}${contentWords(frame, 0)}  ${frame.length} bytes`, style), style.width, style);
  return defect ? `${text} ${paint(`[${defect}]`, "unsure", style)}` : text;
}

function contentWords(frame: Frame, depth: number): string {
  const packet = frame.packet ?? frame.refused;
  if (packet) return packetWords(packet, depth);
  if (frame.arp) return arpWords(frame.arp);
  if (frame.etherType === undefined) return "no network layer";
  return ETHER_TYPES[frame.etherType] ?? `EtherType 0x${frame.etherType.toString(16).padStart(4, "0")}`;
}

function arpWords(arp: Arp): string {
  const sender = formatAddress(arp.sender);
  if (arp.operation === ARP_REQUEST) return `ARP who has ${formatAddress(arp.target)}? tell ${sender}`;
  if (arp.operation === ARP_REPLY) return `ARP ${sender} is at ${formatMac(arp.senderMac)}`;
  return `ARP operation ${arp.operation}`;
}

function packetWords(packet: Packet, depth: number): string {
  const { transport, fragment } = packet;
  const details: string[] = [];
  if (transport?.kind === "tcp") details.push(`[${tcpFlagWords(transport.flags)}]`);
  if (transport?.kind === "icmp" && transport.id !== undefined) details.push(`id ${transport.id} seq ${transport.sequence ?? 0}`);
  if (transport?.kind === "icmp" && transport.target !== undefined) details.push(`for ${formatAddress(transport.target)}`);
  if (transport?.kind === "icmp" && transport.quoted)
    details.push(`about ${protocolWords(transport.quoted)} ${formatEndpoints(transport.quoted)}`);
  if (fragment && (fragment.offset > 0 || fragment.more))
    details.push(`fragment at ${fragment.offset}${fragment.more ? ", more follow" : ", the last"}`);
  const tunnel = depth < DEEPEST_TUNNEL ? tunnelOf(packet) : undefined;
  const carried = tunnel ? [`{${tunnelWords(tunnel, depth + 1)}}`] : [];
  return [protocolWords(packet), endpointWords(packet), ...details, `ttl ${packet.ttl}`, ...carried].join(" ");
}

function endpointWords(packet: Packet): string {
  const ports = portsOfBroken(packet);
  if (!ports) return formatEndpoints(packet);
  return `${formatEndpoint(packet.src, ports.sport)} → ${formatEndpoint(packet.dst, ports.dport)}`;
}

function tunnelWords(tunnel: Tunnel, depth: number): string {
  const name = tunnel.id === undefined ? tunnel.kind : `${tunnel.kind} ${tunnel.id}`;
  if (tunnel.message !== undefined) return `${name} ${tunnel.message}`;
  return tunnel.inner ? `${name}: ${contentWords(tunnel.inner, depth)}` : name;
}
