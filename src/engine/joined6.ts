import { type Address, maskOf } from "../model/address.ts";
import type { Device } from "../model/host.ts";
import { solicitedNode } from "./address6.ts";
import type { Netns } from "./netns.ts";

const ALL_NODES: readonly bigint[] = [0xff010000000000000000000000000001n, 0xff020000000000000000000000000001n];
const ALL_ROUTERS: readonly bigint[] = [
  0xff010000000000000000000000000002n,
  0xff020000000000000000000000000002n,
  0xff050000000000000000000000000002n,
];
const ALL_SNOOPERS = 0xff02000000000000000000000000006an;
const MULTICAST_FLAGS = "MULTICAST";

/** Whether a device has joined a group of its own accord (ipv6_add_dev, dev_forward_change, addrconf_join_solict, br_multicast_join_snoopers). */
export function hasJoined6(netns: Netns, device: Device, group: Address): boolean {
  if (typeof group !== "bigint") return false;
  if (ALL_NODES.includes(group)) return true;
  const router = netns.deviceSysctl6(device.name, "forwarding", 0) !== 0;
  if (router && device.flags.includes(MULTICAST_FLAGS) && ALL_ROUTERS.includes(group)) return true;
  if (group === ALL_SNOOPERS && device.bridge?.multicastSnooping) return true;
  return device.addresses.some(({ address, length }) => {
    if (typeof address !== "bigint") return false;
    const subnetRouter = router && length < 127 ? address & BigInt(maskOf(6, length)) : undefined;
    return solicitedNode(address) === group || (subnetRouter !== undefined && solicitedNode(subnetRouter) === group);
  });
}
