import { devicePlace, namespacesOf, relatedPlace } from "../host-place.ts";
import type { LintRule } from "../lint-rule.ts";

/** Bridge ports that take less than their bridge. */
export const rule: LintRule = {
  id: "NT070",
  name: "port-mtu",
  severity: "warning",
  group: "host",
  summary: "A bridge port has a smaller MTU than its bridge.",
  why: `A bridge does not fragment, and sends no ICMP: a frame that is too long for the port that it leaves by is dropped (br_forward.c, br_dev_queue_push_xmit and is_skb_forwardable). Small packets pass and large ones do not,
so that connections come about and then hang.`,
  exceptions: `Ports and bridges that are down.`,
  bad: {
    "ip-link.txt": `2: br0: <BROADCAST,MULTICAST,UP,LOWER_UP> mtu 9000 qdisc noqueue state UP mode DEFAULT group default qlen 1000
    link/ether 02:00:00:00:00:01 brd ff:ff:ff:ff:ff:ff promiscuity 0
    bridge forward_delay 1500 hello_time 200 max_age 2000
3: eth1: <BROADCAST,MULTICAST,UP,LOWER_UP> mtu 1500 qdisc fq master br0 state UP mode DEFAULT group default qlen 1000
#  ^^^^ NT070: 1500 of this port of br0
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
    for (const { name: netns, devices = [] } of namespacesOf(context)) {
      for (const port of devices) {
        const bridge = devices.find(({ name, kind }) => name === port.master && kind === "bridge");
        const place = devicePlace(context, netns, port.name);
        if (!bridge?.up || !port.up || port.mtu >= bridge.mtu || !place) continue;
        yield {
          ...place,
          message: `The MTU ${port.mtu} of this port of ${bridge.name} is smaller than the bridge's ${bridge.mtu}: longer frames are dropped here.`,
          hint: `ip link set ${bridge.name} mtu ${port.mtu}, or a larger one for the port.`,
          related: relatedPlace(devicePlace(context, netns, bridge.name), `has an MTU of ${bridge.mtu}`),
        };
      }
    }
  },
};
