import { type Address, formatAddress } from "../../model/address.ts";
import type { Device, Namespace } from "../../model/host.ts";
import { devicePlace, namespacesOf, relatedPlace } from "../host-place.ts";
import type { LintRule } from "../lint-rule.ts";

interface Holder {
  readonly netns: string;
  readonly device: Device;
}

/** The link that a device is on: its bridge, or that of its veth peer. Undefined where it is on none that is known. */
function segmentOf({ name, netnsIds }: Namespace, device: Device, namespaces: readonly Namespace[]): string | undefined {
  if (device.kind === "bridge") return device.bridge?.vlanFiltering ? undefined : `${name} ${device.name}`;
  if (device.kind !== "veth" || device.linkIndex === undefined) return undefined;
  const netns = device.linkNetns ?? (device.linkNetnsId === undefined ? name : netnsIds?.get(device.linkNetnsId));
  const devices = namespaces.find((one) => one.name === netns)?.devices ?? [];
  const peer = devices.find(({ index }) => index === device.linkIndex);
  const bridge = peer?.up ? devices.find((one) => one.name === peer.master) : undefined;
  return bridge?.kind !== "bridge" || bridge.bridge?.vlanFiltering ? undefined : `${netns} ${bridge.name}`;
}

const LINKS = `2: br0: <BROADCAST,MULTICAST,UP,LOWER_UP> mtu 1500 qdisc noqueue state UP group default qlen 1000
    link/ether 02:00:00:00:00:01 brd ff:ff:ff:ff:ff:ff promiscuity 0
    bridge forward_delay 1500 hello_time 200 max_age 2000
    inet 10.0.0.1/24 scope global br0
       valid_lft forever preferred_lft forever
3: veth1@if2: <BROADCAST,MULTICAST,UP,LOWER_UP> mtu 1500 qdisc noqueue master br0 state UP group default qlen 1000
    link/ether 02:00:00:00:00:02 brd ff:ff:ff:ff:ff:ff link-netns red promiscuity 0
    veth
`;

/** Two machines of one link with the same address. */
export const rule: LintRule = {
  id: "NT069",
  name: "duplicate-address",
  severity: "warning",
  group: "host",
  summary: "Two devices on the same bridge have the same address.",
  why: `Whoever asks by ARP who has the address gets two answers, and remembers one of them, now this, now that: connections hang and come back by themselves.`,
  exceptions: `The same address on links that have nothing to do with each other, devices that are down, bridges that keep VLANs apart, and one namespace's own devices. Nothing is said where it cannot be seen which bridge a device is behind.`,
  bad: {
    "ip-addr.txt": LINKS,
    "iptables-save.txt": "",
    "red/ip-addr.txt": `2: eth0@if3: <BROADCAST,MULTICAST,UP,LOWER_UP> mtu 1500 qdisc noqueue state UP group default qlen 1000
#  ^^^^ NT069: 10.0.0.1
    link/ether 02:00:00:00:00:03 brd ff:ff:ff:ff:ff:ff link-netns host promiscuity 0
    veth
    inet 10.0.0.1/24 scope global eth0
       valid_lft forever preferred_lft forever
`,
  },
  good: {
    "ip-addr.txt": LINKS,
    "iptables-save.txt": "",
    "red/ip-addr.txt": `2: eth0@if3: <BROADCAST,MULTICAST,UP,LOWER_UP> mtu 1500 qdisc noqueue state UP group default qlen 1000
    link/ether 02:00:00:00:00:03 brd ff:ff:ff:ff:ff:ff link-netns host promiscuity 0
    veth
    inet 10.0.0.2/24 scope global eth0
       valid_lft forever preferred_lft forever
`,
  },
  *check(context) {
    const namespaces = namespacesOf(context);
    const holders = new Map<string, Holder>();
    for (const namespace of namespaces) {
      for (const device of namespace.devices ?? []) {
        const segment = device.up ? segmentOf(namespace, device, namespaces) : undefined;
        const addresses: readonly Address[] = device.addresses.flatMap(({ address, scope }) => (scope === "global" ? address : []));
        if (segment === undefined) continue;
        for (const address of addresses) {
          const key = `${segment} ${formatAddress(address)}`;
          const other = holders.get(key);
          holders.set(key, other ?? { netns: namespace.name, device });
          const place = other && devicePlace(context, namespace.name, device.name);
          if (!other || !place || other.netns === namespace.name) continue;
          yield {
            ...place,
            message: `${formatAddress(address)} of ${namespace.name} is also an address of ${other.device.name} of ${other.netns}, behind the same bridge.`,
            related: relatedPlace(devicePlace(context, other.netns, other.device.name), `has ${formatAddress(address)} as well`),
          };
        }
      }
    }
  },
};
