import { dotted } from "./cluster.ts";
import { Random } from "./random.ts";

const HEAD = ["*filter", ":INPUT DROP [0:0]", ":FORWARD DROP [0:0]", ":OUTPUT ACCEPT [0:0]"];

/** `iptables-save` output of so many rules: a list of bad sources as programs write it, and a few ports behind. */
export function listRules(seed: number, count: number): string {
  const random = new Random(seed + 30);
  const ports = [22, 80, 443].map((port) => `-A INPUT -p tcp -m tcp --dport ${port} -j ACCEPT`);
  const bad = Array.from({ length: count - ports.length }, () => `-A INPUT -s ${dotted(random.below(0xdfffffff))}/32 -j DROP`);
  return [...HEAD, ...bad, ...ports, "COMMIT", ""].join("\n");
}

/** The same of rules that stand in each other's way all the time: networks of all sizes inside one, ranges of ports, verdicts of both kinds. */
export function crossingRules(seed: number, count: number): string {
  const random = new Random(seed + 40);
  const network = () => {
    const length = random.between(10, 28);
    const bits = 2 ** (32 - length);
    return `${dotted(0x0a000000 + Math.floor(random.below(0x1000000) / bits) * bits)}/${length}`;
  };
  const rule = () => {
    const port = random.between(1, 60_000);
    const verdict = random.pick(["ACCEPT", "DROP"]);
    return `-A FORWARD -s ${network()} -d ${network()} -p tcp -m tcp --dport ${port}:${port + random.between(0, 2000)} -j ${verdict}`;
  };
  return [...HEAD, ...Array.from({ length: count }, rule), "COMMIT", ""].join("\n");
}
