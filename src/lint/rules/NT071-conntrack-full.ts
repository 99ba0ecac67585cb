import { namespacesOf, sysctlPlace } from "../host-place.ts";
import type { LintRule } from "../lint-rule.ts";

const MAX = "net.netfilter.nf_conntrack_max";
const COUNT = "net.netfilter.nf_conntrack_count";
const NEAR = 0.9;

/** Connection tracking near its limit. */
export const rule: LintRule = {
  id: "NT071",
  name: "conntrack-full",
  severity: "warning",
  group: "host",
  summary: "The table of connections is nearly full.",
  why: `When it is full, and no entry can be thrown out early, the first packet of each new connection is dropped ("nf_conntrack: table full, dropping packet" in the kernel log). Connections that are known go on,
so that the machine looks well to whoever is logged in.`,
  exceptions: `Below nine tenths of net.netfilter.nf_conntrack_max. Nothing is said where the limit is not in the snapshot, or neither the count nor the list of connections is.`,
  bad: {
    "sysctl.txt": `net.netfilter.nf_conntrack_count = 65001
net.netfilter.nf_conntrack_max = 65536
#^^^ NT071: 65,001 of 65,536
`,
    "iptables-save.txt": "",
  },
  good: {
    "sysctl.txt": `net.netfilter.nf_conntrack_count = 101
net.netfilter.nf_conntrack_max = 65536
`,
    "iptables-save.txt": "",
  },
  *check(context) {
    for (const { name: netns, sysctls, conntrack } of namespacesOf(context)) {
      const most = Number(sysctls?.get(MAX));
      const count = Number(sysctls?.get(COUNT) ?? conntrack?.length);
      const place = sysctlPlace(context, netns, MAX);
      if (!place || !(most > 0) || !(count >= NEAR * most)) continue;
      yield {
        ...place,
        message: `Connection tracking knows ${count.toLocaleString("en")} of ${most.toLocaleString("en")} connections: new ones are dropped when it is full.`,
        hint: `Raise ${MAX}, shorten timeouts, or leave traffic untracked (-j CT --notrack) that needs no state.`,
      };
    }
  },
};
