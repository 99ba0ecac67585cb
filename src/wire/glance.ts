import type { Mutable } from "../model/mutable.ts";
import { type Checksum, type Frame, type FrameType, type Packet, PROTOCOL, type Tcp, type TcpOption, type Udp } from "../model/packet.ts";
import { wordSum } from "./checksum.ts";
import type { FrameDraft } from "./frame-draft.ts";
import { glanceIpv4, PLAIN_HEADER, plainLength, protocolOf } from "./ipv4.ts";
import type { LinkGlance } from "./link-types.ts";
import { NO_OCTETS, view } from "./octets.ts";
import type { Origin, Records } from "./records.ts";
import { glanceTcp, optionsOf } from "./tcp.ts";
import { checksumOf } from "./transport.ts";
import { glanceUdp } from "./udp.ts";

/** More interfaces are described seldom, and each has a frame of its own. */
const MOST_ORIGINS = 256;

/** Where in memory the octets are that a packet was read from. */
class Place {
  bytes: Uint8Array = NO_OCTETS;
  /** Behind the IP header, and where what was captured of the packet ends. */
  body = 0;
  end = 0;
}

/** A packet with the headers that nearly all have. Its octets are only looked at when somebody asks. */
class GlancedPacket<T extends Tcp | Udp> implements Packet {
  readonly family = 4;
  src = 0;
  dst = 0;
  readonly protocol: number;
  ttl = 0;
  tos = 0;
  length = 0;
  readonly headerLength = PLAIN_HEADER;
  id = 0;
  dontFragment = false;
  readonly headerChecksum = "good";
  readonly transport: T;
  readonly place: Place;
  judged: Checksum | undefined = undefined;

  constructor(protocol: number, transport: T, place: Place) {
    this.protocol = protocol;
    this.transport = transport;
    this.place = place;
  }

  get checksum(): Checksum {
    const { bytes, body, end } = this.place;
    const addresses = wordSum(this.src) + wordSum(this.dst);
    this.judged ??= checksumOf(4, this.protocol, bytes, body, end, this.length - PLAIN_HEADER, addresses) ?? "absent";
    return this.judged;
  }

  get payload(): Uint8Array {
    const { bytes, body, end } = this.place;
    return view(bytes, body, end);
  }
}

/** A TCP header whose options are read when somebody asks for them. */
class GlancedTcp implements Tcp {
  readonly kind = "tcp";
  sport = 0;
  dport = 0;
  seq = 0;
  ack = 0;
  flags = 0;
  window = 0;
  headerLength = 0;
  readonly place: Place;

  constructor(place: Place) {
    this.place = place;
  }

  get options(): readonly TcpOption[] {
    return optionsOf(this.place.bytes, this.place.body, this.headerLength);
  }
}

/** A frame that is one record's after the other. */
class GlancedFrame implements FrameDraft {
  number = 0;
  time = 0n;
  captured = 0;
  length = 0;
  readonly linkType: string;
  // Only declared, or they would be set to undefined first.
  declare packet?: Packet;
  declare interfaceIndex?: number;
  declare interfaceName?: string;
  declare type?: FrameType;

  constructor(linkType: string) {
    this.linkType = linkType;
  }
}

/**
 * Reads the headers of frames into one frame that is used again and again: as `RecordFrames.at` decodes them, for those that have no other
 * headers than nearly all have, which are IPv4 without options or fragments, and TCP or UDP.
 */
export class Glance {
  readonly #place = new Place();
  readonly #tcp = new GlancedTcp(this.#place);
  readonly #udp: Mutable<Udp> = { kind: "udp", sport: 0, dport: 0, length: 0 };
  readonly #tcpPacket = new GlancedPacket<Tcp>(PROTOCOL.tcp, this.#tcp, this.#place);
  readonly #udpPacket = new GlancedPacket<Udp>(PROTOCOL.udp, this.#udp, this.#place);
  readonly #frames = new Map<Origin, GlancedFrame>();
  #origin: Origin | undefined;
  #frame: GlancedFrame | undefined;
  #link: LinkGlance | undefined;

  /** The frame of a record, good until the next one is asked for; undefined when it has other headers. */
  at(records: Records, index: number, number: number): Frame | undefined {
    const origin = records.origins[index];
    if (origin !== this.#origin && origin) this.#turnTo(origin);
    const frame = this.#frame;
    if (!frame || !this.#link) return undefined;
    const { words } = records;
    const start = records.starts[index] ?? 0;
    const captured = records.captured[index] ?? 0;
    const length = records.lengths[index] ?? 0;
    const header = this.#link(frame, words, start, captured);
    if (header < 0) return undefined;
    const packet = this.#packet(records, start + header, start + captured, start + Math.max(captured, length));
    if (!packet) return undefined;
    frame.number = number;
    frame.time = records.time(index);
    frame.captured = captured;
    frame.length = length;
    frame.packet = packet;
    return frame;
  }

  #turnTo(origin: Origin): void {
    const { link, interfaceIndex, interfaceName, type, untimed } = origin;
    this.#origin = origin;
    this.#link = untimed ? undefined : link.glance;
    if (!this.#link) return;
    let frame = this.#frames.get(origin);
    if (!frame) {
      frame = new GlancedFrame(link.name);
      if (interfaceIndex !== undefined) frame.interfaceIndex = interfaceIndex;
      if (interfaceName !== undefined) frame.interfaceName = interfaceName;
      if (type !== undefined) frame.type = type;
      if (this.#frames.size >= MOST_ORIGINS) this.#frames.clear();
      this.#frames.set(origin, frame);
    }
    this.#frame = frame;
  }

  #packet({ bytes, words }: Records, start: number, end: number, wireEnd: number): Packet | undefined {
    const length = plainLength(words, start, end, wireEnd);
    if (length === 0) return undefined;
    const protocol = protocolOf(words, start);
    const body = start + PLAIN_HEADER;
    const bodyEnd = Math.min(start + length, end);
    let packet: GlancedPacket<Tcp | Udp>;
    if (protocol === PROTOCOL.tcp && glanceTcp(this.#tcp, words, body, bodyEnd)) packet = this.#tcpPacket;
    else if (protocol === PROTOCOL.udp && glanceUdp(this.#udp, words, body, bodyEnd)) packet = this.#udpPacket;
    else return undefined;
    glanceIpv4(packet, words, start);
    packet.judged = undefined;
    const place = this.#place;
    place.bytes = bytes;
    place.body = body;
    place.end = bodyEnd;
    return packet;
  }
}
