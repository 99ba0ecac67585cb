import { MATCHES, TARGETS } from "../../../src/extensions/index.ts";
import type { MatchSpec, TargetSpec } from "../../../src/extensions/spec.ts";
import type { Family } from "../../../src/model/address.ts";
import { TABLE_HOOKS as HOOKS, type Hook } from "../../../src/model/rule.ts";
import type { ChainPlan, NetnsRules, TablePlan, Topology } from "./case.ts";
import type { Dice } from "./dice.ts";
import { RuleDraw, type SetPlan } from "./rule-draw.ts";
import { drawSets } from "./sets.ts";
import { RuleDraw6 } from "./six/rule-draw.ts";

type Table = TablePlan["table"];

const TABLES: readonly (readonly [number, Table])[] = [
  [2, "raw"],
  [2, "mangle"],
  [1, "nat"],
  [1, "filter"],
  [6, "security"],
];
/** What most rulesets are made of: drawn as often as all the rest together, so that few cases go without. */
const COMMON: ReadonlySet<string> = new Set(
  (
    "connmark conntrack limit mark multiport physdev recent set statistic " + "CONNMARK DNAT MARK MASQUERADE REDIRECT REJECT SNAT TOS"
  ).split(" "),
);
const PROTOCOLS: Readonly<Record<Family, readonly string[]>> = {
  4: ["tcp", "tcp", "tcp", "udp", "udp", "icmp", "sctp", "udplite", "dccp", "esp", "ah", "gre"],
  6: ["tcp", "tcp", "tcp", "udp", "udp", "icmpv6", "icmpv6", "sctp", "udplite", "dccp", "esp", "gre", "mh"],
};
const IN_HOOKS: readonly Hook[] = ["PREROUTING", "INPUT", "FORWARD"];
const OUT_HOOKS: readonly Hook[] = ["FORWARD", "OUTPUT", "POSTROUTING"];

interface UserChain {
  readonly name: string;
  readonly hooks: readonly Hook[];
}

/** What all rules of a namespace are drawn for. */
interface Place {
  readonly topology: Topology;
  readonly backend: "legacy" | "nft";
  readonly family: Family;
  readonly sets: readonly SetPlan[];
}

/** Random rules for the namespaces of a machine; every extension is drawn by its own spec. */
export function drawRules(dice: Dice, topology: Topology, backend: "legacy" | "nft", family: Family): NetnsRules[] {
  const ruled = topology.namespaces.filter((_, i) => i === 0 || dice.chance(2));
  return ruled.map(({ name }) => {
    const sets = drawSets(dice, topology.pools, family);
    const tables = TABLES.filter(([oneIn]) => oneIn === 1 || dice.chance(oneIn)).filter(() => !dice.chance(6));
    return {
      netns: name,
      tables: tables.map(([, table]) => drawTable(dice, { topology, backend, family, sets }, table)),
      sets: sets.flatMap((set) => set.lines),
    };
  });
}

function drawTable(dice: Dice, place: Place, table: Table): TablePlan {
  const user: UserChain[] = Array.from({ length: dice.integer(0, 4) }, (_, i) => ({
    name: `${table[0]}${i}`,
    hooks: dice.chance(3) ? HOOKS[table] : dice.chance(2) ? [dice.pick(HOOKS[table])] : dice.some(2, HOOKS[table]),
  }));
  const draw = (hooks: readonly Hook[], chains: readonly UserChain[], most: number): string[] => {
    const reachable = chains.filter((chain) => hooks.every((hook) => chain.hooks.includes(hook)));
    return Array.from({ length: dice.integer(0, most) }, () => drawRule(dice, place, table, hooks, reachable));
  };
  const builtin: ChainPlan[] = HOOKS[table].map((hook) => ({
    name: hook,
    policy: table !== "nat" && dice.chance(12) ? "DROP" : "ACCEPT",
    rules: draw([hook], user, 5),
  }));
  const own: ChainPlan[] = user.map((chain, i) => ({
    name: chain.name,
    policy: "-",
    rules: draw(chain.hooks, user.slice(i + 1), 4),
  }));
  return { table, chains: [...builtin, ...own] };
}

