import type { Family } from "../model/address.ts";
import { PROTOCOL, protocolName } from "../model/packet.ts";
import type { ArgValues } from "../model/rule.ts";
import { valuesOf } from "./extension-use.ts";
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
  for (const { name, by, beforeProtocol } of state.matches) {
    const needed = matchProtocol(name, scope.family);
    // iptables-nft says "another protocol, and these octets where ports would be".
    const other = scope.backend === "nft" && (name === "tcp" || name === "udp") && state.protocol?.value === needed;
    if (needed !== undefined && protocol !== needed && !other)
      words.report(by, `the match ${name} is possible only with -p ${protocolName(needed)}`, undefined, "protocol");
    if (name !== "multiport") continue;
    const wanted = "-p tcp, udp, udplite, sctp or dccp";
    if (!WITH_PORTS.has(protocol ?? 0)) words.report(by, `the match multiport is possible only with ${wanted}`, undefined, "protocol");
    else if (beforeProtocol) words.report(beforeProtocol, `the match multiport is possible only behind ${wanted}`);
  }
  if (!target || !("by" in target)) return;
  if (mapsPorts(target)) {
    const wanted = "-p tcp, udp, sctp or dccp";
    if (!NAT_WITH_PORTS.has(state.protocol?.value ?? 0))
      words.report(target.by, `${target.name} with ports is possible only with ${wanted}`, undefined, "protocol");
    else if (target.beforeProtocol) words.report(target.beforeProtocol, `${target.name} with ports is possible only behind ${wanted}`);
  }
  if (protocol !== tcp && valuesOf(target).includes("tcp-reset"))
    words.report(target.by, "only with -p tcp can a rule reject with tcp-reset");
}

const NAT: ReadonlySet<string> = new Set(["DNAT", "SNAT", "REDIRECT", "MASQUERADE"]);

/** Whether a rule for one protocol (0: for all) that stands before its matches may have a match. */
export function matchFits(name: string, protocol: number, family: Family): boolean {
  const needed = matchProtocol(name, family);
  return (needed === undefined || needed === protocol) && (name !== "multiport" || WITH_PORTS.has(protocol));
}

/** Whether such a rule may have a target. */
export function targetFits(target: TargetArgs, protocol: number): boolean {
  if (mapsPorts(target) && !NAT_WITH_PORTS.has(protocol)) return false;
  return protocol === tcp || !valuesOf(target).includes("tcp-reset");
}

interface TargetArgs {
  readonly name: string;
  readonly args?: ArgValues;
}

function mapsPorts(target: TargetArgs): boolean {
  return NAT.has(target.name) && valuesOf(target).some((value) => typeof value === "object" && value !== null && "ports" in value);
}
