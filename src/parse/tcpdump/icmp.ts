import { type Family, parseAddress } from "../../model/address.ts";
import { PROTOCOL } from "../../model/packet.ts";
import type { Cursor } from "./cursor.ts";
import { octetsOf, type TransportText } from "./transport-text.ts";

type Message = readonly [form: RegExp, type: number, code: number];

/** print-icmp.c, icmp_print; the first form that fits. */
const MESSAGES_4: readonly Message[] = [
  [/^echo reply/, 0, 0],
  [/^echo request/, 8, 0],
  [/^net \S+ unreachable - admin/, 3, 9],
  [/^net \S+ unreachable - tos/, 3, 11],
  [/^net \S+ unreachable - unknown/, 3, 6],
  [/^net \S+ unreachable/, 3, 0],
  [/^host \S+ unreachable - admin prohibited filter/, 3, 13],
  [/^host \S+ unreachable - admin/, 3, 10],
  [/^host \S+ unreachable - tos/, 3, 12],
  [/^host \S+ unreachable - unknown/, 3, 7],
  [/^host \S+ unreachable - host precedence/, 3, 14],
  [/^host \S+ unreachable - precedence/, 3, 15],
  [/^host \S+ unreachable/, 3, 1],
  [/^\S+ protocol \d+ unreachable/, 3, 2],
  [/^\S+ (?:\w+|protocol \d+) port \S+ unreachable/, 3, 3],
  [/^\S+ unreachable - need to frag/, 3, 4],
  [/^\S+ unreachable - source route/, 3, 5],
  [/^\S+ unreachable - source host/, 3, 8],
  [/^source quench/, 4, 0],
  [/^redirect \S+ to net/, 5, 0],
  [/^redirect \S+ to host/, 5, 1],
  [/^redirect-tos \S+ to net/, 5, 2],
  [/^redirect-tos \S+ to host/, 5, 3],
  [/^router advertisement/, 9, 0],
  [/^router solicitation/, 10, 0],
  [/^time exceeded in-transit/, 11, 0],
  [/^ip reassembly time exceeded/, 11, 1],
  [/^parameter problem/, 12, 0],
  [/^time stamp (?:query|request)/, 13, 0],
  [/^time stamp reply/, 14, 0],
  [/^information request/, 15, 0],
  [/^information reply/, 16, 0],
  [/^address mask request/, 17, 0],
  [/^address mask (?:is|reply)/, 18, 0],
];

/** print-icmp6.c, icmp6_print. */
const MESSAGES_6: readonly Message[] = [
  [/^destination unreachable.* unreachable route/, 1, 0],
  [/^destination unreachable.* prohibited/, 1, 1],
  [/^destination unreachable.* beyond scope/, 1, 2],
  [/^destination unreachable.* unreachable address/, 1, 3],
  [/^destination unreachable.* (?:unreachable port|port \S+ unreachable)/, 1, 4],
  [/^destination unreachable/, 1, 0],
  [/^packet too big/, 2, 0],
  [/^time exceeded in-transit/, 3, 0],
  [/^ip reassembly time exceeded/, 3, 1],
  [/^time exceeded/, 3, 0],
  [/^parameter problem/, 4, 0],
  [/^echo request/, 128, 0],
  [/^echo reply/, 129, 0],
  [/^multicast listener report v2/, 143, 0],
  [/^multicast listener query/, 130, 0],
  [/^multicast listener report/, 131, 0],
  [/^multicast listener done/, 132, 0],
  [/^router solicitation/, 133, 0],
  [/^router advertisement/, 134, 0],
  [/^neighbor solicitation/, 135, 0],
  [/^neighbor advertisement/, 136, 0],
  [/^redirect/, 137, 0],
];

/** How much of a message is looked at; hardly any is longer. */
const LONGEST = 400;

/** Reads `echo request, id 1, seq 2, length 64` and the like, from behind `ICMP` or `ICMP6,`; `quoted` are octets that an error quotes. */
export function readIcmp(cursor: Cursor, family: Family, quoted: readonly number[] | undefined): TransportText {
  const text = cursor.rest.slice(0, LONGEST);
  const numbered = /^(?:type-#|unknown icmp6 type \()(\d{1,3})/.exec(text)?.[1];
  const known = (family === 4 ? MESSAGES_4 : MESSAGES_6).find(([form]) => form.test(text));
  const [type, code] = known ? [known[1], known[2]] : [numbered === undefined ? undefined : Number(numbered) & 0xff, 0];
  const length = cursor.numberAfter("length");
  const checksum = /\bcksum (?:0x)?([0-9a-f]{1,4}) ?\(?->/.exec(text)?.[1];
  return {
    protocol: family === 4 ? PROTOCOL.icmp : PROTOCOL.icmpv6,
    octets: type === undefined ? [] : [type, code, 0, 0, ...restOf(text, family, type, code), ...behind(text, family, type, quoted)],
    isTold: type !== undefined,
    ...(length !== undefined && { length }),
    ...(checksum !== undefined && { checksum: Number.parseInt(checksum, 16) }),
  };
}

function numberOf(text: string, form: RegExp): number {
  return Number(form.exec(text)?.[1] ?? 0);
}

function restOf(text: string, family: Family, type: number, code: number): number[] {
  const id = /\bid (\d{1,5})\b/.exec(text)?.[1];
  // Before 4.0 the ICMPv6 echo had no id in the text.
  const sequence = /\bseq (\d{1,5})\b/.exec(text)?.[1];
  if (id !== undefined || sequence !== undefined) return [...octetsOf(Number(id ?? 0), 2), ...octetsOf(Number(sequence ?? 0), 2)];
  if (family === 4 && type === 3 && code === 4) return [0, 0, ...octetsOf(numberOf(text, /\(mtu (\d{1,5})\)/), 2)];
  if (family === 4 && type === 12) return [numberOf(text, /octet (\d{1,3})\b/) & 0xff, 0, 0, 0];
  if (family === 4 && type === 5) return addressOctets(/ to (?:net|host) ([\d.]+)/.exec(text)?.[1], 4);
  if (family === 6 && type === 2) return octetsOf(numberOf(text, /\bmtu (\d{1,10})\b/), 4);
  return [0, 0, 0, 0];
}

function addressOctets(text: string | undefined, size: 4 | 16): number[] {
  const address = parseAddress((text ?? "").replace(/[.,:]$/, "").replace(/,.*/, ""));
  if (typeof address === "number" && size === 4) return octetsOf(address, 4);
  if (typeof address !== "bigint" || size === 4) return new Array<number>(size).fill(0);
  return (address.toString(16).padStart(32, "0").match(/../g) ?? []).map((pair) => Number.parseInt(pair, 16));
}

function behind(text: string, family: Family, type: number, quoted: readonly number[] | undefined): readonly number[] {
  if (quoted) return quoted;
  const target = family === 6 && (type === 135 || type === 136) ? /(?:who has|tgt is) ([0-9a-f:.]+)/.exec(text)?.[1] : undefined;
  return target === undefined ? [] : addressOctets(target, 16);
}
