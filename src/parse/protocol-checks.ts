import { PROTOCOL, protocolName } from "../model/packet.ts";
import { type OpenUse, valuesOf } from "./extension-use.ts";
import { matchProtocol } from "./known-extensions.ts";
import type { RuleState } from "./rule-state.ts";

const { tcp, udp, udplite, sctp, dccp, icmp } = PROTOCOL;

// multiport_mt_check of xt_multiport.c, and libxt_NAT.c of iptables.
const WITH_PORTS: ReadonlySet<number> = new Set([tcp, udp, udplite, sctp, dccp]);
const NAT_WITH_PORTS: ReadonlySet<number> = new Set([tcp, udp, sctp, dccp, icmp]);

/** What iptables or the kernel refuses because the rule is not for the one protocol that it needs. */
export function checkProtocols(state: RuleState) {
  const protocol = state.protocol?.not ? undefined : state.protocol?.value;
  const { words, scope, target } = state;
  for (const { name, by } of state.matches) {
    // iptables-nft says "another protocol, and these octets where ports would be".
    if (scope.backend === "nft" && state.protocol?.not && (name === "tcp" || name === "udp")) continue;
    const needed = matchProtocol(name, scope.family);
    if (needed !== undefined && protocol !== needed) words.report(by, `the match ${name} is possible only with -p ${protocolName(needed)}`);
    if (name === "multiport" && !WITH_PORTS.has(protocol ?? 0)) {
      words.report(by, "the match multiport is possible only with -p tcp, udp, udplite, sctp or dccp");
    }
  }
  if (!target || !("by" in target)) return;
  if (mapsPorts(target) && !NAT_WITH_PORTS.has(protocol ?? 0)) {
    words.report(target.by, `${target.name} with ports is possible only with -p tcp, udp, sctp or dccp`);
  }
  if (protocol !== tcp && valuesOf(target).includes("tcp-reset"))
    words.report(target.by, "only with -p tcp can a rule reject with tcp-reset");
}

const NAT: ReadonlySet<string> = new Set(["DNAT", "SNAT", "REDIRECT", "MASQUERADE"]);

function mapsPorts(target: OpenUse): boolean {
  return NAT.has(target.name) && valuesOf(target).some((value) => typeof value === "object" && value !== null && "ports" in value);
}
