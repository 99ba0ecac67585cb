import type { ExtensionPlan, HeaderPlan, Payload } from "../cases/case.ts";
import { type Extension, fragments, fragments6, icmp, icmp6, ipv4, ipv6, sctp, tcp, udp, udplite } from "../wire/build.ts";
import { join, number } from "../wire/octets.ts";
import { measure } from "../wire/patch.ts";

/** What a wrong checksum differs by: nothing that a rule's change of TOS makes good again, as the kernel may have summed up the header before. */
const DAMAGE = 0x5a3c;

/** Addresses of a packet, as text. */
export interface Ends {
  readonly src: string;
  readonly dst: string;
}

const octets = (text: string) => Uint8Array.from(text, (letter) => letter.charCodeAt(0));
const fromHex = (text: string) => Uint8Array.from(Buffer.from(text, "hex"));
const isIpv6 = ({ src, dst }: Ends) => src.includes(":") && dst.includes(":");

/** The IP packets that a plan stands for: one, or its fragments in the order of the plan. */
export function packetsOf(ends: Ends, header: HeaderPlan, payload: Payload): Uint8Array[] {
  const { protocol, data } = transportOf(ends, header, payload);
  const whole = sealed(ends, header, protocol, data);
  if (!header.fragments) return [whole];
  const { mtu, order } = header.fragments;
  const unmarked = sealed(ends, { ...header, df: false }, protocol, data);
  const pieces = isIpv6(ends) ? fragments6(unmarked, mtu, header.id) : fragments(unmarked, mtu);
  const sent = order.flatMap((index) => pieces[index] ?? []);
  // Whatever the plan does not name comes at the end, so that most datagrams become whole.
  return order.length > 1 && order.includes(0) ? [...sent, ...pieces.filter((_, i) => i > Math.max(...order))] : sent;
}

/** An ICMP error about a packet, quoting its header and so many octets after it. */
export function errorAbout(
  ends: Ends,
  header: HeaderPlan,
  type: number,
  code: number,
  mtu: number,
  about: Uint8Array,
  quoted: number,
): Uint8Array {
  const badChecksum = header.damage === "checksum" && DAMAGE;
  if (isIpv6(ends)) {
    const message = icmp6({ type, code, mtu, quoted: about.slice(0, measure(about).header + quoted), badChecksum }, ends.src, ends.dst);
    return sealed6(ends, header, 58, message);
  }
  const headerLength = ((about[0] ?? 0) & 15) * 4;
  return sealed(ends, header, 1, icmp({ type, code, mtu, quoted: about.slice(0, headerLength + quoted), badChecksum }));
}

const ATOMIC: Extension = { header: "fragment", id: 1 };

function extension({ header, data, lengthOctet }: ExtensionPlan): Extension {
  if (header === "atomic") return ATOMIC;
  if (header === "ah") return { header, spi: 256, sequence: 1 };
  return { header, data: fromHex(data), ...(lengthOctet !== undefined && { lengthOctet }) };
}

function sealed6(ends: Ends, header: HeaderPlan, protocol: number, payload: Uint8Array): Uint8Array {
  const packet = ipv6({
    ...ends,
    protocol,
    payload,
    hopLimit: header.ttl,
    trafficClass: header.tos,
    flowLabel: header.id,
    ...(header.extensions && { extensions: header.extensions.map(extension) }),
  });
  return header.damage === "length" ? join(packet.subarray(0, 4), number(packet.length, 2), packet.subarray(6)) : packet;
}

function sealed(ends: Ends, header: HeaderPlan, protocol: number, payload: Uint8Array): Uint8Array {
  if (isIpv6(ends)) return sealed6(ends, header, protocol, payload);
  return ipv4({
    ...ends,
    protocol,
    payload,
    ttl: header.ttl,
    tos: header.tos,
    id: header.id,
    dontFragment: header.df,
    ...(header.options !== undefined && { options: fromHex(header.options) }),
    ...(header.damage === "header-checksum" && { badChecksum: true }),
    ...(header.damage === "length" && { totalLength: 20 + payload.length + 40 }),
  });
}

function transportOf({ src, dst }: Ends, header: HeaderPlan, payload: Payload): { protocol: number; data: Uint8Array } {
  const badChecksum = header.damage === "checksum" && DAMAGE;
  const wrong = header.damage === "transport-length";
  switch (payload.kind) {
    case "tcp": {
      const { kind: _kind, options, data, ...fields } = payload;
      return {
        protocol: 6,
        data: tcp({ ...fields, options: fromHex(options), payload: octets(data), badChecksum, ...(wrong && { dataOffset: 3 }) }, src, dst),
      };
    }
    case "udp": {
      const { sport, dport, data } = payload;
      const lie = wrong ? { length: 7 } : {};
      return {
        protocol: 17,
        data: udp({ sport, dport, payload: octets(data), badChecksum, zeroChecksum: header.damage === "no-checksum", ...lie }, src, dst),
      };
    }
    case "udplite":
      return {
        protocol: 136,
        data: udplite({ sport: payload.sport, dport: payload.dport, payload: octets(payload.data), badChecksum }, src, dst),
      };
    case "sctp": {
      const chunks = payload.chunks.map(([type, flags, data]) => ({ type, flags, data: octets(data) }));
      return { protocol: 132, data: sctp({ sport: payload.sport, dport: payload.dport, tag: payload.tag, chunks, badChecksum }) };
    }
    case "icmp": {
      const { kind: _kind, data, ...fields } = payload;
      const message = { ...fields, payload: octets(data), badChecksum };
      return isIpv6({ src, dst }) ? { protocol: 58, data: icmp6(message, src, dst) } : { protocol: 1, data: icmp(message) };
    }
    case "message": {
      const { type, code, rest, body } = payload;
      const message = { type, code, rest: Number.parseInt(rest, 16), payload: fromHex(body), badChecksum };
      return { protocol: 58, data: icmp6(message, src, dst) };
    }
    default:
      return { protocol: payload.protocol, data: octets(payload.data) };
  }
}
