import { parseNumber } from "../extensions/codecs.ts";
import { type Address, type AddressMask, type Family, maskOf, parseAddress } from "../model/address.ts";

/** `10/8` is 10.0.0.0/8, 010.0.0.1 is 8.0.0.1 and 0xa.0.0.1 is 10.0.0.1: as libxtables reads them (xtables.c, __numeric_to_ipaddr). */
function completed(text: string): string {
  const octets = text.split(".").map((octet) => (/^0([0-7]+|x[0-9a-f]+)$/i.test(octet) ? String(parseNumber(octet)) : octet));
  while (octets.length < 4) octets.push("0");
  return octets.join(".");
}

function readMask(family: Family, text: string): Address | undefined {
  if (/^\d{1,3}$/.test(text)) {
    const length = parseNumber(text, 0, family === 4 ? 32 : 128);
    return length === undefined ? undefined : maskOf(family, length);
  }
  const mask = parseAddress(text);
  return mask !== undefined && (typeof mask === "number") === (family === 4) ? mask : undefined;
}

// What nearly every rule has, `10.0.0.1/32`, without the detours that the other spellings need.
function plainNetwork4(text: string, start: number, end: number): AddressMask | undefined {
  let address = 0;
  let number = -1;
  let dots = 0;
  let slash = false;
  for (let i = start; i < end; i++) {
    const code = text.charCodeAt(i);
    if (code >= 48 && code <= 57) {
      if (number === 0) return undefined;
      number = (number < 0 ? 0 : number * 10) + code - 48;
      if (number > 255) return undefined;
    } else if (number < 0 || slash || code !== (dots < 3 ? 46 : 47)) return undefined;
    else {
      address = address * 256 + number;
      number = -1;
      if (dots < 3) dots++;
      else slash = true;
    }
  }
  if (!slash || number < 0 || number > 32) return undefined;
  const mask = number === 0 ? 0 : (0xffffffff << (32 - number)) >>> 0;
  return { address: (address & mask) >>> 0, mask };
}

/** Reads one address of `-s` or `-d`, a part of a text: an address, a network with a length or a mask; host bits are cleared as the kernel's are. */
export function parseAddressMask(source: string, family: Family, start = 0, end = source.length): AddressMask | undefined {
  const plain = family === 4 ? plainNetwork4(source, start, end) : undefined;
  if (plain) return plain;
  const text = source.slice(start, end);
  const slash = text.indexOf("/");
  // Everything there is, whatever it is called (xtables.c, xtables_ipparse_multiple).
  if (slash > 0 && text.slice(slash) === "/0") return { address: family === 4 ? 0 : 0n, mask: family === 4 ? 0 : 0n };
  const host = slash < 0 ? text : text.slice(0, slash);
  const address = parseAddress(family === 4 ? completed(host) : host);
  if (address === undefined || (typeof address === "number") !== (family === 4)) return undefined;
  const mask = slash < 0 ? maskOf(family, family === 4 ? 32 : 128) : readMask(family, text.slice(slash + 1));
  if (typeof address === "number") return typeof mask === "number" ? { address: (address & mask) >>> 0, mask } : undefined;
  return typeof mask === "bigint" ? { address: address & mask, mask } : undefined;
}

/** What `-s` and `-d` take, for messages. */
export function expectedAddress(family: Family): string {
  return family === 4 ? "an IPv4 address or network (10.0.0.0/8)" : "an IPv6 address or network (2001:db8::/32)";
}
