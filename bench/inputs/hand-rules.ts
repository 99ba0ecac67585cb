import { dotted } from "./cluster.ts";
import { Random } from "./random.ts";

const HEAD = [
  "*filter",
  ":INPUT DROP [0:0]",
  ":FORWARD ACCEPT [0:0]",
  ":OUTPUT ACCEPT [0:0]",
  "-A INPUT -i lo -j ACCEPT",
  "-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT",
  "-A INPUT -p icmp -j ACCEPT",
  "-A INPUT -p tcp -m tcp --dport 22 -j ACCEPT",
];
const CHAINS = 4;
const OWN_RULES = HEAD.length - CHAINS;

/** `iptables-save` output of so many rules, as people write them: one long list of all sorts, none of which the traffic matches. */
export function handRules(seed: number, count: number): string {
  const random = new Random(seed + 20);
  const lines = [...HEAD];
  for (let i = OWN_RULES; i < count; i++) lines.push(`-A FORWARD ${draw(random, i)}`);
  return [...lines, "COMMIT", ""].join("\n");
}

function draw(random: Random, number: number): string {
  const source = `${dotted(0xac100000 + random.below(0x0010_0000))}/32`;
  const net = `${dotted(0xac100000 + (random.below(0x1000) << 8))}/24`;
  const target = `${dotted(0xc0a80000 + random.below(0x1_0000))}/32`;
  const port = random.between(1, 65_000);
  const verdict = random.pick(["ACCEPT", "ACCEPT", "DROP", "REJECT --reject-with icmp-port-unreachable"]);
  const protocol = random.pick(["tcp", "tcp", "udp"]);
  switch (random.below(10)) {
    case 0:
      return `-s ${source} -j DROP`;
    case 1:
      return `-s ${net} -d ${target} -j ${verdict}`;
    case 2:
      return `-s ${net} -d ${target} -p ${protocol} -m multiport --dports ${port},${port + 1},${port + 7} -j ${verdict}`;
    case 3:
      return `-d ${target} -p ${protocol} -m ${protocol} --dport ${port}:${port + 20} -j ${verdict}`;
    case 4:
      return `-s ${source} -d ${target} -p ${protocol} -m ${protocol} --sport 1024:65535 --dport ${port} -j ${verdict}`;
    case 5:
      return `-d ${target} -i eth1 -p tcp -m comment --comment "ticket ${number}" -m tcp --dport ${port} -j ${verdict}`;
    case 6:
      return `-s ${source} -o eth2 -p ${protocol} -m ${protocol} --dport ${port} -m conntrack --ctstate NEW -j ${verdict}`;
    default:
      return `-s ${net} -d ${target} -p ${protocol} -m ${protocol} --dport ${port} -j ${verdict}`;
  }
}
