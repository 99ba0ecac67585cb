import type { Device } from "../model/host.ts";
import type { Packet } from "../model/packet.ts";
import { sendIcmp6Error } from "./answers6.ts";
import { cut } from "./fragments.ts";
import { cut6 } from "./fragments6.ts";
import { transmit } from "./link.ts";
import type { Netns } from "./netns.ts";
import type { Run } from "./run.ts";
import { isTaken } from "./segments.ts";
import type { Skb } from "./skb.ts";

const PACKET_TOO_BIG = 2;

/** br_dev_queue_push_xmit: a port takes what fits its MTU, with room for a VLAN tag. */
export function pushOut(run: Run, netns: Netns, port: Device, skb: Skb): void {
  if (!isTaken(skb, port)) {
    run.drop(skb, "too-big", `the bridge port ${port.name} takes no packets of more than ${port.mtu} octets (its MTU)`);
    return;
  }
  skb.device = port.name;
  transmit(run, netns, port, skb);
}

/**
 * br_nf_dev_queue_xmit and br_nf_ip_fragment: bridge netfilter cuts what it has put together, and what is too long for the port.
 * The bridge's own MTU stands for that of a route; of what cannot be cut nobody is told with IPv4.
 */
export function refit(run: Run, netns: Netns, bridge: Device, port: Device, skb: Skb): readonly Packet[] {
  const { packet, fragMaxSize } = skb;
  if (skb.segment !== undefined || packet.length <= Math.min(port.mtu, fragMaxSize ?? port.mtu)) return [packet];
  if (packet.family === 6) {
    const pieces = packet.length > bridge.mtu && !skb.ignoreDf ? undefined : cut6(skb, bridge.mtu);
    if (pieces) return pieces;
    sendIcmp6Error(run, netns, skb, PACKET_TOO_BIG, 0, { mtu: bridge.mtu });
    run.drop(skb, "too-big", `it is ${packet.length} octets long and is not fragmented, but the MTU of ${port.name} is ${port.mtu}`);
    return [];
  }
  if ((packet.dontFragment && !skb.ignoreDf) || (fragMaxSize ?? 0) > bridge.mtu) {
    const why = packet.dontFragment && !skb.ignoreDf ? "must not be fragmented" : `came in fragments of up to ${fragMaxSize} octets`;
    run.drop(skb, "too-big", `it is ${packet.length} octets long and ${why}, but the MTU of ${port.name} is ${port.mtu}`);
    return [];
  }
  return cut(skb, bridge.mtu);
}
