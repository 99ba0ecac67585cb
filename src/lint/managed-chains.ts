import type { Rule } from "../model/rule.ts";

/** Chains that programs make and fill as they run, so that what stands in them is not their reader's doing. */
const MANAGED: readonly RegExp[] = [
  /^(?:DOCKER|KUBE|CNI|FLANNEL|LIBVIRT|ISTIO|NETAVARK|PODMAN|WEAVE|AZURE-NPM|CILIUM|OLD_CILIUM|MINIUPNPD|SSHGUARD|CROWDSEC)(?:[-_]|$)/i,
  /^(?:cali-|cali:|f2b-|fail2ban-|ufw6?-|ts-|nixos-|neutron-|nova-)/,
  /^(?:[FH]?[IJOP]-(?:vnet|tap|macvtap)\S*|libvirt-\S+)$/,
  /^(?:PR-)?QBS-/,
  // firewalld
  /^(?:IN|FWD[IO]?|PRE|POST|INPUT|OUTPUT|FORWARD|PREROUTING|POSTROUTING)_[\w-]+$/,
  // OpenWrt
  /^(?:zone_\w+|\w+_(?:rule|lan_rule|wan_rule)|(?:input|output|forwarding|prerouting|postrouting)_\w+)$/,
];

/** Whether a chain belongs to a program, by its name; `more` are names from the configuration, in which `*` stands for anything. */
export function isManaged(chain: string, more: readonly string[]): boolean {
  return MANAGED.some((pattern) => pattern.test(chain)) || more.some((pattern) => fits(chain, pattern));
}

function fits(name: string, pattern: string): boolean {
  const parts = pattern.split("*").map((part) => part.replace(/[^\w-]/g, "\\$&"));
  return new RegExp(`^${parts.join(".*")}$`, "s").test(name);
}

/** Bridges of virtual machines and containers, for whose DNS and DHCP programs (libvirt, lxc-net, LXD) put rules into INPUT itself. */
const OWN_BRIDGE = /^(?:virbr|lxcbr|lxdbr|incusbr)\d+$/;
const OWN_SERVICES = /--dport (?:53|67|547)\b/;

/** Whether a program wrote a rule into a chain that is not its own. */
export function isOfProgram({ inInterface, text }: Rule): boolean {
  return inInterface !== undefined && OWN_BRIDGE.test(inInterface.value) && OWN_SERVICES.test(text);
}
