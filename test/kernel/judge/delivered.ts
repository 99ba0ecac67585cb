import type { LabDelivery } from "../lab/protocol.ts";
import { ipv6 } from "../wire/build.ts";

/** The IPv6 packet that a raw socket got, with the header that the kernel has kept; extension headers it has not. */
export function deliveredPacket(one: Exclude<LabDelivery, { readonly packet: string }>): Uint8Array {
  return ipv6({
    src: one.source,
    dst: one.destination,
    protocol: one.protocol,
    hopLimit: one.hopLimit,
    trafficClass: (one.flow >> 20) & 0xff,
    flowLabel: one.flow & 0xfffff,
    payload: Uint8Array.from(Buffer.from(one.payload, "hex")),
  });
}
