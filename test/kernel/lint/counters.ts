import type { Family } from "../../../src/model/address.ts";
import type { Rule, Table } from "../../../src/model/rule.ts";
import type { Lab } from "../lab/lab.ts";
import type { Plan } from "../lab/protocol.ts";
import { NETNS } from "./world.ts";

/** How many packets the kernel has counted for each rule of a table, those left out that the lab put there to watch. */
export async function packetsOf(lab: Lab, table: Table, family: Family, backend: Plan["backend"]): Promise<ReadonlyMap<Rule, number>> {
  const tool = `${family === 4 ? "iptables" : "ip6tables"}-${backend}-save`;
  const { code, stdout, stderr } = await lab.run(NETNS, [tool, "-c", "-t", table.name]);
  if (code !== 0) throw new Error(`${tool}: ${stderr}`);
  const counts = new Map<string, number[]>();
  for (const line of stdout.split("\n")) {
    const [, packets, chain = "", words = ""] = /^\[(\d+):\d+\] -A (\S+)(.*)$/.exec(line) ?? [];
    if (packets === undefined || /-j TRACE\b/.test(words)) continue;
    counts.set(chain, [...(counts.get(chain) ?? []), Number(packets)]);
  }
  const found = new Map<Rule, number>();
  for (const { name, rules } of table.chains.values()) {
    const own = counts.get(name) ?? [];
    const traced = rules.filter(({ target }) => target?.kind !== "extension" || target.name !== "TRACE");
    if (own.length !== traced.length) throw new Error(`${tool}: ${name} has ${own.length} rules, not ${traced.length}`);
    for (const [i, rule] of traced.entries()) found.set(rule, own[i] ?? 0);
  }
  return found;
}
