import type { Negatable } from "../model/rule.ts";
import { ORDERED_PORT_RANGE, PORT_RANGE, type Range } from "./codecs.ts";
import { says } from "./condition.ts";
import { type Draw, spanOption } from "./draw.ts";

type PortOption = Negatable<Range> | undefined;

/** `--sport` and `--dport` of tcp and sctp. */
export const PORT_OPTIONS = {
  sport: { flag: "--sport", aliases: ["--source-port"], codec: ORDERED_PORT_RANGE, negatable: true },
  dport: { flag: "--dport", aliases: ["--destination-port"], codec: ORDERED_PORT_RANGE, negatable: true },
} as const;

/** `--sport` and `--dport` of udp, which takes any range. */
export const LOOSE_PORT_OPTIONS = {
  sport: { ...PORT_OPTIONS.sport, codec: PORT_RANGE },
  dport: { ...PORT_OPTIONS.dport, codec: PORT_RANGE },
} as const;

/** Leaves out a range of all ports, which no save prints, not even negated. */
export function withoutFullRange(option: PortOption): PortOption {
  return option?.value[0] === 0 && option.value[1] === 65535 ? undefined : option;
}

/** Whether a number lies in an inclusive range. */
export function within(value: number, [low, high]: Range): boolean {
  return value >= low && value <= high;
}

interface GivenPorts {
  readonly sport?: Negatable<Range> | undefined;
  readonly dport?: Negatable<Range> | undefined;
}

/**
 * Whether ports are those of a rule that iptables-nft 1.8.9 has loaded: it compares two single ports other than 0 as one number, so that
 * `! --sport A ! --dport B` holds unless both are met (nft-shared.c, add_nft_tcpudp).
 */
export function nftPortsHold({ sport, dport }: GivenPorts, found: { readonly sport: number; readonly dport: number }): boolean {
  const source = sport ? within(found.sport, sport.value) : true;
  const destination = dport ? within(found.dport, dport.value) : true;
  const single = ({ value: [low, high] }: Negatable<Range>) => low === high && low !== 0;
  if (sport?.not && dport?.not && single(sport) && single(dport)) return !(source && destination);
  return (sport?.not ? !source : source) && (dport?.not ? !destination : destination);
}

/** "80" or "80 to 90". */
export function rangeWords([low, high]: Range): string {
  return low === high ? String(low) : `${low} to ${high}`;
}

/** "TCP source port 1, TCP destination port 2 to 5". */
export function portWords(protocol: string, args: { readonly sport?: PortOption; readonly dport?: PortOption }): readonly string[] {
  const of = (side: string) => (value: Range) => `${protocol} ${side} port ${rangeWords(value)}`;
  return [...says(args.sport, of("source")), ...says(args.dport, of("destination"))];
}

/** `--sport` and `--dport` of the traffic, each maybe negated. */
export function drawPortOptions(d: Draw, loose = false): readonly string[] {
  return [spanOption(d, "--sport", d.port("src"), 65_535, loose), spanOption(d, "--dport", d.port("dst"), 65_535, loose)];
}
