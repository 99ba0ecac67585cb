import { type Cluster, dotted, type Endpoint, type Published, type Service, service } from "./cluster.ts";
import { Random } from "./random.ts";

/** Rules of all tables that do not belong to a service. */
const FILTER_CHAINS = ["KUBE-EXTERNAL-SERVICES", "KUBE-FIREWALL", "KUBE-FORWARD", "KUBE-NODEPORTS", "KUBE-PROXY-FIREWALL", "KUBE-SERVICES"];
const NEW = "-m conntrack --ctstate NEW";
const FILTER = [
  `-A INPUT ${NEW} ${note("kubernetes load balancer firewall")} -j KUBE-PROXY-FIREWALL`,
  `-A INPUT ${note("kubernetes health check service ports")} -j KUBE-NODEPORTS`,
  `-A INPUT ${NEW} ${note("kubernetes externally-visible service portals")} -j KUBE-EXTERNAL-SERVICES`,
  "-A INPUT -j KUBE-FIREWALL",
  `-A FORWARD ${NEW} ${note("kubernetes load balancer firewall")} -j KUBE-PROXY-FIREWALL`,
  `-A FORWARD ${note("kubernetes forwarding rules")} -j KUBE-FORWARD`,
  `-A FORWARD ${NEW} ${note("kubernetes service portals")} -j KUBE-SERVICES`,
  `-A FORWARD ${NEW} ${note("kubernetes externally-visible service portals")} -j KUBE-EXTERNAL-SERVICES`,
  `-A OUTPUT ${NEW} ${note("kubernetes load balancer firewall")} -j KUBE-PROXY-FIREWALL`,
  `-A OUTPUT ${NEW} ${note("kubernetes service portals")} -j KUBE-SERVICES`,
  "-A OUTPUT -j KUBE-FIREWALL",
  `-A KUBE-FIREWALL ! -s 127.0.0.0/8 -d 127.0.0.0/8 ${note("block incoming localnet connections")} -m conntrack ! --ctstate RELATED,ESTABLISHED,DNAT -j DROP`,
  "-A KUBE-FORWARD -m conntrack --ctstate INVALID -j DROP",
  `-A KUBE-FORWARD ${note("kubernetes forwarding rules")} -m mark --mark 0x4000/0x4000 -j ACCEPT`,
  `-A KUBE-FORWARD ${note("kubernetes forwarding conntrack rule")} -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT`,
];
const NAT_CHAINS = ["KUBE-MARK-MASQ", "KUBE-NODEPORTS", "KUBE-POSTROUTING", "KUBE-SERVICES"];
const NAT = [
  `-A PREROUTING ${note("kubernetes service portals")} -j KUBE-SERVICES`,
  `-A OUTPUT ${note("kubernetes service portals")} -j KUBE-SERVICES`,
  `-A POSTROUTING ${note("kubernetes postrouting rules")} -j KUBE-POSTROUTING`,
  "-A KUBE-MARK-MASQ -j MARK --set-xmark 0x4000/0x4000",
  "-A KUBE-POSTROUTING -m mark ! --mark 0x4000/0x4000 -j RETURN",
  "-A KUBE-POSTROUTING -j MARK --set-xmark 0x4000/0x0",
  `-A KUBE-POSTROUTING ${note("kubernetes service traffic requiring SNAT")} -j MASQUERADE --random-fully`,
];
const NODEPORTS = `-A KUBE-SERVICES ${note("kubernetes service nodeports; NOTE: this must be the last rule in this chain")} -m addrtype --dst-type LOCAL -j KUBE-NODEPORTS`;
const PODS = "10.244.0.0/16";
const RULES_OF_A_SERVICE = 11;

