import { formatAddress, formatMac, parseAddress } from "../../../src/model/address.ts";
import type { Case, HeaderPlan, Payload, Send } from "../cases/case.ts";
import type { Sent as Observed } from "../lab/protocol.ts";
import { ETHER, ethernet } from "../wire/build.ts";
import { deliveredPacket } from "./delivered.ts";
import { ETHERNET_HEADER, frameOf, packetOctets, type Sent } from "./frame.ts";
import { type Ends, errorAbout, packetsOf } from "./octets.ts";

type Injection = Omit<Sent, "time">;

/** Where a packet was last seen: on a device that faces the world, or delivered in a namespace. */
interface LastSeen {
  readonly netns: string;
  readonly device?: string;
  /** MAC addresses of that frame. */
  readonly srcMac: string;
  readonly dstMac: string;
  readonly packet: Uint8Array;
  readonly ends: Ends;
  readonly ports?: readonly [number, number];
}

const OTHER_MAC = "02:99:99:99:99:99";
const BROADCAST_MAC = "ff:ff:ff:ff:ff:ff";
/** LLDP's. */
const LINK_MAC = "01:80:c2:00:00:0e";
const UNSPECIFIED = ["0.0.0.0", "::"];

/** Turns a plan into octets, answers included: these depend on what the kernel made of the packet before. */
export class Conversation {
  readonly #case: Case;
  readonly #sent = new Map<number, readonly Injection[]>();
  readonly #seen = new Map<number, LastSeen>();

  constructor(value: Case) {
    this.#case = value;
  }

  /** What to send for a step of the plan; nothing where it answers a packet that nobody got. */
  injections(send: Send): readonly Injection[] {
    const made = this.#make(send);
    this.#sent.set(send.id, made);
    return made;
  }

  /** Takes note of what became of the last packet of a step. */
  observed(send: Send, injected: Injection, observed: Observed, facesWorld: (netns: string, device: string) => boolean): void {
    const last = lastSeen(observed, packetOctets(injected), facesWorld);
    if (last) this.#seen.set(send.id, last);
  }

  #make(send: Send): readonly Injection[] {
    switch (send.kind) {
      case "pause":
        return [];
      case "again":
        return this.#sent.get(send.of) ?? [];
      case "new": {
        const door = this.#case.topology.doors[send.door];
        if (!door) return [];
        const host = door.hosts[send.host];
        const at = {
          netns: door.netns,
          ...(door.device !== undefined && { device: door.device }),
          dstMac: macOf(send.header, door.mac, manyMac(send.dst)),
          srcMac: host?.mac ?? "",
        };
        return packets(at, send, send.header, send.payload);
      }
      case "answer": {
        const seen = this.#seen.get(send.to);
        if (!seen || !isAnswerable(seen) || this.#isOwn(seen)) return [];
        return packets(back(seen, send.header), { src: seen.ends.dst, dst: seen.ends.src }, send.header, turned(send.payload, seen));
      }
      default: {
        const seen = this.#seen.get(send.about);
        if (!seen || !isAnswerable(seen) || this.#isOwn(seen)) return [];
        const ends = { src: send.from ?? seen.ends.dst, dst: seen.ends.src };
        const at = back(seen, send.header);
        return [framed(at, errorAbout(ends, headerAt(at, send.header), send.type, send.code, send.mtu, seen.packet, send.quoted))];
      }
    }
  }

  /** Whether a frame went out into the world that is for a device of the machine itself: nobody there answers that. */
  #isOwn({ device, dstMac }: LastSeen): boolean {
    return device !== undefined && this.#case.topology.links.some(({ a, b }) => a.mac === dstMac || b?.mac === dstMac);
  }
}

interface At {
  readonly netns: string;
  readonly device?: string;
  readonly srcMac: string;
  readonly dstMac: string;
}

function macOf({ dstMac }: HeaderPlan, mac: string, many?: string): string {
  switch (dstMac) {
    case "other":
      return OTHER_MAC;
    case "broadcast":
      return BROADCAST_MAC;
    case "link":
      return LINK_MAC;
    default:
      return many === undefined || dstMac === "single" ? mac : many;
  }
}

/** Whether anyone would answer; and on which device a program means an address of one link it says itself, nothing else does. */
function isAnswerable({ device, ends: { src, dst } }: LastSeen): boolean {
  if (device === undefined && /^f[ef]/.test(src)) return false;
  return !UNSPECIFIED.includes(src) && !UNSPECIFIED.includes(dst);
}

