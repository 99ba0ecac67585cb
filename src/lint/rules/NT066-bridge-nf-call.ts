import type { Rule } from "../../model/rule.ts";
import { plural } from "../counts.ts";
import { relatedPlace, sysctlPlace } from "../host-place.ts";
import type { LintRule } from "../lint-rule.ts";
import { chainsOf, placeOfWords } from "../linted-rules.ts";

const KEYS = { 4: "net.bridge.bridge-nf-call-iptables", 6: "net.bridge.bridge-nf-call-ip6tables" } as const;

/** Whether a rule wants a packet to have a bridge port; one that wants it to have none matches as it should. */
function asksPorts({ matches }: Rule): boolean {
  return matches.some(({ name, args = {} }) => name === "physdev" && Object.values(args).some((arg) => arg?.not === false));
}

/** Rules about bridge ports that no bridged packet comes to. */
export const rule: LintRule = {
  id: "NT066",
  name: "bridge-nf-call",
  severity: "warning",
  group: "host",
  summary: "Rules ask for bridge ports, and bridged packets do not come to iptables.",
  why: `What a bridge forwards from port to port passes iptables only where br_netfilter is loaded and bridge-nf-call-iptables is 1. Otherwise a packet has no port there, and \`-m physdev --physdev-in\` never matches:
what the rules were to keep apart on the bridge is not kept apart.`,
  exceptions: `Where a bridge has its own nf_call_iptables turned on. Rules that ask for packets without a port (\`! --physdev-is-bridged\`) are right as they are. Nothing is said where the setting is not in the snapshot, since br_netfilter may not be loaded then.`,
  bad: {
    "iptables-save.txt": `*filter
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A FORWARD -m physdev --physdev-in vnet0 --physdev-is-bridged -j DROP
#          ^^^^^^^^^^ NT066: bridged packets do not come here
COMMIT
`,
    "sysctl.txt": "net.bridge.bridge-nf-call-iptables = 0\n",
    "ip-link.txt": `2: br0: <BROADCAST,MULTICAST,UP,LOWER_UP> mtu 1500 qdisc noqueue state UP mode DEFAULT group default qlen 1000
    link/ether 02:00:00:00:00:01 brd ff:ff:ff:ff:ff:ff
`,
  },
  good: {
    "iptables-save.txt": `*filter
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A FORWARD -m physdev --physdev-in vnet0 --physdev-is-bridged -j DROP
COMMIT
`,
    "sysctl.txt": "net.bridge.bridge-nf-call-iptables = 1\n",
  },
  *check(context) {
    for (const rules of context.rulesets) {
      const netns = rules.netns ?? "";
      const namespace = context.host?.namespaces.get(netns);
      const { family } = rules.ruleset;
      const key = KEYS[family];
      if (!namespace?.devices || namespace.sysctls?.get(key) !== "0") continue;
      if (namespace.devices.some(({ bridge }) => (family === 4 ? bridge?.callIptables : bridge?.callIp6tables))) continue;
      const asking = [...chainsOf(rules)].flatMap(({ chain }) => chain.rules.filter(asksPorts));
      const [first] = asking;
      if (!first) continue;
      const more = asking.length === 1 ? "" : ` ${plural(asking.length - 1, "more rule asks", "more rules ask")} for ports.`;
      yield {
        ...placeOfWords(rules, first.line, /-m physdev/),
        message: `This rule asks for a bridge port, but bridged packets do not come here: ${key} is 0.${more}`,
        hint: `Set ${key} = 1, or use the bridge family of nftables.`,
        related: relatedPlace(sysctlPlace(context, netns, key), "keeps bridged packets away"),
      };
    }
  },
};
