import { type Address, inPrefix, type Prefix } from "../model/address.ts";
import type { PacketFilter } from "../model/test-file.ts";
import type { PacketTrace } from "../model/trace.ts";
import { addressesOf } from "./packet-detail.ts";
import { portsOf } from "./words.ts";

/** Whether a filter chooses a captured packet. */
export function isChosen(trace: PacketTrace, filter: PacketFilter): boolean {
  const { packet, flow, frame } = trace;
  const ports = portsOf(packet);
  return (
    within(filter.src, packet.src) &&
    within(filter.dst, packet.dst) &&
    (filter.address === undefined || addressesOf(trace).some((address) => within(filter.address, address))) &&
    among(filter.protocol, packet.protocol) &&
    among(filter.sport, ports?.sport) &&
    among(filter.dport, ports?.dport) &&
    among(filter.flow, flow) &&
    among(filter.packet, frame.number)
  );
}

function within(prefixes: readonly Prefix[] | undefined, address: Address): boolean {
  return prefixes === undefined || prefixes.some((prefix) => inPrefix(address, prefix));
}

function among(values: readonly number[] | undefined, value: number | undefined): boolean {
  return values === undefined || (value !== undefined && values.includes(value));
}