/** Where frames for many are sent (RFC 1112 section 6.4, RFC 2464 section 7); addresses that end with 255 are broadcasts here. */
function manyMac(dst: string): string | undefined {
  const address = parseAddress(dst);
  if (typeof address === "number") {
    if ((address & 0xff) === 0xff) return BROADCAST_MAC;
    return address >>> 28 === 0xe ? formatMac(0x01005e000000 + (address & 0x7fffff)) : undefined;
  }
  if (address === undefined || address >> 120n !== 0xffn) return undefined;
  return formatMac(Number((0x3333n << 32n) | (address & 0xffffffffn)));
}

function back(seen: LastSeen, header: HeaderPlan): At {
  const { netns, device } = seen;
  return { netns, ...(device !== undefined && { device }), srcMac: seen.dstMac, dstMac: macOf(header, seen.srcMac) };
}

/** The ports of the packet that is answered, the other way round. */
function turned(payload: Payload, seen: LastSeen): Payload {
  if (!seen.ports) return payload;
  const [sport, dport] = seen.ports;
  if (payload.kind === "icmp") return { ...payload, id: sport };
  return "sport" in payload ? { ...payload, sport: dport, dport: sport } : payload;
}

function packets(at: At, ends: Ends, header: HeaderPlan, payload: Payload): Injection[] {
  return packetsOf(ends, headerAt(at, header), payload).map((packet) => framed(at, packet));
}

/** The kernel completes the header of what a local socket sends. */
function headerAt(at: At, header: HeaderPlan): HeaderPlan {
  const { damage, ...whole } = header;
  return at.device === undefined && (damage === "header-checksum" || damage === "length") ? whole : header;
}

function framed(at: At, packet: Uint8Array): Injection {
  if (at.device === undefined) return { netns: at.netns, octets: packet };
  const etherType = (packet[0] ?? 0) >> 4 === 6 ? ETHER.ipv6 : ETHER.ipv4;
  return { netns: at.netns, device: at.device, octets: ethernet(at.dstMac, at.srcMac, etherType, packet) };
}

/** Answers that the host itself made have another identification than the packet that they are about. */
function lastSeen(observed: Observed, sent: Uint8Array, facesWorld: (netns: string, device: string) => boolean): LastSeen | undefined {
  const octetsOf = (hex: string) => Uint8Array.from(Buffer.from(hex, "hex"));
  // Identification and protocol, or of IPv6 the flow label.
  const marks = (sent[0] ?? 0) >> 4 === 6 ? [2, 3] : [4, 5, 9];
  const same = (octets: Uint8Array, at: number) => marks.every((mark) => octets[at + mark] === sent[mark]);
  const delivered = observed.delivered
    .map((one) => ({ netns: one.netns, octets: "packet" in one ? octetsOf(one.packet) : deliveredPacket(one) }))
    .findLast(({ octets }) => same(octets, 0));
  const out = observed.frames
    .filter((frame) => frame.direction === "out" && facesWorld(frame.netns, frame.device))
    .map((frame) => ({ netns: frame.netns, device: frame.device, octets: octetsOf(frame.frame) }))
    .findLast(({ octets }) => same(octets, ETHERNET_HEADER));
  const at: { readonly netns: string; readonly device?: string; readonly octets: Uint8Array } | undefined = delivered ?? out;
  if (!at) return undefined;
  const frame = frameOf({ ...at, time: 0n }, 1);
  const { packet } = frame;
  if (!packet || packet.fragment) return undefined;
  const octets = at.octets.subarray(at.device === undefined ? 0 : ETHERNET_HEADER);
  const { transport } = packet;
  const ports =
    transport?.kind === "icmp"
      ? ([transport.id ?? 0, 0] as const)
      : transport && "sport" in transport
        ? ([transport.sport, transport.dport] as const)
        : undefined;
  return {
    netns: at.netns,
    ...(at.device !== undefined && { device: at.device }),
    srcMac: frame.srcMac === undefined ? "" : formatMac(frame.srcMac),
    dstMac: frame.dstMac === undefined ? "" : formatMac(frame.dstMac),
    packet: octets,
    ends: { src: formatAddress(packet.src), dst: formatAddress(packet.dst) },
    ...(ports && { ports }),
  };
}
