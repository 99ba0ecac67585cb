import { type Address, formatAddress, formatMac, MAC_BROADCAST } from "../model/address.ts";
import type { Device } from "../model/host.ts";
import type { NeighbourStep } from "../model/trace.ts";
import { transmit } from "./link.ts";
import { headerCache, type Netns, UNKNOWN_DEVICE } from "./netns.ts";
import { ANOTHER_DEVICE } from "./rule-hints.ts";
import type { Run } from "./run.ts";
import type { Skb } from "./skb.ts";

/** ip_finish_output2 and ip6_finish_output2: the link-layer address of the next hop, and the device. */
export function toNeighbour(run: Run, netns: Netns, skb: Skb): void {
  const destination = skb.destination;
  if (!destination) return;
  const device = netns.devices.get(destination.device);
  if (!device) {
    const named = destination.device !== UNKNOWN_DEVICE && destination.device !== ANOTHER_DEVICE;
    run.seen(skb.packet);
    run.end("forwarded", { netns: netns.name, ...(named ? { interface: destination.device } : {}) });
    if (named) run.appear(skb, destination.device);
    return;
  }
  skb.device = device.name;
  if (!device.up) {
    run.drop(skb, "device-down", `${device.name} is down`);
    return;
  }
  if (device.kind === "loopback") {
    skb.dstMac = 0;
    return transmit(run, netns, device, skb);
  }
  const nexthop = destination.nexthop?.via ?? skb.packet.dst;
  const kind = destination.route?.type === "broadcast" ? "broadcast" : destination.kind;
  const mac = resolve(run, netns, device, nexthop, kind);
  if (mac === "none") {
    run.drop(skb, "no-neighbour", `nobody on ${device.name} answers for ${formatAddress(nexthop)} (${asks(nexthop)})`);
    return;
  }
  skb.dstMac = mac;
  const cached = headerCache(netns.name, device.name, nexthop);
  if (device.kind === "bridge" && !run.world.state.peek(cached)) run.world.state.set(cached, true);
  if (device.mac !== undefined) skb.srcMac = device.mac;
  transmit(run, netns, device, skb);
}

/** The link-layer address of a next hop: from the neighbour table, else from who has the address; "none" when nobody can have it. */
function resolve(run: Run, netns: Netns, device: Device, address: Address, kind: string): number | "none" | undefined {
  if (kind === "broadcast") return MAC_BROADCAST;
  if (kind === "multicast") return groupMac(address);
  if (device.flags.includes("NOARP") || device.flags.includes("POINTOPOINT")) return undefined;
  const entry = netns.neighbour(device.name, address);
  const step = (mac: number | undefined, text?: string): NeighbourStep => ({
    kind: "neighbour",
    netns: netns.name,
    interface: device.name,
    address: formatAddress(address),
    ...(mac === undefined ? {} : { mac: formatMac(mac) }),
    ...(text ? { note: text } : {}),
  });
  if (entry?.mac !== undefined) {
    const known = netns.neighbourSteps.get(entry) ?? step(entry.mac);
    netns.neighbourSteps.set(entry, known);
    run.steps.push(known);
    return entry.mac;
  }
  const note = (mac: number | undefined, text?: string) => run.steps.push(step(mac, text));
  const owner = run.world.ownerOf(netns, device, address);
  if (owner === "nobody") {
    note(undefined, "no answer");
    return "none";
  }
  if (owner !== undefined) {
    note(owner);
    return owner;
  }
  if (netns.namespace.neighbours) {
    run.world.assumptions.add({
      id: "neighbour",
      text: `${formatAddress(address)} answers ${asks(address)} on ${device.name}`,
      flag: "--snapshot (ip-neigh.json)",
    });
  }
  return undefined;
}

/** The Ethernet address of a group (ip_eth_mc_map, ipv6_eth_mc_map). */
export function groupMac(group: Address): number {
  return typeof group === "number" ? 0x01005e000000 + (group & 0x7fffff) : 0x333300000000 + Number(group & 0xffffffffn);
}

/** What asks for a neighbour's address. */
function asks(address: Address): string {
  return typeof address === "number" ? "ARP" : "neighbour discovery";
}
