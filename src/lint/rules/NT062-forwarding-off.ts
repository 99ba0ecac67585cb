import type { Namespace } from "../../model/host.ts";
import type { Rule } from "../../model/rule.ts";
import type { LintContext } from "../context.ts";
import { relatedPlace, sysctlPlace } from "../host-place.ts";
import type { LintRule } from "../lint-rule.ts";
import { type LintedRules, placeOf } from "../linted-rules.ts";
import { isWelcome, ownRules } from "../own-rules.ts";

const KEYS = { 4: "net.ipv4.ip_forward", 6: "net.ipv6.conf.all.forwarding" } as const;

/** The setting that says that a namespace forwards nothing. */
function off({ sysctls }: Namespace, family: 4 | 6): string | undefined {
  const key = KEYS[family];
  if (sysctls?.get(key) !== "0") return undefined;
  const single = new RegExp(`^net\\.ipv${family}\\.conf\\..*\\.forwarding$`);
  return [...sysctls].some(([name, value]) => value !== "0" && single.test(name)) ? undefined : key;
}

/** The first rule that only makes sense where packets are forwarded. */
function forwarder({ ruleset }: LintedRules, { config }: LintContext): Rule | undefined {
  const filter = ruleset.tables.get("filter");
  const chain = filter?.chains.get("FORWARD");
  return filter && chain ? [...ownRules(filter, chain, config.managedChains)].find(isWelcome) : undefined;
}

/** Rules for a router on a machine that is none. */
export const rule: LintRule = {
  id: "NT062",
  name: "forwarding-off",
  severity: "warning",
  group: "host",
  summary: "Rules say what is forwarded, and the machine forwards nothing.",
  why: `With net.ipv4.ip_forward = 0 (net.ipv6.conf.all.forwarding for IPv6) a packet for another machine is dropped when it is routed, before FORWARD is asked. It is set to 1 by hand, in /etc/sysctl.d,
or by programs such as Docker; a distribution's new sysctl.conf may have set it back.`,
  exceptions: `Where a single device forwards (net.ipv4.conf.DEV.forwarding), and where FORWARD accepts nothing. Nothing is said where the snapshot has no settings.`,
  bad: {
    "iptables-save.txt": `*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
-A FORWARD -i eth1 -o eth0 -j ACCEPT
#^^^ NT062: this machine forwards nothing
COMMIT
`,
    "sysctl.txt": "net.ipv4.ip_forward = 0\n",
  },
  good: {
    "iptables-save.txt": `*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
-A FORWARD -i eth1 -o eth0 -j ACCEPT
COMMIT
`,
    "sysctl.txt": "net.ipv4.ip_forward = 1\n",
  },
  *check(context) {
    for (const rules of context.rulesets) {
      const netns = rules.netns ?? "";
      const namespace = context.host?.namespaces.get(netns);
      const key = namespace && off(namespace, rules.ruleset.family);
      const first = key === undefined ? undefined : forwarder(rules, context);
      if (key === undefined || !first) continue;
      yield {
        ...placeOf(rules, first.line),
        message: `FORWARD accepts packets, but this machine forwards nothing: ${key} is 0.`,
        hint: `Set ${key} = 1 in /etc/sysctl.d, or remove the rules.`,
        related: relatedPlace(sysctlPlace(context, netns, key), "turns forwarding off"),
      };
    }
  },
};
