import { type Packet, PROTOCOL } from "../model/packet.ts";
import { extensionsOf } from "./extensions6.ts";

/** What policy rules compare of the headers behind the IP header; without ports where there are none that are read. */
export interface Dissected {
  readonly protocol: number;
  readonly sport?: number;
  readonly dport?: number;
}

/** Where ports begin; of ESP and AH the index of the security association stands for them (include/net/ip.h, proto_ports_offset). */
const PORTS_AT: ReadonlyMap<number, number> = new Map([
  [PROTOCOL.tcp, 0],
  [PROTOCOL.udp, 0],
  [PROTOCOL.dccp, 0],
  [PROTOCOL.esp, 0],
  [PROTOCOL.sctp, 0],
  [PROTOCOL.udplite, 0],
  [PROTOCOL.ah, 4],
]);

/** The headers of IPv6 that are gone by; a fragment header and AH end the way. */
const PASSED: readonly number[] = [PROTOCOL.hopopt, PROTOCOL["ipv6-route"], PROTOCOL["ipv6-opts"]];

/** Protocol and ports as policy rules see them (net/core/flow_dissector.c, __skb_flow_dissect, by fib6_rules_early_flow_dissect). */
export function dissect(packet: Packet): Dissected {
  for (const { name, number, octets } of extensionsOf(packet)) {
    if (name === "fragment") return { protocol: octets[0] ?? 0 };
    if (!PASSED.includes(number)) return { protocol: number, ...portsIn(number, octets) };
  }
  const { transport, fragment, protocol, payload, family, defect } = packet;
  if (fragment) return { protocol };
  if (transport && "sport" in transport) return { protocol, sport: transport.sport, dport: transport.dport };
  // A header that is longer than the packet still says what comes behind it.
  if (family === 6 && defect !== undefined && PASSED.includes(protocol)) return { protocol: payload[0] ?? protocol };
  return { protocol, ...portsIn(protocol, payload) };
}

/** skb_flow_get_ports: four octets, even of a header that is otherwise malformed. */
function portsIn(protocol: number, octets: ArrayLike<number>): { readonly sport?: number; readonly dport?: number } {
  const at = PORTS_AT.get(protocol);
  if (at === undefined || octets.length < at + 4) return {};
  const port = (from: number) => ((octets[from] ?? 0) << 8) | (octets[from + 1] ?? 0);
  return { sport: port(at), dport: port(at + 2) };
}