/** `iptables-save` output of so many rules, as kube-proxy in iptables mode writes them. */
export function kubeRules(cluster: Cluster, seed: number, count: number): string {
  const random = new Random(seed + 10);
  const published = cluster.published.map(rulesOf);
  const taken = FILTER.length + NAT.length + 1 + published.reduce((all, one) => all + one.rules.length + one.portals.length, 0);
  const others = Math.floor((count - taken) / RULES_OF_A_SERVICE);
  if (others < 0) throw new Error(`the published services take ${taken} rules, more than ${count}`);
  const every = Math.ceil((others + 1) / published.length);
  const drafts: Draft[] = [];
  for (let i = 0; i < others; i++) {
    if (i % every === 0) drafts.push(...published.splice(0, 1));
    drafts.push(rulesOf(service(random, 100 + i, random.below(12) === 0 ? "udp" : "tcp", [])));
  }
  drafts.push(...published);
  const empty = count - taken - others * RULES_OF_A_SERVICE;
  return [
    "*filter",
    ...chains(["INPUT", "FORWARD", "OUTPUT"], FILTER_CHAINS),
    ...FILTER,
    ...Array.from({ length: empty }, (_, i) => withoutEndpoints(i)),
    "COMMIT",
    "*nat",
    ...chains(["PREROUTING", "INPUT", "OUTPUT", "POSTROUTING"], [...NAT_CHAINS, ...drafts.flatMap((one) => one.chains)].sort()),
    ...NAT,
    ...drafts.flatMap((one) => one.rules),
    ...drafts.flatMap((one) => one.portals),
    NODEPORTS,
    "COMMIT",
    "",
  ].join("\n");
}

/** What a service contributes. */
interface Draft {
  readonly chains: readonly string[];
  /** Rules of its own chains. */
  readonly rules: readonly string[];
  /** Its rules in KUBE-SERVICES. */
  readonly portals: readonly string[];
}

function rulesOf(one: Service | Published): Draft {
  const { name, hash, protocol, endpoints, balancer } = one;
  const svc = `KUBE-SVC-${hash}`;
  const to = (address: number, what: string) =>
    `-d ${dotted(address)}/32 -p ${protocol} ${note(`${name} ${what}`)} -m ${protocol} --dport ${one.port}`;
  const portals = [`-A KUBE-SERVICES ${to(one.address, "cluster IP")} -j ${svc}`];
  const rules = endpoints.flatMap((endpoint) => [
    `-A ${endpoint.chain} -s ${dotted(endpoint.address)}/32 ${note(name)} -j KUBE-MARK-MASQ`,
    `-A ${endpoint.chain} -p ${protocol} ${note(name)} -m ${protocol} -j DNAT --to-destination ${dotted(endpoint.address)}:${endpoint.port}`,
  ]);
  rules.push(`-A ${svc} ! -s ${PODS} ${to(one.address, "cluster IP")} -j KUBE-MARK-MASQ`, ...lots(svc, name, endpoints));
  const own = [...endpoints.map((endpoint) => endpoint.chain), svc];
  if (balancer === undefined) return { chains: own, rules, portals };
  const [ext, svl] = [`KUBE-EXT-${hash}`, `KUBE-SVL-${hash}`];
  portals.push(`-A KUBE-SERVICES ${to(balancer, "loadbalancer IP")} -j ${ext}`);
  rules.push(
    `-A ${ext} -s ${PODS} ${note(`pod traffic for ${name} external destinations`)} -j ${svc}`,
    `-A ${ext} ${note(`masquerade LOCAL traffic for ${name} external destinations`)} -m addrtype --src-type LOCAL -j KUBE-MARK-MASQ`,
    `-A ${ext} ${note(`route LOCAL traffic for ${name} external destinations`)} -m addrtype --src-type LOCAL -j ${svc}`,
    `-A ${ext} -j ${svl}`,
    ...lots(
      svl,
      name,
      endpoints.filter((endpoint) => endpoint.pod !== undefined),
    ),
  );
  return { chains: [...own, ext, svl], rules, portals };
}

/** One endpoint of several, each as likely as the others. */
function lots(chain: string, name: string, endpoints: readonly Endpoint[]): string[] {
  return endpoints.map((endpoint, i) => {
    const left = endpoints.length - i;
    const lot = left > 1 ? ` -m statistic --mode random --probability ${(1 / left).toFixed(11)}` : "";
    return `-A ${chain} ${note(`${name} -> ${dotted(endpoint.address)}:${endpoint.port}`)}${lot} -j ${endpoint.chain}`;
  });
}

function withoutEndpoints(number: number): string {
  const text = note(`team-0/empty-${number}:http has no endpoints`);
  return `-A KUBE-SERVICES -d 10.111.0.${number}/32 -p tcp ${text} -m tcp --dport 80 -j REJECT --reject-with icmp-port-unreachable`;
}

function chains(builtIn: readonly string[], own: readonly string[]): string[] {
  return [...builtIn.map((name) => `:${name} ACCEPT [0:0]`), ...own.map((name) => `:${name} - [0:0]`)];
}

function note(text: string): string {
  return `-m comment --comment "${text}"`;
}
