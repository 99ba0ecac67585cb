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
