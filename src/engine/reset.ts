import type { Device } from "../model/host.ts";
import { PROTOCOL, TCP_FLAG, type Tcp } from "../model/packet.ts";
import type { Hook } from "../model/rule.ts";
import { answer, defaultTtl, made } from "./answers.ts";
import { transmit } from "./link.ts";
import type { Netns } from "./netns.ts";
import { routeOutput, sendLocal } from "./output.ts";
import { mayBeReset } from "./reject-checksum.ts";
import { flowKey } from "./route-input.ts";
import type { Run } from "./run.ts";
import type { Skb } from "./skb.ts";
import { Undecided } from "./undecided.ts";

/** nf_send_reset: from the packet's destination back to its source; a RST is never answered. */
export function sendReset(run: Run, netns: Netns, hook: Hook, skb: Skb): void {
  const { packet } = skb;
  const tcp = packet.transport;
  if (tcp?.kind !== "tcp" || tcp.flags & TCP_FLAG.RST || !mayBeReset(hook, skb)) return;
  if (skb.destination?.kind === "broadcast" || skb.destination?.kind === "multicast") return;
  const reset = resetFor(tcp, packet.length - packet.headerLength - tcp.headerLength);
  const own = made(packet.dst, packet.src, PROTOCOL.tcp, 0, 40, reset, defaultTtl(netns), true);
  answer(run, netns, skb, own, "tcp-reset", undefined, (way, reply) => {
    const port = portOf(netns, skb);
    if (!(port ? routeOutput(way, netns, flowKey(reply, "lo"), "output") : sendLocal(way, netns, reply))) return false;
    if (port) returnByPort(way, netns, port, skb, reply);
    if (skb.connection) netns.conntrack?.close(skb.connection, run.time);
    return true;
  });
}

/** The bridge port that a packet came in by (nf_bridge_get_physindev). */
export function portOf(netns: Netns, { bridge }: Skb): Device | undefined {
  return bridge && netns.devices.get(bridge.physIn);
}

/** To a bridge's stations a reset comes from the one that was asked: straight back by the port, past OUTPUT and POSTROUTING. */
export function returnByPort(run: Run, netns: Netns, port: Device, to: Skb, reply: Skb): void {
  // pskb_copy leaves the Ethernet header behind: the kernel reads whatever lies there.
  if (to.duplicate)
    throw new Undecided("which stations a reset about TEE's copy of a bridged packet is from and for: the copy has no Ethernet header");
  const macs = { srcMac: to.dstMac ?? reply.srcMac, dstMac: to.srcMac ?? reply.dstMac };
  transmit(run, netns, port, reply.with({ ...macs, connection: undefined, device: port.name }));
}

/** nf_reject_ip_tcphdr_put, nf_reject_ip6_tcphdr_put */
export function resetFor(tcp: Tcp, data: number): Tcp {
  const acked = (tcp.flags & TCP_FLAG.ACK) !== 0;
  const next = (tcp.seq + data + (tcp.flags & TCP_FLAG.SYN ? 1 : 0) + (tcp.flags & TCP_FLAG.FIN ? 1 : 0)) >>> 0;
  return {
    kind: "tcp",
    sport: tcp.dport,
    dport: tcp.sport,
    seq: acked ? tcp.ack : 0,
    ack: acked ? 0 : next,
    flags: acked ? TCP_FLAG.RST : TCP_FLAG.RST | TCP_FLAG.ACK,
    window: 0,
    headerLength: 20,
    options: [],
  };
}
