import type { LintRule } from "../lint-rule.ts";
import { placeOf, relatedLine } from "../linted-rules.ts";
import { machineOf } from "../machine.ts";
import { closedPort, openPort } from "../open-ports.ts";
import { gateWords, ODD_PORT } from "../outside.ts";
import { deciderWords } from "../probe.ts";

const HOST = {
  "ip-addr.txt": `2: eth0: <BROADCAST,MULTICAST,UP,LOWER_UP> mtu 1500 qdisc fq state UP group default qlen 1000
    link/ether 02:00:00:00:00:01 brd ff:ff:ff:ff:ff:ff
    inet 192.0.2.10/24 scope global eth0
       valid_lft forever preferred_lft forever
    inet6 2001:db8:2::10/64 scope global
       valid_lft forever preferred_lft forever
`,
  "ip-route.txt": `default via 192.0.2.1 dev eth0
192.0.2.0/24 dev eth0 proto kernel scope link src 192.0.2.10
local 192.0.2.10 dev eth0 table local proto kernel scope host src 192.0.2.10
default via 2001:db8:2::1 dev eth0 metric 1024
2001:db8:2::/64 dev eth0 proto kernel metric 256
local 2001:db8:2::10 dev eth0 table local proto kernel metric 0
`,
};

/** IPv4 restricted, IPv6 open. */
export const rule: LintRule = {
  id: "NT032",
  name: "open-ipv6",
  severity: "warning",
  group: "exposure",
  summary: "IPv4 lets strangers come to few ports, and IPv6 to all of them.",
  why: `iptables and ip6tables are two rulesets, and a machine with an IPv6 address, which most have without asking for it, is reached by whichever is the more open.
Programs listen on both (a socket bound to [::] takes IPv4 as well).`,
  exceptions: `Where only one of the two rulesets is given, or, in a snapshot, no device to the outside has a global IPv6 address.`,
  bad: {
    "iptables-save.txt": `*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -i lo -j ACCEPT
-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A INPUT -p tcp --dport 443 -j ACCEPT
COMMIT
`,
    "ip6tables-save.txt": `*filter
:INPUT ACCEPT [0:0]
#^^^ NT032: can connect over IPv6 to any port, on eth0
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
COMMIT
`,
    ...HOST,
  },
  good: {
    "iptables-save.txt": `*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -i lo -j ACCEPT
-A INPUT -p tcp --dport 443 -j ACCEPT
COMMIT
`,
    "ip6tables-save.txt": `*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -i lo -j ACCEPT
-A INPUT -p ipv6-icmp -j ACCEPT
-A INPUT -p tcp --dport 443 -j ACCEPT
COMMIT
`,
    ...HOST,
  },
  *check(context) {
    const { rulesets, config } = context;
    for (const six of rulesets.filter(({ ruleset }) => ruleset.family === 6)) {
      const fours = rulesets.filter(({ ruleset, netns }) => ruleset.family === 4 && netns === six.netns);
      const [four] = fours;
      const machine = machineOf(context, six);
      const machine4 = four && machineOf(context, four);
      if (!machine || !machine4 || !four || fours.length !== 1) continue;
      const closed = closedPort(context, machine4, ODD_PORT);
      const open = closed && openPort(context, machine, ODD_PORT);
      if (!closed || !open || open.by.line === 0) continue;
      const witness = open.answers[0]?.witness(`delivered: accepted by ${deciderWords(open.by)}`);
      yield {
        ...placeOf(six, open.by.line),
        message: `A stranger can connect over IPv6 to any port, ${gateWords(machine, config, open.gates)}; over IPv4 most are closed.`,
        hint: "Give ip6tables the same rules, and accept ICMPv6 there.",
        related: [relatedLine(four, closed.by.line, "stops the same over IPv4")],
        ...(witness && { witness }),
      };
    }
  },
};
