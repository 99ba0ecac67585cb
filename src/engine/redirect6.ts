import { type Address, formatMac } from "../model/address.ts";
import { IPV6_HEADER, type Packet, PROTOCOL } from "../model/packet.ts";
import { decodeIpv6 } from "../wire/ipv6.ts";
import { isLinkLocal } from "./address6.ts";
import { sendRedirect } from "./answers6.ts";
import { octetsOf } from "./extensions6.ts";
import type { Netns } from "./netns.ts";
import { mayRedirect } from "./peer-limit.ts";
import { routeOutput6 } from "./route6.ts";
import { Run } from "./run.ts";
import { type Destination, rewrite, type Skb } from "./skb.ts";

const REDIRECT = 137;
const HOP_LIMIT = 255;
const MIN_MTU = 1280;
/** The message up to its options (struct rd_msg), the option with the link-layer address, and the header of that with the packet. */
const MESSAGE = 40;
const LINK_OPTION = 8;
const PACKET_OPTION = 8;

/** A router tells the sender of a packet that leaves where it came in of the better way (ip6_output.c, ip6_forward; ndisc.c, ndisc_send_redirect). */
export function redirect6(run: Run, netns: Netns, skb: Skb, destination: Destination): void {
  const { src, dst } = skb.packet;
  const target = destination.nexthop?.via ?? dst;
  const device = netns.devices.get(skb.device);
  if (!device || isWithheld(run, netns, skb) || !mayRedirect(run, netns, dst)) return;
  const source = device.addresses.findLast(({ address, tentative }) => isLinkLocal(address) && !tentative)?.address;
  if (source === undefined || (dst !== target && !isLinkLocal(target))) return;
  const flow = { src: source, dst: src, iif: "lo", oif: device.name, mark: 0, tos: 0, protocol: PROTOCOL.icmpv6 };
  const own = new Run(run.world, run.time);
  const route = routeOutput6(own, netns, flow, "output");
  if (!route || route.nexthop?.via !== undefined || !mayRedirect(run, netns, src)) return;
  const packet = redirectPacket(skb.packet, source, target, macOf(netns, destination.device, target));
  if (packet) sendRedirect(run, own, netns, packet, { device: device.name, route });
}

/** The kernel was seen to send none about a connection that a broadcast behind a bridge had opened; what in it does that is not known. */
function isWithheld(run: Run, netns: Netns, { connection }: Skb): boolean {
  if (!connection?.fromMany) return false;
  const why = "what the kernel makes of a connection that a frame for many has opened; a capture shows whether there is one";
  return run.world.choices.ask(
    `${netns.name}|redirect|${connection.id}`,
    (value) => `${netns.name} ${value ? "does not send" : "sends"} a redirect (not known: ${why})`,
  );
}

function macOf(netns: Netns, device: string, address: Address): number | undefined {
  if (netns.devices.get(device)?.flags.includes("NOARP")) return undefined;
  return netns.neighbour(device, address)?.mac;
}

function bytesOf(address: Address): number[] {
  return Array.from({ length: 16 }, (_, i) => Number((BigInt(address) >> BigInt(120 - 8 * i)) & 255n));
}

function redirectPacket(about: Packet, source: Address, target: Address, mac: number | undefined): Packet | undefined {
  const link =
    mac === undefined
      ? []
      : [
          2,
          1,
          ...formatMac(mac)
            .split(":")
            .map((octet) => Number.parseInt(octet, 16)),
        ];
  const room = MIN_MTU - IPV6_HEADER - MESSAGE - (mac === undefined ? 0 : LINK_OPTION);
  const size = Math.min(room, about.length + PACKET_OPTION) & ~7;
  const quote = octetsOf(about).subarray(0, size - PACKET_OPTION);
  const message = [
    ...[REDIRECT, 0, 0, 0, 0, 0, 0, 0],
    ...bytesOf(target),
    ...bytesOf(about.dst),
    ...link,
    ...[4, size >> 3, 0, 0, 0, 0, 0, 0],
    ...quote,
  ];
  const header = [0x60, 0, 0, 0, message.length >> 8, message.length & 255, PROTOCOL.icmpv6, HOP_LIMIT];
  const octets = Uint8Array.from([...header, ...bytesOf(source), ...bytesOf(about.src), ...message]);
  const packet = decodeIpv6(octets, 0, octets.length, octets.length, 0);
  return typeof packet === "string" ? undefined : { ...withOpenPorts(packet, about), checksum: "good" };
}

/** A redirect whose quote has the ports and ids that the packet itself has, or has open. */
function withOpenPorts(redirect: Packet, about: Packet): Packet {
  const { transport } = redirect;
  if (transport?.kind !== "icmp" || !transport.quoted) return redirect;
  const quoted = { ...withPortsOf(transport.quoted, about), ...(about.drawnId && { drawnId: true as const }) };
  return { ...redirect, transport: { ...transport, quoted } };
}

/** No octets can say that NAT drew a port, or an id, that is not known; in a quote within an error they cannot, either. */
function withPortsOf(quoted: Packet, { transport: own }: Packet): Packet {
  if (!own) return quoted;
  const ports = "sport" in own ? { sport: own.sport, dport: own.dport } : undefined;
  const id = own.kind === "icmp" && own.id !== undefined ? { icmpId: own.id } : undefined;
  const outer = rewrite(quoted, { ...ports, ...id });
  const { transport } = outer;
  if (own.kind !== "icmp" || !own.quoted || transport?.kind !== "icmp" || !transport.quoted) return outer;
  return { ...outer, transport: { ...transport, quoted: withPortsOf(transport.quoted, own.quoted) } };
}
