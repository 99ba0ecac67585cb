import type { Rule } from "../../model/rule.ts";
import { plural } from "../counts.ts";
import { escaped } from "../host-place.ts";
import type { LintRule } from "../lint-rule.ts";
import { chainsOf, type LintedRules, placeOfWords, relatedLine } from "../linted-rules.ts";
import { isManaged } from "../managed-chains.ts";

const MOST_RELATED = 5;

/** The rules that name each device, without those that programs wrote. */
function rulesByDevice(rules: LintedRules, more: readonly string[]): ReadonlyMap<string, readonly Rule[]> {
  const byDevice = new Map<string, Rule[]>();
  for (const { chain } of chainsOf(rules)) {
    if (isManaged(chain.name, more)) continue;
    for (const rule of chain.rules) {
      for (const name of new Set([rule.inInterface?.value, rule.outInterface?.value])) {
        if (name === undefined || name === "" || name.endsWith("+")) continue;
        const list = byDevice.get(name);
        if (list) list.push(rule);
        else byDevice.set(name, [rule]);
      }
    }
  }
  return byDevice;
}

const LINKS = `1: lo: <LOOPBACK,UP,LOWER_UP> mtu 65536 qdisc noqueue state UNKNOWN mode DEFAULT group default qlen 1000
    link/loopback 00:00:00:00:00:00 brd 00:00:00:00:00:00
2: ens3: <BROADCAST,MULTICAST,UP,LOWER_UP> mtu 1500 qdisc fq state UP mode DEFAULT group default qlen 1000
    link/ether 02:00:00:00:00:01 brd ff:ff:ff:ff:ff:ff
`;

/** Rules about devices that there are not. */
export const rule: LintRule = {
  id: "NT060",
  name: "missing-interface",
  severity: "hint",
  group: "host",
  summary: "A rule names a network device that the machine does not have.",
  why: `Rules may name any device, and match once one of that name is there. Often the name is that of another machine, or the one from before a new kernel or another slot (eth0, now ens3):
then what the rule was to accept is dropped, and what it was to drop is not.`,
  exceptions: `Names that end in \`+\`, and chains that programs fill. Devices that come and go (VPNs, modems) may be missing when the snapshot is taken. Nothing is said where the snapshot has no devices.`,
  bad: {
    "iptables-save.txt": `*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -i lo -j ACCEPT
-A INPUT -i eth0 -p tcp --dport 22 -j ACCEPT
#        ^^^^^^^ NT060: There is no device eth0
COMMIT
`,
    "ip-link.txt": LINKS,
  },
  good: {
    "iptables-save.txt": `*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -i lo -j ACCEPT
-A INPUT -i ens3 -p tcp --dport 22 -j ACCEPT
COMMIT
`,
    "ip-link.txt": LINKS,
  },
  *check({ rulesets, host, config }) {
    for (const rules of rulesets) {
      const devices = host?.namespaces.get(rules.netns ?? "")?.devices;
      if (!devices) continue;
      for (const [name, [first, ...others]] of rulesByDevice(rules, config.managedChains)) {
        if (!first || devices.some((device) => device.name === name)) continue;
        const more = others.length === 0 ? "" : ` ${plural(others.length, "more rule names", "more rules name")} it.`;
        yield {
          ...placeOfWords(rules, first.line, new RegExp(`(?:-[io]|--(?:in|out)-interface)\\s+${escaped(name)}(?=\\s|$)`)),
          message: `There is no device ${name}.${more}`,
          related: others.slice(0, MOST_RELATED).map(({ line }) => relatedLine(rules, line, `names ${name} as well`)),
        };
      }
    }
  },
};
