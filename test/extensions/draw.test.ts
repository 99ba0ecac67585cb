import { describe, expect, it } from "vitest";
import { MATCHES, TARGETS } from "../../src/extensions/index.ts";
import { saveOptions } from "../../src/extensions/save.ts";
import type { MatchSpec, TargetSpec } from "../../src/extensions/spec.ts";
import { type Hook, TABLE_HOOKS, type TableName } from "../../src/model/rule.ts";
import { parseIptablesSave } from "../../src/parse/iptables-save.ts";
import { familiesOf, readRule } from "./rule-words.ts";
import { seededDraw } from "./seeded-draw.ts";

const PROTOCOLS = [undefined, "tcp", "udp", "icmp", "ipv6-icmp", "sctp", "udplite", "dccp", "esp", "ah", "ipcomp", "mobility-header"];
const PLACES = Object.entries(TABLE_HOOKS).flatMap(([table, hooks]) =>
  [...hooks.map((hook) => [hook]), hooks].map((from) => ({ table, from })),
) as {
  table: TableName;
  from: readonly Hook[];
}[];

/** What few kernels have or none has any more, or what needs objects of its own: a random ruleset with it would not load. */
const RARE = ["CLUSTERIP", "LED", "SECMARK", "ULOG", "ipvs", "nfacct", "rateest"];

/** Random rules of one extension by the table that they fit in. */
function rulesOf(spec: MatchSpec | TargetSpec, family: 4 | 6): ReadonlyMap<TableName, readonly string[]> {
  const found = new Map<TableName, string[]>();
  let seed = 0;
  for (let round = 0; round < 4; round++) {
    for (const { table, from } of PLACES) {
      for (const protocol of PROTOCOLS) {
        const words = spec.draw(seededDraw(seed++, { family, table, hooks: from, protocol, backend: "legacy" }));
        if (words === undefined) continue;
        const rule = `${protocol === undefined ? "" : `-p ${protocol} `}${words}`;
        found.set(table, [...(found.get(table) ?? []), rule]);
      }
    }
  }
  return found;
}

function problemsOf(rules: ReadonlyMap<TableName, readonly string[]>, family: 4 | 6): readonly string[] {
  const tables = [...rules].map(([table, list]) => `*${table}\n:c - [0:0]\n${list.map((rule) => `-A c ${rule}\n`).join("")}COMMIT\n`);
  return parseIptablesSave(tables.join(""), "drawn", family).problems.map((problem) => `${problem.message}: ${problem.source}`);
}

describe("every match and target draws rules", () => {
  for (const spec of [...MATCHES, ...TARGETS]) {
    // realm is a match of iptables only, though the kernel has it for both families.
    for (const family of spec.name === "realm" ? ([4] as const) : familiesOf(spec)) {
      const rules = rulesOf(spec, family);
      it(`${spec.kind} ${spec.name}, IPv${family}`, () => {
        const all = [...rules.values()].flat();
        if (RARE.includes(spec.name)) return expect(all).toEqual([]);
        expect(all.length).toBeGreaterThan(5);
        expect(problemsOf(rules, family)).toEqual([]);
        const start = `${spec.kind === "match" ? "-m" : "-j"} ${spec.name}`;
        for (const rule of all) {
          const { before, args } = readRule(rule, spec);
          const saved = `${before} ${saveOptions(spec, args, family)}`.trim();
          expect(rule).toContain(start);
          expect(saveOptions(spec, readRule(saved, spec).args, family), rule).toBe(saveOptions(spec, args, family));
        }
      });
    }
  }
});
