import type { Device, Namespace } from "../../model/host.ts";
import { devicePlace, namespacesOf, relatedPlace } from "../host-place.ts";
import type { LintRule } from "../lint-rule.ts";

interface InNetns {
  readonly netns: string;
  readonly device: Device;
}

/** The other end of a veth pair, where the snapshot has one device that can be it. */
function peerOf({ name, netnsIds }: Namespace, device: Device, all: readonly InNetns[]): InNetns | undefined {
  if (device.kind !== "veth" || device.linkIndex === undefined) return undefined;
  const netns = device.linkNetns ?? (device.linkNetnsId === undefined ? name : netnsIds?.get(device.linkNetnsId));
  if (netns === undefined) return undefined;
  return all.find(
    (one) => one.netns === netns && one.device.index === device.linkIndex && one.device.linkIndex === device.index && one.device !== device,
  );
}

/** A device that is up, and what it hangs on down. */
export const rule: LintRule = {
  id: "NT068",
  name: "link-down",
  severity: "warning",
  group: "host",
  summary: "A device is up, but its veth peer, or the bridge that it is a port of, is down.",
  why: `A veth pair is a cable: while one end is down the other has no carrier, and what is sent on it is lost. A port hands what comes in to its bridge, and a bridge that is down takes nothing.
\`ip link set DEV up\` for the other one was forgotten, often since it is in another namespace.`,
  exceptions: `Ports and ends that are down themselves. Nothing is said where the other end is in a namespace that the snapshot does not have.`,
  bad: {
    "ip-link.txt": `2: br0: <BROADCAST,MULTICAST> mtu 1500 qdisc noqueue state DOWN mode DEFAULT group default qlen 1000
#  ^^^ NT068: br0 is down, and its port eth1 is up
    link/ether 02:00:00:00:00:01 brd ff:ff:ff:ff:ff:ff promiscuity 0
    bridge forward_delay 1500 hello_time 200 max_age 2000
3: eth1: <BROADCAST,MULTICAST,UP,LOWER_UP> mtu 1500 qdisc fq master br0 state UP mode DEFAULT group default qlen 1000
    link/ether 02:00:00:00:00:02 brd ff:ff:ff:ff:ff:ff
`,
    "iptables-save.txt": "",
  },
  good: {
    "ip-link.txt": `2: br0: <BROADCAST,MULTICAST,UP,LOWER_UP> mtu 1500 qdisc noqueue state UP mode DEFAULT group default qlen 1000
    link/ether 02:00:00:00:00:01 brd ff:ff:ff:ff:ff:ff promiscuity 0
    bridge forward_delay 1500 hello_time 200 max_age 2000
3: eth1: <BROADCAST,MULTICAST,UP,LOWER_UP> mtu 1500 qdisc fq master br0 state UP mode DEFAULT group default qlen 1000
    link/ether 02:00:00:00:00:02 brd ff:ff:ff:ff:ff:ff
`,
    "iptables-save.txt": "",
  },
  *check(context) {
    const namespaces = namespacesOf(context);
    const all = namespaces.flatMap(({ name: netns, devices = [] }) => devices.map((device) => ({ netns, device })));
    const told = new Set<Device>();
    for (const namespace of namespaces) {
      for (const device of namespace.devices ?? []) {
        if (!device.up) continue;
        const bridge = all.find(
          ({ netns, device: one }) => netns === namespace.name && one.name === device.master && one.kind === "bridge",
        );
        const peer = peerOf(namespace, device, all);
        for (const other of [bridge, peer]) {
          if (!other || other.device.up || told.has(other.device)) continue;
          const place = devicePlace(context, other.netns, other.device.name);
          if (!place) continue;
          told.add(other.device);
          const where = other.netns === namespace.name ? "" : ` of ${other.netns}`;
          yield {
            ...place,
            message: `${other.device.name}${where} is down, and its ${other === bridge ? "port" : "peer"} ${device.name}${where && ` of ${namespace.name}`} is up: nothing passes.`,
            hint: `ip link set ${other.device.name} up`,
            related: relatedPlace(devicePlace(context, namespace.name, device.name), "is up"),
          };
        }
      }
    }
  },
};