function drawRule(dice: Dice, place: Place, table: Table, hooks: readonly Hook[], chains: readonly UserChain[]): string {
  const { topology, backend, family, sets } = place;
  const protocol = dice.chance(2) ? dice.pick(PROTOCOLS[family]) : undefined;
  const negated = protocol !== undefined && dice.chance(12);
  const where = { family, table, hooks, protocol: negated ? undefined : protocol, backend, sets };
  const draw = family === 4 ? new RuleDraw(dice, topology, where) : new RuleDraw6(dice, topology, where);
  const words: string[] = [];
  const not = () => (dice.chance(6) ? "! " : "");
  for (const [flag, side] of [
    ["-s", "src"],
    ["-d", "dst"],
  ] as const) {
    if (!dice.chance(4)) continue;
    const whose = dice.chance(2) ? draw.address(side) : draw.network(side);
    // iptables-nft refuses "not everywhere".
    words.push(`${backend === "nft" && whose.endsWith("/0") ? "" : not()}${flag} ${whose}`);
  }
  if (dice.chance(4) && hooks.every((hook) => IN_HOOKS.includes(hook))) words.push(`${not()}-i ${draw.device("in")}`);
  if (dice.chance(4) && hooks.every((hook) => OUT_HOOKS.includes(hook))) words.push(`${not()}-o ${draw.device("out")}`);
  if (protocol !== undefined) words.push(`${negated ? "! " : ""}-p ${protocol}`);
  if (family === 4 && dice.chance(25)) words.push(`${not()}-f`);
  const fits = (spec: MatchSpec | TargetSpec) =>
    (spec.families?.includes(family) ?? true) &&
    (spec.tables?.includes(table) ?? true) &&
    (!spec.hooks || hooks.every((hook) => spec.hooks?.includes(hook)));
  const matches = MATCHES.filter(fits);
  const wanted = dice.weighted([6, 0], [8, 1], [3, 2], [1, 3]);
  const names = new Set<string>();
  for (let i = 0; i < wanted; i++) {
    // A protocol's own match is what most rules have.
    const own = protocol !== undefined && dice.chance(2) ? matches.find((spec) => spec.name === protocol) : undefined;
    const spec = own ?? pickSpec(dice, matches);
    if (names.has(spec.name)) continue;
    const drawn = spec.draw?.(draw);
    if (drawn === undefined) continue;
    names.add(spec.name);
    words.push(drawn);
  }
  const target = drawTarget(dice, table, chains, draw, TARGETS.filter(fits));
  return [...(backend === "nft" ? words.filter((word) => !isMergedWith(word, target)) : words), ...target].join(" ");
}

/** Two looks at TCP flags, one of which comes with the target: iptables-nft-save makes a single wrong one of them. */
function isMergedWith(match: string, target: readonly string[]): boolean {
  return /^-m tcp .*--(tcp-flags|syn)\b/.test(match) && target.some((word) => word.includes("--tcp-flags"));
}

function pickSpec<S extends MatchSpec | TargetSpec>(dice: Dice, specs: readonly S[]): S {
  const common = specs.filter(({ name }) => COMMON.has(name));
  return dice.pick(common.length > 0 && dice.chance(2) ? common : specs);
}

function drawTarget(dice: Dice, table: Table, chains: readonly UserChain[], draw: RuleDraw, targets: readonly TargetSpec[]): string[] {
  const kind = dice.weighted(
    [8, "accept"],
    [table === "nat" ? 0 : 4, "drop"],
    [4, "return"],
    [chains.length > 0 ? 9 : 0, "jump"],
    [chains.length > 0 ? 3 : 0, "goto"],
    [3, "none"],
    [table === "nat" ? 22 : 12, "target"],
  );
  switch (kind) {
    case "accept":
      return ["-j ACCEPT"];
    case "drop":
      return ["-j DROP"];
    case "return":
      return ["-j RETURN"];
    case "jump":
      return [`-j ${dice.pick(chains).name}`];
    case "goto":
      return [`-g ${dice.pick(chains).name}`];
    case "none":
      return [];
    default: {
      const nat = table === "nat" ? targets.filter((spec) => spec.tables?.length === 1) : [];
      const drawn = pickSpec(dice, nat.length > 0 && !dice.chance(5) ? nat : targets).draw?.(draw);
      return drawn === undefined ? ["-j ACCEPT"] : [drawn];
    }
  }
}

/** The rules of a namespace as `iptables-restore` reads them. */
export function restoreText(rules: NetnsRules): string {
  return rules.tables
    .map(({ table, chains }) =>
      [
        `*${table}`,
        ...chains.map((chain) => `:${chain.name} ${chain.policy} [0:0]`),
        ...chains.flatMap((chain) => chain.rules.map((rule) => `-A ${chain.name} ${rule}`.trimEnd())),
        "COMMIT\n",
      ].join("\n"),
    )
    .join("");
}
