import { type Address, type Family, familyOf, formatAddress, parseAddress } from "../model/address.ts";
import { parseNumber, parsePort, type Range, saveRange, word } from "./codecs.ts";
import type { NatRange } from "./effect.ts";
import type { Codec } from "./spec.ts";

/** Where a NAT target sends to: addresses, ports, or both. */
export interface NatTo {
  readonly addresses?: readonly [Address, Address];
  readonly ports?: Range;
  readonly basePort?: number;
}

/** Reads "80", "80-90" or "80-90/100", with names for single ports (libxt_NAT.c, parse_ports). */
function parsePorts(text: string, withBase: boolean): Pick<NatTo, "ports" | "basePort"> | undefined {
  const only = text.includes("/") ? undefined : parsePort(text);
  if (only !== undefined) return { ports: [only, only] };
  const [range = "", base, ...rest] = text.split("/");
  const whole = parsePort(range);
  const [first = "", second, ...more] = whole === undefined ? range.split("-") : [range];
  const low = whole ?? parsePort(first);
  const high = second === undefined ? low : parseNumber(second, 0, 65_535);
  if (rest.length > 0 || more.length > 0 || low === undefined || high === undefined || low > high) return undefined;
  if (base === undefined) return { ports: [low, high] };
  const shift = parseNumber(base, 1, 65_535) ?? parsePort(base);
  return !withBase || second === undefined || !shift ? undefined : { ports: [low, high], basePort: shift };
}

function halves4(text: string): readonly [string, string | undefined] {
  const colon = text.indexOf(":");
  return colon < 0 ? [text, undefined] : [text.slice(0, colon), text.slice(colon + 1)];
}

function halves6(text: string): readonly [string, string | undefined] {
  const split = /^(?:\[([^\]]*)\](?::(.+))?|:(.+))$/.exec(text);
  return split ? [split[1] ?? "", split[2] ?? split[3]] : [text, undefined];
}

function parseTo(family: Family, text: string, withBase: boolean): NatTo | undefined {
  const [span, portText] = family === 4 ? halves4(text) : halves6(text);
  if (portText === "") return undefined;
  const ports = portText === undefined ? {} : parsePorts(portText, withBase);
  if (!ports || (span === "" && portText === undefined)) return undefined;
  if (span === "") return ports;
  const [first = "", second, ...rest] = span.split("-");
  const low = parseAddress(first);
  const high = second === undefined ? low : parseAddress(second);
  if (rest.length > 0 || low === undefined || high === undefined || familyOf(low) !== family || familyOf(high) !== family) return undefined;
  return { addresses: [low, high], ...ports };
}

/** "1.1.1.1-1.1.1.9:80-90/100", or with brackets for IPv6. */
export function saveTo({ addresses, ports, basePort }: NatTo): string {
  const span = addresses ? [...new Set(addresses)].map(formatAddress).join("-") : "";
  if (!ports) return span;
  const head = addresses && typeof addresses[0] === "bigint" ? `[${span}]` : span;
  return `${head}:${savePorts({ ports, ...(basePort !== undefined && { basePort }) })}`;
}

/** "80-90/100". */
export function savePorts({ ports, basePort }: Pick<NatTo, "ports" | "basePort">): string {
  return `${ports ? saveRange(ports, "-") : ""}${basePort === undefined ? "" : `/${basePort}`}`;
}

/** `--to-destination` and `--to-source`. */
export function natTo(family: Family, withBase: boolean): Codec<NatTo> {
  const expected =
    family === 4
      ? "an address or range (a-b), with :port or :port-port"
      : "an address or range (a-b), in brackets with :port or :port-port";
  return word(expected, (text) => parseTo(family, text, withBase), saveTo);
}

/** `--to-ports` of REDIRECT and MASQUERADE. */
export const TO_PORTS: Codec<NatTo> = word("a port, a range (a-b) or a service name", (text) => parsePorts(text, false), savePorts);

/** The range as the kernel keeps it. */
export function rangeOf(manip: "src" | "dst", to: NatTo | undefined, random: boolean, persistent: boolean): NatRange {
  return {
    manip,
    ...(to?.addresses && { minAddress: to.addresses[0], maxAddress: to.addresses[1] }),
    ...(to?.ports && { minPort: to.ports[0], maxPort: to.ports[1] }),
    ...(to?.basePort !== undefined && { basePort: to.basePort }),
    ...(random && { random }),
    ...(persistent && { persistent }),
  };
}
