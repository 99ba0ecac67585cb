import { readTcpdumpLine, type TcpdumpLine } from "../../../grammars/tcpdump.ts";
import { type Family, familyOf, formatAddress } from "../../model/address.ts";
import { isIcmp, PROTOCOL } from "../../model/packet.ts";
import { protocolNumber } from "../../model/protocol-names.ts";
import type { Report } from "../lines.ts";
import { Cursor } from "./cursor.ts";
import { type Endpoint, portOf, readEndpoint, reportName } from "./endpoint.ts";
import { readExtensions } from "./extensions6.ts";
import { readIcmp } from "./icmp.ts";
import { type HeaderFacts, protocolOf, readHeader } from "./ip-header.ts";
import { type IpOctets, octets4, octets6 } from "./ip-octets.ts";
import { checksumOf, readOther, readUdp } from "./other-transport.ts";
import type { Past } from "./past.ts";
import { looksLikeTcp, readTcp } from "./tcp.ts";
import type { Untold } from "./told.ts";
import type { TransportText } from "./transport-text.ts";

/** An IP packet that a text describes. */
export interface IpText extends IpOctets {
  readonly src: Endpoint["address"];
  readonly dst: Endpoint["address"];
  readonly protocol: number;
  readonly untold: ReadonlySet<Untold>;
}

/** What an IP packet is read from: its line, those that go on with it, and what was told before. */
export interface IpSource {
  readonly line: TcpdumpLine;
  readonly family: Family | undefined;
  /** Lines that go on with the packet, as they stand. */
  readonly more: readonly string[];
  readonly past: Past;
  readonly report: Report;
  /** Octets of the IP packet as the link layer tells them. */
  readonly length?: number | undefined;
  /** Within the quote of an ICMP error nothing is quoted again. */
  readonly isQuote?: boolean;
}

