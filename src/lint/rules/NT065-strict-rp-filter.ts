import { formatAddress, parseAddress } from "../../model/address.ts";
import type { Device, Namespace, Route } from "../../model/host.ts";
import { PROTOCOL } from "../../model/packet.ts";
import type { LintContext } from "../context.ts";
import type { Found } from "../finding.ts";
import { escaped, namespacesOf, relatedPlace, routePlace, sysctlPlace } from "../host-place.ts";
import type { LintRule } from "../lint-rule.ts";
import { machineOfNetns } from "../machine.ts";
import { CLIENT_PORT, ODD_PORT } from "../outside.ts";
import { ask } from "../probe.ts";

const STRANGER = parseAddress("198.51.100.7");

/** The setting that makes a device strict: the larger of its own and that of all counts (IN_DEV_RPFILTER). */
function strictness({ sysctls }: Namespace, device: string): string | undefined {
  const keys = ["all", device].map((name) => `net.ipv4.conf.${name}.rp_filter`);
  const values = keys.map((key) => Number(sysctls?.get(key) ?? Number.NaN));
  return Math.max(...values) === 1 ? keys.findLast((key) => sysctls?.get(key) === "1") : undefined;
}

/** Routes by a gateway or to a network, on a device, from which packets can be expected there. */
function routesBy({ routes = [] }: Namespace, { name }: Device): readonly Route[] {
  return routes.filter(
    ({ type, destination, nexthops, table }) =>
      type === "unicast" &&
      table !== "local" &&
      destination.length < 31 &&
      nexthops.length === 1 &&
      nexthops.some(({ device }) => device === name),
  );
}

function* filtered(context: LintContext, namespace: Namespace): Generator<Found> {
  const machine = machineOfNetns(context, namespace.name);
  if (!machine || !namespace.addressesKnown) return;
  for (const device of namespace.devices ?? []) {
    const key = device.up && device.kind !== "loopback" ? strictness(namespace, device.name) : undefined;
    const own = device.addresses.find(({ address, scope }) => typeof address === "number" && scope === "global")?.address;
    if (key === undefined || own === undefined) continue;
    for (const route of routesBy(namespace, device)) {
      const { address, length } = route.destination;
      const source = length === 0 ? STRANGER : typeof address === "number" ? address + 2 : undefined;
      if (source === undefined) continue;
      const description = { protocol: PROTOCOL.udp, src: source, dst: own, sport: CLIENT_PORT, dport: ODD_PORT };
      const answer = ask(machine, { description, in: device.name, facts: [] });
      const place = routePlace(context, namespace.name, new RegExp(`^${escaped(route.text)}`));
      if (answer?.way.verdict !== "dropped" || answer.way.at.reason !== "rp_filter" || !place) continue;
      const witness = answer.witness("dropped by rp_filter");
      yield {
        ...place,
        message: `What comes in on ${device.name} from ${formatAddress(source)}, where this route leads, is dropped by reverse path filtering: the way back is by another device.`,
        hint: `Make it loose (net.ipv4.conf.${device.name}.rp_filter = 2), or give the answers a policy rule (ip rule from ${formatAddress(own)}).`,
        related: relatedPlace(sysctlPlace(context, namespace.name, key), "is strict"),
        ...(witness && { witness }),
      };
      break;
    }
  }
}

const LINKS = `2: eth0: <BROADCAST,MULTICAST,UP,LOWER_UP> mtu 1500 qdisc fq state UP group default qlen 1000
    link/ether 02:00:00:00:00:01 brd ff:ff:ff:ff:ff:ff
    inet 192.0.2.10/24 scope global eth0
       valid_lft forever preferred_lft forever
3: eth1: <BROADCAST,MULTICAST,UP,LOWER_UP> mtu 1500 qdisc fq state UP group default qlen 1000
    link/ether 02:00:00:00:00:02 brd ff:ff:ff:ff:ff:ff
    inet 203.0.113.10/24 scope global eth1
       valid_lft forever preferred_lft forever
`;

/** Strict reverse path filtering beside asymmetric routes. */
export const rule: LintRule = {
  id: "NT065",
  name: "strict-rp-filter",
  severity: "warning",
  group: "host",
  summary: "A device drops what comes in from where one of its own routes leads, since answers would take another.",
  why: `With rp_filter = 1 the kernel looks for the route back to the source of each packet, and drops the packet when that is by another device (fib_validate_source).
With two ways to the internet, the second one's packets are dropped without a word, unless policy routing sends the answers back by it. 2 (loose) only asks for any route.`,
  exceptions: `Devices whose routes all agree. A packet from where the route leads is replayed; nothing is said where routes, addresses or settings are not in the snapshot.`,
  bad: {
    "ip-addr.txt": LINKS,
    "ip-route.txt": `default via 192.0.2.1 dev eth0
default via 203.0.113.1 dev eth1 metric 200
#^^^ NT065: What comes in on eth1 from 198.51.100.7
192.0.2.0/24 dev eth0 proto kernel scope link src 192.0.2.10
203.0.113.0/24 dev eth1 proto kernel scope link src 203.0.113.10
local 192.0.2.10 dev eth0 table local proto kernel scope host src 192.0.2.10
local 203.0.113.10 dev eth1 table local proto kernel scope host src 203.0.113.10
`,
    "iptables-save.txt": "",
    "sysctl.txt": "net.ipv4.conf.all.rp_filter = 0\nnet.ipv4.conf.eth0.rp_filter = 1\nnet.ipv4.conf.eth1.rp_filter = 1\n",
  },
  good: {
    "ip-addr.txt": LINKS,
    "ip-route.txt": `default via 192.0.2.1 dev eth0
default via 203.0.113.1 dev eth1 metric 200
192.0.2.0/24 dev eth0 proto kernel scope link src 192.0.2.10
203.0.113.0/24 dev eth1 proto kernel scope link src 203.0.113.10
local 192.0.2.10 dev eth0 table local proto kernel scope host src 192.0.2.10
local 203.0.113.10 dev eth1 table local proto kernel scope host src 203.0.113.10
`,
    "iptables-save.txt": "",
    "sysctl.txt": "net.ipv4.conf.all.rp_filter = 0\nnet.ipv4.conf.eth0.rp_filter = 1\nnet.ipv4.conf.eth1.rp_filter = 2\n",
  },
  *check(context) {
    for (const namespace of namespacesOf(context)) yield* filtered(context, namespace);
  },
};
