import type { HeaderPlan, Payload } from "../cases/case.ts";
import { fragments, icmp, ipv4, sctp, tcp, udp, udplite } from "../wire/build.ts";

/** Addresses of a packet, as text. */
export interface Ends {
  readonly src: string;
  readonly dst: string;
}

const octets = (text: string) => Uint8Array.from(text, (letter) => letter.charCodeAt(0));
const fromHex = (text: string) => Uint8Array.from(Buffer.from(text, "hex"));

/** The IP packets that a plan stands for: one, or its fragments in the order of the plan. */
export function packetsOf(ends: Ends, header: HeaderPlan, payload: Payload): Uint8Array[] {
  const { protocol, data } = transportOf(ends, header, payload);
  const whole = sealed(ends, header, protocol, data);
  if (!header.fragments) return [whole];
  const { mtu, order } = header.fragments;
  const pieces = fragments(sealed(ends, { ...header, df: false }, protocol, data), mtu);
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
  const headerLength = ((about[0] ?? 0) & 15) * 4;
  const data = icmp({ type, code, mtu, quoted: about.slice(0, headerLength + quoted), badChecksum: header.damage === "checksum" });
  return sealed(ends, header, 1, data);
}

function sealed(ends: Ends, header: HeaderPlan, protocol: number, payload: Uint8Array): Uint8Array {
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
  const badChecksum = header.damage === "checksum";
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
      const { type, code, id, sequence, data } = payload;
      return { protocol: 1, data: icmp({ type, code, id, sequence, payload: octets(data), badChecksum }) };
    }
    default:
      return { protocol: payload.protocol, data: octets(payload.data) };
  }
}