const HEADER_4 = 20;
const HEADER_6 = 40;
const UNKNOWN_PROTOCOL = 255;
const LATER_FRAGMENT = 1480;
/** How many lines on a quoted packet may begin. */
const QUOTE_LINES = 4;
const LABEL_LINES = 2;
const PACKET_BELOW = /^\s+(?:IP6? )?\((?:tos|class|flowlabel|hlim) /;

/** Reads the packet whose addresses stand in a line, or in the next where the IP header fills the line; undefined when there is none. */
export function readIp(given: IpSource): IpText | undefined {
  const source = given.line.header || given.line.pair ? given : (belowLabels(given) ?? given);
  const { line, more } = source;
  const header = line.header ? readHeader(line.header.text) : undefined;
  const inLine = line.pair ? { pair: line.pair, body: line.body } : undefined;
  const below = inLine || !header ? undefined : readTcpdumpLine(more[0] ?? "").value;
  const found = inLine ?? (below?.pair && { pair: below.pair, body: below.body });
  if (!found) return undefined;
  const src = readEndpoint(found.pair.src, source.family);
  const dst = readEndpoint(found.pair.dst, source.family);
  // Other protocols have addresses too; what they are called tells.
  if (source.family === undefined && (src === "name" || dst === "name")) return undefined;
  if (src === "name" || dst === "name") {
    const name = src === "name" ? found.pair.src : found.pair.dst;
    // A name in the line below is told of where the packet begins.
    reportName(name, inLine ? source.report : (_, message) => source.report(line.header ?? name, message));
    return undefined;
  }
  if (familyOf(src.address) !== familyOf(dst.address)) return undefined;
  return new IpReading(source, header, below?.pair ? more.slice(1) : more).read(src, dst, new Cursor(found.body));
}

/** With -v the packet behind MPLS labels stands below them. */
function belowLabels(source: IpSource): IpSource | undefined {
  const at = source.more.slice(0, LABEL_LINES).findIndex((text) => PACKET_BELOW.test(text));
  const line = at < 0 ? undefined : readTcpdumpLine(source.more[at] ?? "").value;
  return line && { ...source, line, family: familyIn(line), more: source.more.slice(at + 1) };
}

function familyIn(line: TcpdumpLine): Family {
  return line.link.some(({ text }) => text === "IP6") || (line.header && !line.header.text.startsWith("(tos")) ? 6 : 4;
}

class IpReading {
  readonly #source: IpSource;
  readonly #header: HeaderFacts;
  readonly #more: readonly string[];
  readonly #untold = new Set<Untold>();
  /** Whether only the frame tells the length. */
  readonly #isFrame: boolean;

  constructor(source: IpSource, header: HeaderFacts | undefined, more: readonly string[]) {
    this.#source = source;
    this.#more = more;
    if (!header) this.#untold.add("header");
    if (header?.options !== undefined) this.#untold.add("options");
    const told = header?.length || source.length;
    this.#isFrame = !header?.length && told !== undefined;
    this.#header = { ...header, ...(told !== undefined && { length: told }) };
  }

  read(src: Endpoint, dst: Endpoint, cursor: Cursor): IpText {
    const written = typeof src.address === "number" ? this.#read4(src, dst, cursor) : this.#read6(src, dst, cursor);
    return { ...written.packet, src: src.address, dst: dst.address, protocol: written.protocol, untold: this.#untold };
  }

  #read4(src: Endpoint, dst: Endpoint, cursor: Cursor): { readonly packet: IpOctets; readonly protocol: number } {
    const facts = this.#fragment4(cursor, src.port === undefined);
    const isLater = (facts.offset ?? 0) > 0;
    const room = (facts.length ?? 0) - HEADER_4;
    const transport = isLater
      ? this.#later(facts.protocol ?? protocolOf(cursor.word) ?? protocolNumber(cursor.word ?? ""))
      : this.#transport(src, dst, cursor, room, facts.protocol);
    // A datagram that is longer than its packet goes on in others.
    const goesOn = facts.more ?? (this.#isFrame && room > 0 && (transport.datagram ?? 0) > room);
    const packet = octets4(Number(src.address), Number(dst.address), goesOn ? { ...facts, more: true } : facts, transport);
    return { packet, protocol: transport.protocol };
  }

  /** Without -v a later fragment is known by the bare name of its protocol (print-ip.c, ip_print). */
  #fragment4(cursor: Cursor, isBare: boolean): HeaderFacts {
    const facts = this.#header;
    if (facts.offset !== undefined || !isBare || cursor.words.length !== 1) return facts;
    const { word = "" } = cursor;
    if (!/^ip-proto-\d+$/.test(word) && (/^\d/.test(word) || protocolNumber(word) === undefined)) return facts;
    this.#untold.add("place");
    return { ...facts, offset: LATER_FRAGMENT, more: false };
  }

  #read6(src: Endpoint, dst: Endpoint, cursor: Cursor): { readonly packet: IpOctets; readonly protocol: number } {
    const { extensions, fragment } = readExtensions(cursor);
    if (extensions.length > 0) this.#untold.add("extensions");
    if (fragment) this.#untold.add("fragment");
    const [from, to] = fragment?.offset === 0 ? fragmentPorts(src, dst, cursor) : [src, dst];
    const { protocol: next, ...facts } = this.#header;
    const size = extensions.reduce((sum, { octets }) => sum + octets.length, 0);
    const room = (facts.length ?? 0) - HEADER_6 - size;
    const isLater = fragment !== undefined && fragment.offset > 0;
    const earlier = fragment && this.#source.past.protocolOf(src.address, dst.address);
    const read = isLater ? this.#later(earlier) : this.#transport(from, to, cursor, room, extensions.length > 0 ? undefined : next);
    if (fragment && !isLater) this.#source.past.begin(src.address, dst.address, read.protocol);
    const transport = fragment ? { ...read, length: fragment.length } : read;
    const packet = octets6(BigInt(src.address), BigInt(dst.address), facts, extensions, transport, fragment !== undefined);
    return { packet, protocol: transport.protocol };
  }

  #later(protocol = UNKNOWN_PROTOCOL): TransportText {
    if (this.#header.length === undefined) this.#untold.add("length");
    return { protocol, octets: [], isTold: true };
  }

  #transport(src: Endpoint, dst: Endpoint, cursor: Cursor, room: number, named: number | undefined): TransportText {
    const read = this.#transportOf(src, dst, cursor, room, named);
    if (!read.isTold) this.#untold.add("tcp");
    if (read.length === undefined && this.#header.length === undefined) this.#untold.add("length");
    return read;
  }

  #transportOf(src: Endpoint, dst: Endpoint, cursor: Cursor, room: number, named: number | undefined): TransportText {
    const ports = src.port === undefined || dst.port === undefined ? undefined : ([src.port, dst.port] as const);
    const told = room >= 8 ? room : undefined;
    if (ports && (named === PROTOCOL.tcp || (named === undefined && looksLikeTcp(cursor)))) {
      const [sport, dport] = ports;
      const [from, to] = [`${formatAddress(src.address)}.${sport}`, `${formatAddress(dst.address)}.${dport}`];
      return readTcp(cursor, { src: from, dst: to, sport, dport, sequences: this.#source.past.sequences, total: told });
    }
    const said = protocolOf(cursor.word);
    if (ports && (named === PROTOCOL.udp || (named === undefined && (said === undefined || said === PROTOCOL.udp))))
      return readUdp(cursor, ports[0], ports[1], told);
    const checksum = checksumOf(cursor);
    const protocol = named ?? protocolOf(cursor.word) ?? UNKNOWN_PROTOCOL;
    if (isIcmp(protocol)) {
      cursor.next();
      const read = readIcmp(cursor, protocol === PROTOCOL.icmp ? 4 : 6, this.#quoted());
      const whole = read.length ?? told;
      return { ...read, ...(whole !== undefined && { length: whole }), ...(checksum !== undefined && { checksum }) };
    }
    const isIp6 = protocol === PROTOCOL.ipip && cursor.word === "IP6" && named === undefined;
    const other = readOther(cursor, isIp6 ? PROTOCOL.ipv6 : protocol, ports);
    return other.length === undefined && told !== undefined ? { ...other, length: told } : other;
  }

  /** With -v the packet that an ICMP error quotes stands below it. */
  #quoted(): readonly number[] | undefined {
    if (this.#source.isQuote) return undefined;
    const at = this.#more.slice(0, QUOTE_LINES).findIndex((text) => PACKET_BELOW.test(text));
    const line = at < 0 ? undefined : readTcpdumpLine(this.#more[at] ?? "").value;
    if (!line) return undefined;
    const source = { ...this.#source, line, family: familyIn(line), more: this.#more.slice(at + 1), isQuote: true, length: undefined };
    return readIp(source)?.octets;
  }
}

/** The ports of a first fragment stand behind its place: `frag (0|1448) 53 > 46433: …`. */
function fragmentPorts(src: Endpoint, dst: Endpoint, cursor: Cursor): readonly [Endpoint, Endpoint] {
  if (cursor.peek(1) !== ">") return [src, dst];
  const [from, to] = [portOf(cursor.peek(0) ?? ""), portOf(cursor.peek(2) ?? "")];
  if (from === undefined || to === undefined) return [src, dst];
  for (let word = 0; word < 3; word++) cursor.next();
  return [
    { ...src, port: from },
    { ...dst, port: to },
  ];
}
