import type { Namespace } from "../../model/host.ts";
import { protocolName } from "../../model/packet.ts";
import type { Rule, Ruleset } from "../../model/rule.ts";
import type { LintContext } from "../context.ts";
import type { Found } from "../finding.ts";
import { escaped } from "../host-place.ts";
import { KERNEL_HELPERS, PROGRAM_HELPERS } from "../kernel-helpers.ts";
import type { LintRule } from "../lint-rule.ts";
import { type LintedRules, placeOfWords } from "../linted-rules.ts";
import { allRules } from "../outside.ts";

const SYSCTL = "net.netfilter.nf_conntrack_helper";

/** The helper that a rule gives connections. */
function given({ target }: Rule): string | undefined {
  return target?.kind === "extension" && target.name === "CT" ? (target.args?.["helper"]?.value as string | undefined) : undefined;
}

/** The helper that a rule asks for; undefined where it asks for none, or for any other. */
function wanted({ matches }: Rule): string | undefined {
  const helper = matches.find(({ name }) => name === "helper")?.args?.["helper"];
  return helper && !helper.not ? (helper.value as string) : undefined;
}

/** Why the kernel has no such helper for what a rule is about (xt_CT.c, xt_ct_set_helper): it says of each its family and protocol. */
function refusal(
  name: string,
  { protocol }: Rule,
  { family }: Ruleset,
): { readonly why: string; readonly severity?: "warning" } | undefined {
  if (!protocol || protocol.not) return { why: `--helper ${name} needs -p: a helper is for one protocol` };
  const base = name.replace(/-\d+$/, "");
  const known = KERNEL_HELPERS.get(name) ?? KERNEL_HELPERS.get(base);
  if (!known) {
    return PROGRAM_HELPERS.has(name)
      ? undefined
      : { why: `Linux has no helper ${name}, and conntrackd brings none along with this name`, severity: "warning" };
  }
  if (!known.families.includes(family)) return { why: `the helper ${name} is for IPv4 only` };
  const protocols = known.protocols.map(protocolName).join(" and ");
  return known.protocols.includes(protocol.value)
    ? undefined
    : { why: `the helper ${name} is for ${protocols}, not ${protocolName(protocol.value)}` };
}

function* refused(rules: LintedRules): Generator<Found> {
  for (const rule of allRules(rules)) {
    const name = given(rule);
    const found = name === undefined ? undefined : refusal(name, rule, rules.ruleset);
    if (name === undefined || !found) continue;
    const { why, severity } = found;
    yield {
      ...placeOfHelper(rules, rule, name),
      message: `${why.charAt(0).toUpperCase()}${why.slice(1)}: iptables-restore refuses the table${severity ? ", unless a program has registered it" : ""}.`,
      ...(severity && { severity }),
    };
  }
}

/** Whether helpers come to connections by rules alone: nf_conntrack_helper is 0, or gone as from Linux 6.0 on. */
function areGivenByRules({ sysctls, conntrack }: Namespace): boolean {
  if (!sysctls || conntrack?.some(({ helper }) => helper !== undefined)) return false;
  const value = sysctls.get(SYSCTL);
  return value === undefined ? sysctls.has("net.netfilter.nf_conntrack_max") : value === "0";
}

function* unmet({ host }: LintContext, rules: LintedRules): Generator<Found> {
  const namespace = host?.namespaces.get(rules.netns ?? "");
  if (!namespace || !areGivenByRules(namespace)) return;
  const all = allRules(rules);
  const names = all.flatMap((rule) => given(rule) ?? []);
  const told = new Set<string>();
  for (const rule of all) {
    const name = wanted(rule);
    // Compared are as many letters as the connection's own helper has (xt_helper.c, helper_mt).
    if (name === undefined || told.has(name) || names.some((one) => name === "" || name.startsWith(one))) continue;
    told.add(name);
    yield {
      ...placeOfHelper(rules, rule, name),
      message: `This rule matches nothing: no connection has ${name === "" ? "a helper" : `the helper ${name}`}, since no rule gives one (-j CT --helper).`,
      hint: `Give it to them in raw: -A PREROUTING -p tcp --dport 21 -j CT --helper ${name || "ftp"}, for example.`,
      severity: "warning",
    };
  }
}

function placeOfHelper(rules: LintedRules, { line }: Rule, name: string) {
  return placeOfWords(rules, line, new RegExp(`(?<=--helper\\s+"?)${escaped(name)}(?=["\\s]|$)`));
}

/** Rules about helpers that connections do not have. */
export const rule: LintRule = {
  id: "NT072",
  name: "missing-helper",
  severity: "error",
  group: "host",
  summary: "A rule is about a connection tracking helper that there is not, or that no connection gets.",
  why: `A helper reads along in a connection like FTP's and announces those that belong to it. The kernel looks for a helper by name, family and protocol; where it finds none, iptables-restore
refuses the whole table ("No such helper" in the kernel log). Since Linux 4.7 no connection gets a helper by its port alone: without a rule with \`-j CT --helper\`, which stands in raw, \`-m helper\` matches nothing.`,
  exceptions: `A warning for names that the kernel does not know: a program may have registered such a helper. Names with a port (ftp-2121) are taken to be there, as module parameters make them.
Of \`-m helper\` something is said only in a snapshot, where net.netfilter.nf_conntrack_helper is 0 or gone, no connection in conntrack.txt has a helper, and no rule gives it; rules of nft are not seen.`,
  bad: {
    "iptables-save.txt": `*raw
:PREROUTING ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A PREROUTING -p udp -m udp --dport 21 -j CT --helper ftp
#                                                     ^^^ NT072: The helper ftp is for tcp, not udp
-A PREROUTING -p tcp -m tcp --dport 6667 -j CT --helper ircd
#                                                       ^^^^ NT072: Linux has no helper ircd
-A OUTPUT -j CT --helper tftp
#                        ^^^^ NT072: needs -p
COMMIT
*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -m conntrack --ctstate ESTABLISHED -j ACCEPT
-A INPUT -p tcp -m tcp --dport 5060 -j ACCEPT
-A INPUT -m conntrack --ctstate RELATED -m helper --helper sip -j ACCEPT
#                                                          ^^^ NT072: no connection has the helper sip
COMMIT
`,
    "sysctl.txt": "net.netfilter.nf_conntrack_max = 262144\n",
  },
  good: {
    "iptables-save.txt": `*raw
:PREROUTING ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A PREROUTING -p tcp -m tcp --dport 21 -j CT --helper ftp
-A PREROUTING -p udp -m udp --dport 5060 -j CT --helper sip
-A OUTPUT -p tcp -m tcp --dport 2121 -j CT --helper ftp-2121
-A OUTPUT -p udp -m udp --dport 5353 -j CT --helper mdns
COMMIT
*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -m conntrack --ctstate ESTABLISHED -j ACCEPT
-A INPUT -p udp -m udp --dport 5060 -j ACCEPT
-A INPUT -m conntrack --ctstate RELATED -m helper --helper sip -j ACCEPT
-A INPUT -m conntrack --ctstate RELATED -m helper --helper ftp-2121 -j ACCEPT
COMMIT
`,
    "sysctl.txt": "net.netfilter.nf_conntrack_max = 262144\n",
  },
  *check(context) {
    for (const rules of context.rulesets) {
      yield* refused(rules);
      yield* unmet(context, rules);
    }
  },
};
