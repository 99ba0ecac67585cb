import { formatAddress } from "../model/address.ts";
import type { EndStep, RuleStep, Step, Way } from "../model/trace.ts";
import { briefRule } from "./rule-words.ts";

/** One line of the table of steps. */
export interface StepRow {
  readonly netns: string;
  /** "FORWARD", "route", "bridge" … */
  readonly hook: string;
  readonly table: string;
  readonly chain: string;
  /** Number of the rule in its chain. */
  readonly number?: number;
  readonly text: string;
  /** Line in the rules file. */
  readonly line?: number;
  /** "bad": the packet ended here; "change": it was translated or marked; "quiet": several uneventful steps in one. */
  readonly tone: "plain" | "bad" | "change" | "quiet";
}

/** A step that the kernel's TRACE target would log. */
type ChainStep = RuleStep | EndStep;

/** The steps of a way as rows; without `all`, chains that came back empty-handed and tables that had nothing to say are gathered in one row. */
export function stepRows(way: Way, all: boolean): readonly StepRow[] {
  const quiet = all ? new Set<number>() : uneventful(way.steps);
  const rows: StepRow[] = [];
  let gathered: ChainStep[] = [];
  const flush = () => {
    if (gathered.length > 0) rows.push(gatheredRow(gathered));
    gathered = [];
  };
  way.steps.forEach((step, index) => {
    if (quiet.has(index)) {
      if (isChainStep(step)) gathered.push(step);
      return;
    }
    flush();
    const bad = isChainStep(step) && index === way.steps.length - 1 && (way.verdict === "dropped" || way.verdict === "rejected");
    rows.push(rowOf(step, bad));
    const marks = step.kind === "rule" ? changeWords(step) : "";
    if (marks) rows.push({ netns: "", hook: "", table: "", chain: "", text: `⇒ ${marks}`, tone: "change" });
  });
  flush();
  return rows;
}

/** Whether a step is one that the kernel's TRACE target would log. */
export function isChainStep(step: Step): step is ChainStep {
  return step.kind === "rule" || step.kind === "return" || step.kind === "policy";
}

/** Indexes of steps that a first reading can do without. */
function uneventful(steps: readonly Step[]): ReadonlySet<number> {
  const quiet = new Set<number>();
  steps.forEach((step, index) => {
    if (step.kind === "policy" && step.verdict === "ACCEPT") quiet.add(index);
    if (step.kind === "conntrack") quiet.add(index);
    if (step.kind === "neighbour" && step.mac !== undefined) quiet.add(index);
    if (step.kind === "device" && (index === 0 || step.direction === "out")) quiet.add(index);
    if (comesBack(step)) gatherEmptyCall(steps, index, quiet);
  });
  return quiet;
}

function comesBack(step: Step): boolean {
  if (step.kind === "return") return true;
  return step.kind === "rule" && step.chain !== step.hook && step.rule.target?.kind === "verdict" && step.rule.target.verdict === "RETURN";
}

/** A jump whose chain came back: everything from the jump to the return, unless something was changed on the way. */
function gatherEmptyCall(steps: readonly Step[], end: number, quiet: Set<number>): void {
  const back = steps[end];
  if (!back || !isChainStep(back)) return;
  for (let i = end - 1; i >= 0; i--) {
    const step = steps[i];
    if (!step || !isChainStep(step) || step.table !== back.table || step.hook !== back.hook) return;
    if (step.kind === "rule" && (step.set || step.note)) return;
    const target = step.kind === "rule" ? step.rule.target : undefined;
    if (target?.kind === "jump" && target.chain === back.chain) {
      for (let k = i; k <= end; k++) quiet.add(k);
      return;
    }
  }
}

function gatheredRow(steps: readonly ChainStep[]): StepRow {
  const first = steps[0];
  const called = steps.flatMap((s) => (comesBack(s) ? [s.chain] : []));
  const ended = steps.flatMap((s) => (s.kind === "policy" ? [`${s.table} ${s.chain}`] : []));
  const parts = [
    ...(called.length > 0 ? [`no verdict from ${[...new Set(called)].join(", ")}`] : []),
    ...(ended.length > 0 ? [`policy ACCEPT at the end of ${[...new Set(ended)].join(", ")}`] : []),
  ];
  return { netns: first?.netns ?? "", hook: "…", table: "", chain: "", text: parts.join("; "), tone: "quiet" };
}

