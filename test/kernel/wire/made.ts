import { type Address, formatAddress } from "../../../src/model/address.ts";
import type { Packet, Transport } from "../../../src/model/packet.ts";
import { decodePacket } from "../../../src/wire/ip.ts";

type Fields = Readonly<Record<string, string | number | boolean | undefined>>;

const hex = (octets: Uint8Array | undefined) => octets && Buffer.from(octets).toString("hex");
const address = (value: Address | undefined) => (value === undefined ? undefined : formatAddress(value));

/**
 * In words, the first field in which a packet that the host itself made (an ICMP error, a reset) is not as said, the packet that it quotes included;
 * undefined when there is none. Its IP identification is the host's own affair.
 */
export function differsMade(said: Packet, kernel: Uint8Array): string | undefined {
  const { packet, defect } = decodePacket(kernel);
  if (!packet) return `the kernel's packet cannot be decoded: ${defect}`;
  // Prefix translation may spoil it.
  if (packet.checksum === "bad" && said.checksum !== "bad") return "checksum: the kernel's is bad";
  return difference("", headerFields(said), headerFields(packet)) ?? transportDifference("", said, packet, 0);
}

function difference(prefix: string, said: Fields, kernel: Fields): string | undefined {
  const name = Object.keys(said).find((key) => said[key] !== undefined && said[key] !== kernel[key]);
  return name === undefined ? undefined : `${prefix}${name}: expected ${said[name]}, kernel ${kernel[name] ?? "none"}`;
}

function headerFields(packet: Packet): Fields {
  const { fragment } = packet;
  return {
    family: packet.family,
    source: address(packet.src),
    destination: address(packet.dst),
    protocol: packet.protocol,
    TTL: packet.ttl,
    TOS: packet.tos,
    length: packet.length,
    "header length": packet.headerLength,
    "don't fragment": packet.dontFragment,
    fragment: fragment ? `${fragment.offset}${fragment.more ? "+" : ""}` : "no",
    options: hex(packet.ipOptions) ?? "none",
    "extension headers": packet.extensionHeaders?.join(" ") ?? "none",
  };
}

function transportFields(transport: Transport): Fields {
  switch (transport.kind) {
    case "tcp":
      return { ...transport, options: transport.options.map(({ kind, data }) => `${kind}:${hex(data)}`).join(" ") };
    case "icmp": {
      const { target, quoted, ...rest } = transport;
      return { ...rest, target: address(target), quoted: quoted && true };
    }
    case "sctp":
      return { ...transport, chunks: transport.chunks.join(" ") };
    default:
      return { ...transport };
  }
}

/** Whether so much of a quoted header is there that its later fields say anything. */
function hasWholeHeader(packet: Packet, transport: Transport): boolean {
  return packet.payload.length >= dataStart(transport);
}

function dataStart(transport: Transport | undefined): number {
  if (transport?.kind === "tcp") return transport.headerLength;
  return transport?.kind === "sctp" ? 12 : transport === undefined || transport.kind === "spi" ? 0 : 8;
}

/** How deep quotes within quotes are read in what the kernel sent (DEEPEST_QUOTE). */
const DEEPEST = 2;

function transportDifference(prefix: string, said: Packet, kernel: Packet, depth: number): string | undefined {
  // Of a header that its first fragment has only in part, more is read where it is quoted.
  if (prefix !== "" && said.fragment && !said.transport) return undefined;
  if (said.transport?.kind !== kernel.transport?.kind) {
    return `${prefix}transport: expected ${said.transport?.kind ?? "none"}, kernel ${kernel.transport?.kind ?? kernel.defect ?? "none"}`;
  }
  if (!said.transport || !kernel.transport) return undefined;
  const all = transportFields(said.transport);
  const comparable = prefix === "" || hasWholeHeader(kernel, said.transport) ? all : { sport: all["sport"], dport: all["dport"] };
  const read = depth < DEEPEST ? comparable : { ...comparable, quoted: undefined };
  const found = difference(prefix, read, transportFields(kernel.transport));
  if (found || said.transport.kind !== "icmp" || kernel.transport.kind !== "icmp") return found;
  const [quote, quoted] = [said.transport.quoted, kernel.transport.quoted];
  return quote && quoted && quoteDifference(quote, quoted, depth + 1);
}

/** Addresses and ports of a quote may have been translated, the data behind them not. */
function quoteDifference(said: Packet, kernel: Packet, depth: number): string | undefined {
  const prefix = "quoted ";
  // A host that has put an IPv6 datagram together cuts it with an id of its own (ip6_fragment).
  const id = said.family === 6 && said.fragment ? undefined : said.id;
  const own = { id, "header checksum": said.headerChecksum };
  const found =
    difference(
      prefix,
      { ...headerFields(said), ...own },
      { ...headerFields(kernel), id: kernel.id, "header checksum": kernel.headerChecksum },
    ) ?? transportDifference(prefix, said, kernel, depth);
  if (found) return found;
  // What an error that is quoted quotes itself has been compared field by field.
  if (said.transport?.kind === "icmp" && said.transport.quoted) return undefined;
  if (said.checksum === "good" && kernel.checksum === "bad") return `${prefix}checksum: expected good, kernel bad`;
  const end = Math.min(said.payload.length, kernel.payload.length);
  for (let at = dataStart(said.transport); at < end; at++) {
    if (said.payload[at] !== kernel.payload[at])
      return `${prefix}data: expected ${said.payload[at]}, kernel ${kernel.payload[at]} at octet ${at}`;
  }
  return undefined;
}
