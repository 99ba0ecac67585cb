import { type Address, familyOf, formatAddress } from "../../model/address.ts";
import type { Namespace } from "../../model/host.ts";
import { PROTOCOL } from "../../model/packet.ts";
import type { LintContext } from "../context.ts";
import type { Found } from "../finding.ts";
import { namespacesOf, routePlace } from "../host-place.ts";
import type { LintRule } from "../lint-rule.ts";
import { machineOfNetns } from "../machine.ts";
import { type Answer, ask } from "../probe.ts";

const MOST_PAIRS = 2_000;

interface End {
  readonly netns: string;
  readonly address: Address;
}

function endsOf({ name, devices = [] }: Namespace): readonly End[] {
  const up = devices.filter((device) => device.up && device.kind !== "loopback");
  return up.flatMap(({ addresses }) =>
    addresses.flatMap(({ address, scope }) => (scope === "global" && familyOf(address) === 4 ? { netns: name, address } : [])),
  );
}

function ping(context: LintContext, from: End, to: End): Answer | undefined {
  const machine = machineOfNetns(context, from.netns);
  const description = { protocol: PROTOCOL.icmp, src: from.address, dst: to.address, icmp: { type: 8, code: 0 } };
  return machine && ask(machine, { description, facts: [] });
}

function* lost(context: LintContext): Generator<Found> {
  const namespaces = namespacesOf(context).filter(({ routes, addressesKnown }) => routes && addressesKnown);
  const told = new Set<string>();
  let pairs = 0;
  for (const from of namespaces) {
    for (const to of namespaces) {
      if (from === to) continue;
      for (const [a, b] of endsOf(from).flatMap((one) => endsOf(to).map((other) => [one, other] as const))) {
        if (pairs++ > MOST_PAIRS || told.has(`${from.name} ${to.name}`)) continue;
        const there = ping(context, a, b);
        if (there?.way.verdict !== "delivered" || there.way.at.netns !== b.netns) continue;
        const back = ping(context, b, a);
        if (back?.way.verdict !== "dropped" || back.way.at.reason !== "no-route" || back.way.at.netns !== b.netns) continue;
        const place = routePlace(context, b.netns, /\S.*/);
        if (!place) continue;
        told.add(`${from.name} ${to.name}`);
        const [asker, asked] = [formatAddress(a.address), formatAddress(b.address)];
        const witness = back.witness(`${b.netns} has no route to ${asker}`);
        yield {
          ...place,
          message: `${b.netns} has no route to ${asker} of ${a.netns}: what ${a.netns} sends to ${asked} arrives, and the answers do not leave.`,
          hint: `Each side needs a route to the other's subnet: in ${b.netns}, one to ${asker}.`,
          ...(witness && { witness }),
        };
      }
    }
  }
}

/** Packets that arrive, and answers that have no route. */
export const rule: LintRule = {
  id: "NT064",
  name: "no-way-back",
  severity: "warning",
  group: "host",
  summary: "A namespace reaches another one that has no route for the answers.",
  why: `Each side needs a route to the other's subnet. Where only one has it, requests arrive, as tcpdump on the far side shows, and the sender hears nothing, which looks like a firewall.`,
  exceptions: `Where the first packet does not arrive either. An echo request each way is replayed between namespaces of the snapshot, from local sockets; nothing is said where routes or addresses are not in it.`,
  bad: {
    "red/ip-addr.txt": `2: veth-red@if2: <BROADCAST,MULTICAST,UP,LOWER_UP> mtu 1500 qdisc noqueue state UP group default qlen 1000
    link/ether 02:00:00:00:00:01 brd ff:ff:ff:ff:ff:ff link-netns blue promiscuity 0
    veth
    inet 10.1.0.1/24 scope global veth-red
       valid_lft forever preferred_lft forever
`,
    "red/ip-route.txt": `10.1.0.0/24 dev veth-red proto kernel scope link src 10.1.0.1
10.2.0.0/24 dev veth-red scope link
local 10.1.0.1 dev veth-red table local proto kernel scope host src 10.1.0.1
`,
    "red/iptables-save.txt": "",
    "red/sysctl.txt": "net.ipv4.ip_forward = 0\n",
    "blue/ip-addr.txt": `2: veth-blue@if2: <BROADCAST,MULTICAST,UP,LOWER_UP> mtu 1500 qdisc noqueue state UP group default qlen 1000
    link/ether 02:00:00:00:00:02 brd ff:ff:ff:ff:ff:ff link-netns red promiscuity 0
    veth
    inet 10.2.0.1/24 scope global veth-blue
       valid_lft forever preferred_lft forever
`,
    "blue/ip-route.txt": `10.2.0.0/24 dev veth-blue proto kernel scope link src 10.2.0.1
#^^^ NT064: blue has no route to 10.1.0.1 of red
local 10.2.0.1 dev veth-blue table local proto kernel scope host src 10.2.0.1
`,
    "blue/iptables-save.txt": "",
    "blue/sysctl.txt": "net.ipv4.ip_forward = 0\nnet.ipv4.conf.all.rp_filter = 0\nnet.ipv4.conf.veth-blue.rp_filter = 0\n",
  },
  good: {
    "red/ip-addr.txt": `2: veth-red@if2: <BROADCAST,MULTICAST,UP,LOWER_UP> mtu 1500 qdisc noqueue state UP group default qlen 1000
    link/ether 02:00:00:00:00:01 brd ff:ff:ff:ff:ff:ff link-netns blue promiscuity 0
    veth
    inet 10.1.0.1/24 scope global veth-red
       valid_lft forever preferred_lft forever
`,
    "red/ip-route.txt": `10.1.0.0/24 dev veth-red proto kernel scope link src 10.1.0.1
10.2.0.0/24 dev veth-red scope link
local 10.1.0.1 dev veth-red table local proto kernel scope host src 10.1.0.1
`,
    "red/iptables-save.txt": "",
    "blue/ip-addr.txt": `2: veth-blue@if2: <BROADCAST,MULTICAST,UP,LOWER_UP> mtu 1500 qdisc noqueue state UP group default qlen 1000
    link/ether 02:00:00:00:00:02 brd ff:ff:ff:ff:ff:ff link-netns red promiscuity 0
    veth
    inet 10.2.0.1/24 scope global veth-blue
       valid_lft forever preferred_lft forever
`,
    "blue/ip-route.txt": `10.2.0.0/24 dev veth-blue proto kernel scope link src 10.2.0.1
10.1.0.0/24 dev veth-blue scope link
local 10.2.0.1 dev veth-blue table local proto kernel scope host src 10.2.0.1
`,
    "blue/iptables-save.txt": "",
    "blue/sysctl.txt": "net.ipv4.ip_forward = 0\nnet.ipv4.conf.all.rp_filter = 0\nnet.ipv4.conf.veth-blue.rp_filter = 0\n",
  },
  check: lost,
};
