import { type Address, formatAddress } from "../model/address.ts";
import { formatEndpoint } from "../model/endpoint.ts";
import { isIcmp, protocolName, TCP_FLAG } from "../model/packet.ts";
import type { PacketDescription } from "../wire/made-packet.ts";
import { type Around, quoted } from "./machine.ts";

/** A described packet on its way to a machine. */
export interface Sending {
  readonly description: PacketDescription;
  /** Device that it comes in on; absent for one that a local socket sends. */
  readonly in?: string | undefined;
  /** Whether the answer to it is followed as well. */
  readonly reply?: boolean;
  /** The router further on that says of what left last that it is too big, where that is followed as well. */
  readonly tooBig?: Address;
}

/** The command that sends a packet through the machine that the words around name. */
export function packetCommand(sending: Sending, { before, after }: Around): string {
  return [...before, "nettrace", "packet", ...packetWords(sending), ...after].join(" ");
}

function packetWords({ description, in: input, reply, tooBig }: Sending): readonly string[] {
  const { protocol, src, dst, sport, dport, flags, icmp, ttl } = description;
  const words = [isIcmp(protocol) ? "icmp" : protocolName(protocol), formatEndpoint(src, sport), formatEndpoint(dst, dport)];
  if (flags !== undefined) words.push("--flags", flagNames(flags));
  if (icmp) words.push("--type", String(icmp.type), ...(icmp.code === 0 ? [] : ["--code", String(icmp.code)]));
  if (ttl !== undefined) words.push("--ttl", String(ttl));
  words.push(...(input === undefined ? ["--out-of-socket"] : ["--in", quoted(input)]));
  if (reply) words.push("--reply");
  return tooBig === undefined ? words : [...words, "--too-big", formatAddress(tooBig)];
}

function flagNames(flags: number): string {
  const named = Object.entries(TCP_FLAG).filter(([, bit]) => (flags & bit) !== 0);
  return named.map(([name]) => name).join() || "none";
}
