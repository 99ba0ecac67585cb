import { Flags } from "@oclif/core";
import { addressesOf } from "../explain/packet-detail.ts";
import { inPrefix, type Prefix, parsePrefix } from "../model/address.ts";
import { PROTOCOL } from "../model/packet.ts";
import type { PacketTrace } from "../model/trace.ts";
import { UsageFailure } from "./failure.ts";

/** Which packets of a capture are of interest. */
export const filterFlags = {
  verdict: Flags.string({
    summary: "only packets with this verdict; may be repeated",
    options: ["delivered", "forwarded", "dropped", "rejected", "queued", "unknown"],
    multiple: true,
    multipleNonGreedy: true,
    helpGroup: "FILTER",
  }),
  flow: Flags.integer({
    summary: "only this connection, by its number; may be repeated",
    helpValue: "N",
    min: 1,
    multiple: true,
    multipleNonGreedy: true,
    helpGroup: "FILTER",
  }),
  protocol: Flags.string({ summary: "only this protocol, by name or number", helpValue: "PROTO", helpGroup: "FILTER" }),
  address: Flags.string({
    summary: "only packets from or to this address or prefix, before or after translation; may be repeated",
    helpValue: "ADDRESS[/LEN]",
    multiple: true,
    multipleNonGreedy: true,
    helpGroup: "FILTER",
  }),
};

/** What the flags say of which packets are wanted. */
export interface FilterValues {
  readonly verdict?: readonly string[] | undefined;
  readonly flow?: readonly number[] | undefined;
  readonly protocol?: string | undefined;
  readonly address?: readonly string[] | undefined;
}

/** The filter that the flags ask for; undefined when they ask for none. */
export function filterOf(flags: FilterValues): ((trace: PacketTrace) => boolean) | undefined {
  const tests: ((trace: PacketTrace) => boolean)[] = [];
  const { verdict, flow, protocol, address } = flags;
  if (verdict) tests.push((trace) => verdict.includes(trace.way.verdict));
  if (flow) tests.push((trace) => flow.includes(trace.flow));
  if (protocol !== undefined) {
    const number = protocolNumber(protocol);
    tests.push((trace) => trace.packet.protocol === number);
  }
  if (address) {
    const prefixes = address.map(readPrefix);
    tests.push((trace) => addressesOf(trace).some((value) => prefixes.some((prefix) => inPrefix(value, prefix))));
  }
  return tests.length > 0 ? (trace) => tests.every((test) => test(trace)) : undefined;
}

function readPrefix(text: string): Prefix {
  const prefix = parsePrefix(text);
  if (!prefix) throw new UsageFailure(`--address expects an address or a prefix like 10.0.0.0/8, found "${text}"`);
  return prefix;
}

/** A protocol's number by its name or number. */
export function protocolNumber(text: string): number {
  const known: Readonly<Record<string, number>> = PROTOCOL;
  const number = known[text.toLowerCase()] ?? (/^\d{1,3}$/.test(text) ? Number(text) : undefined);
  if (number === undefined || number > 255)
    throw new UsageFailure(`"${text}" is not a protocol: expected tcp, udp, icmp, another name or a number`);
  return number;
}