function rowOf(step: Step, bad: boolean): StepRow {
  const row = { netns: step.netns, table: "", chain: "", tone: bad ? ("bad" as const) : ("plain" as const) };
  switch (step.kind) {
    case "rule": {
      const { number, line } = step.rule;
      return {
        ...row,
        hook: step.hook,
        table: step.table,
        chain: step.chain,
        number,
        text: briefRule(step.rule),
        ...(line > 0 && { line }),
      };
    }
    case "return":
      return { ...row, hook: step.hook, table: step.table, chain: step.chain, text: "end of chain" };
    case "policy": {
      const line = step.line > 0 ? { line: step.line } : {};
      return {
        ...row,
        hook: step.hook,
        table: step.table,
        chain: step.chain,
        text: `end of chain, policy ${step.verdict ?? "?"}`,
        ...line,
      };
    }
    case "conntrack":
      return { ...row, hook: "conntrack", text: conntrackWords(step) };
    case "nat":
      return { ...row, hook: "nat", text: natWords(step), tone: "change" };
    case "route":
      return { ...row, hook: "route", text: routeWords(step) };
    case "bridge":
      return { ...row, hook: "bridge", text: bridgeWords(step) };
    case "neighbour":
      return { ...row, hook: "neighbour", text: step.note ?? `${step.address} is ${step.mac ?? "not known"} on ${step.interface}` };
    case "device":
      return {
        ...row,
        hook: "device",
        text: `${step.direction === "in" ? "comes in on" : "goes out on"} ${step.interface}${noted(step.note)}`,
      };
    case "local":
    case "stack":
      return { ...row, hook: step.kind === "local" ? "socket" : "kernel", text: step.note };
  }
}

function noted(note: string | undefined): string {
  return note ? `, ${note}` : "";
}

/** "NEW", "INVALID: an ICMP error about no known connection". */
export function conntrackWords(step: Extract<Step, { kind: "conntrack" }>): string {
  const way = step.direction === "reply" ? " (answer)" : "";
  const state = step.protocolState ? `, connection ${step.protocolState}` : "";
  return `${step.state}${way}${state}${step.note ? `: ${step.note}` : ""}`;
}

/** "destination 192.0.2.10:8080 → 172.17.0.2:80" */
export function natWords(step: Extract<Step, { kind: "nat" }>): string {
  const what = step.manip === "src" ? "source" : "destination";
  return `⇒ ${what} ${step.from} → ${step.to}${step.by === "entry" ? " (by the connection's entry)" : ""}`;
}

/** "172.17.0.0/16 dev docker0", with the policy rule that led to its table. */
export function routeWords(step: Extract<Step, { kind: "route" }>): string {
  const route = step.route === "none" ? "no route" : step.route;
  const via = step.via !== undefined && !route.includes("via ") ? ` via ${formatAddress(step.via)}` : "";
  const table = step.table && step.table !== "main" && step.table !== "local" ? ` (table ${step.table})` : "";
  const rule = step.policyRule ? `, by ip rule "${step.policyRule}"` : "";
  const again = step.stage === "reroute" ? "routed again: " : "";
  return `${again}${route}${via}${table}${rule}`;
}

/** "flooded to veth1 and veth2", "up to the host", "to port veth1". */
export function bridgeWords(step: Extract<Step, { kind: "bridge" }>): string {
  const ports = step.ports.join(", ");
  const actions = {
    up: `${step.bridge} hands it up to the IP layer`,
    forward: `${step.bridge} passes it on to port ${ports}`,
    flood: `${step.bridge} floods it to ${ports || "no port"}`,
    drop: `${step.bridge} drops it`,
  };
  return `${actions[step.action]}${step.note ? `: ${step.note}` : ""}`;
}

/** What a matching rule changed besides translating: "mark 0x1", "ttl 63". */
function changeWords(step: RuleStep): string {
  if (step.note) return step.note;
  const set = Object.entries(step.set ?? {}).filter(([key]) => !["src", "dst", "sport", "dport"].includes(key));
  return set
    .map(([key, value]) => `${key} ${key.includes("mark") && typeof value === "number" ? `0x${value.toString(16)}` : value}`)
    .join(", ");
}
