import { type Address, familyOf, formatAddress, masked, maskOf } from "../../model/address.ts";
import type { Namespace } from "../../model/host.ts";
import { PROTOCOL } from "../../model/packet.ts";
import type { LintContext } from "../context.ts";
import type { Found } from "../finding.ts";
import { namespacesOf, routePlace } from "../host-place.ts";
import type { LintRule } from "../lint-rule.ts";
import { type Machine, machineOfNetns } from "../machine.ts";
import { type Answer, ask } from "../probe.ts";

const MOST_PAIRS = 2_000;

interface End {
  readonly netns: string;
  readonly device: string;
  readonly address: Address;
  /** The network that it is in. */
  readonly network: Address;
}

/** The address of each device that the kernel chooses as a source there: the first. */
function endsOf({ name: netns, devices = [] }: Namespace): readonly End[] {
  return devices.flatMap(({ name: device, up, kind, addresses }) => {
    const first = addresses.find(({ address, scope }) => scope === "global" && familyOf(address) === 4);
    if (!first || !up || kind === "loopback") return [];
    const { address, length } = first;
    return [{ netns, device, address, network: masked(address, maskOf(4, length)) }];
  });
}

/** An echo request that arrives at another namespace, whose answer finds no route; undefined where it is otherwise. */
function lostAnswer(machine: Machine, from: End, to: End): Answer | undefined {
  const description = { protocol: PROTOCOL.icmp, src: from.address, dst: to.address, icmp: { type: 8, code: 0 } };
  const answer = ask(machine, { description, reply: true, facts: [] });
  const there = answer?.before[0];
  if (!answer || there?.verdict !== "delivered" || there.at.netns !== to.netns) return undefined;
  if (there.out[0]?.netns !== from.netns || there.out[0].interface !== from.device || there.nat.src) return undefined;
  const { verdict, at } = answer.way;
  return verdict === "dropped" && at.reason === "no-route" && at.netns === to.netns ? answer : undefined;
}

function* lost(context: LintContext): Generator<Found> {
  const ends = namespacesOf(context).flatMap((one) => (one.routes && one.addressesKnown ? endsOf(one) : []));
  const pairs = ends.flatMap((from) => ends.flatMap((to) => (from.netns === to.netns ? [] : [{ from, to }])));
  const told = new Set<string>();
  for (const { from, to } of pairs.slice(0, MOST_PAIRS)) {
    const key = `${to.netns} ${formatAddress(from.network)}`;
    const machine = told.has(key) ? undefined : machineOfNetns(context, from.netns);
    const answer = machine && lostAnswer(machine, from, to);
    const place = answer && routePlace(context, to.netns, /\S.*/);
    if (!place) continue;
    told.add(key);
    const [asker, asked] = [formatAddress(from.address), formatAddress(to.address)];
    const witness = answer.witness(`${to.netns} has no route for the answer`);
    yield {
      ...place,
      message: `${to.netns} has no route to ${asker} of ${from.netns}: what ${from.netns} sends to ${asked} arrives, and the answers do not leave.`,
      hint: `Each side needs a route to the other's subnet: in ${to.netns}, one to that of ${asker}.`,
      ...(witness && { witness }),
    };
  }
}

const RED = {
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
};

const BLUE_LINKS = `2: veth-blue@if2: <BROADCAST,MULTICAST,UP,LOWER_UP> mtu 1500 qdisc noqueue state UP group default qlen 1000
    link/ether 02:00:00:00:00:02 brd ff:ff:ff:ff:ff:ff link-netns red promiscuity 0
    veth
    inet 10.2.0.1/24 scope global veth-blue
       valid_lft forever preferred_lft forever
`;

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
    ...RED,
    "red/sysctl.txt": "net.ipv4.ip_forward = 0\n",
    "blue/ip-addr.txt": BLUE_LINKS,
    "blue/ip-route.txt": `10.2.0.0/24 dev veth-blue proto kernel scope link src 10.2.0.1
#^^^ NT064: blue has no route to 10.1.0.1 of red
local 10.2.0.1 dev veth-blue table local proto kernel scope host src 10.2.0.1
`,
    "blue/iptables-save.txt": "",
    "blue/sysctl.txt": "net.ipv4.ip_forward = 0\nnet.ipv4.conf.all.rp_filter = 0\nnet.ipv4.conf.veth-blue.rp_filter = 0\n",
  },
  good: {
    ...RED,
    "blue/ip-addr.txt": BLUE_LINKS,
    "blue/ip-route.txt": `10.2.0.0/24 dev veth-blue proto kernel scope link src 10.2.0.1
10.1.0.0/24 dev veth-blue scope link
local 10.2.0.1 dev veth-blue table local proto kernel scope host src 10.2.0.1
`,
    "blue/iptables-save.txt": "",
    "blue/sysctl.txt": "net.ipv4.ip_forward = 0\nnet.ipv4.conf.all.rp_filter = 0\nnet.ipv4.conf.veth-blue.rp_filter = 0\n",
  },
  check: lost,
};
