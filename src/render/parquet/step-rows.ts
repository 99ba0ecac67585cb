import { briefRule, targetName } from "../../explain/rule-words.ts";
import type { Rule } from "../../model/rule.ts";
import type { EndStep, PacketTrace, RuleStep, Step, Way } from "../../model/trace.ts";
import { type Draft, emptyRow, type Row } from "./columns.ts";

/** The table of steps: each step of each packet, then what became of the packet. */
export const STEP_COLUMNS = {
  packet: "number",
  capture: "text",
  time: "time",
  flow: "number",
  step: "number",
  alternative: "number",
  kind: "text",
  netns: "text",
  hook: "text",
  table_name: "text",
  chain: "text",
  rule: "number",
  line: "number",
  target: "text",
  text: "text",
  in_dev: "text",
  out_dev: "text",
  mark: "count",
  state: "text",
  from_endpoint: "text",
  to_endpoint: "text",
  verdict: "text",
  reason: "text",
  certainty: "text",
  octets: "number",
} as const;

type StepRow = Draft<typeof STEP_COLUMNS>;

const NAMES = Object.keys(STEP_COLUMNS) as (keyof StepRow)[];
const row: StepRow = emptyRow(STEP_COLUMNS);

/**
 * The rows of a packet: the steps of its way, or of every way that it can have gone, and last what became of it.
 * `take` gets the same object each time.
 */
export function eachStepRow(trace: PacketTrace, take: (row: Row<typeof STEP_COLUMNS>) => void): void {
  let number = 0;
  const begin = (alternative?: number) => {
    for (const name of NAMES) row[name] = undefined;
    row.packet = trace.frame.number;
    row.capture = trace.frame.source?.capture;
    row.time = trace.frame.time;
    row.flow = trace.flow;
    row.step = ++number;
    row.alternative = alternative;
  };
  const ways = trace.alternatives.length > 0 ? trace.alternatives : [trace.way];
  for (const [index, way] of ways.entries()) {
    for (const step of way.allSteps ?? way.steps) {
      begin(ways.length > 1 ? index + 1 : undefined);
      fill(step);
      take(row);
    }
  }
  begin();
  fillEnd(trace.way);
  row.certainty = trace.certainty;
  row.octets = trace.packet.length;
  take(row);
}

function fillEnd({ at, verdict, undecided, steps }: Way): void {
  row.kind = "verdict";
  row.netns = at.netns;
  row.out_dev = at.interface;
  row.table_name = at.table;
  row.chain = at.chain;
  row.rule = at.rule;
  row.line = at.line || undefined;
  const rule = ruleAt(steps, at.rule);
  if (rule) row.target = targetName(rule.target);
  if (rule) row.text = textOf(rule);
  row.verdict = verdict;
  row.reason = undecided ?? at.reason;
}

function ruleAt(steps: readonly Step[], number: number | undefined): Rule | undefined {
  const last = steps.findLast((step) => step.kind === "rule");
  return last?.kind === "rule" && last.rule.number === number ? last.rule : undefined;
}

/** One string for each rule: equal strings that are the same are found in a dictionary at once. */
const texts = new WeakMap<Rule, string>();

function textOf(rule: Rule): string {
  const text = texts.get(rule) ?? briefRule(rule);
  texts.set(rule, text);
  return text;
}

function fill(step: Step): void {
  row.kind = step.kind;
  row.netns = step.netns;
  switch (step.kind) {
    case "rule":
    case "return":
    case "policy":
      fillChain(step);
      break;
    case "conntrack":
      row.state = step.state;
      row.text = step.note;
      break;
    case "nat":
      row.target = step.manip === "src" ? "SNAT" : "DNAT";
      row.from_endpoint = step.from;
      row.to_endpoint = step.to;
      break;
    case "route":
      row.table_name = step.table;
      row.out_dev = step.out;
      row.text = step.route;
      break;
    case "bridge":
      row.in_dev = step.port;
      row.out_dev = step.bridge;
      row.target = step.action;
      row.text = step.note;
      break;
    case "neighbour":
      row.out_dev = step.interface;
      row.text = step.note ?? step.address;
      break;
    case "device":
      row[step.direction === "in" ? "in_dev" : "out_dev"] = step.interface;
      row.text = step.note;
      break;
    default:
      row.text = step.note;
  }
}

function fillChain(step: RuleStep | EndStep): void {
  row.hook = step.hook;
  row.table_name = step.table;
  row.chain = step.chain;
  row.in_dev = step.in;
  row.out_dev = step.out;
  row.mark = step.mark;
  const rule = step.kind === "rule" ? step.rule : undefined;
  row.rule = step.kind === "rule" ? step.rule.number : step.number;
  row.line = (step.kind === "rule" ? step.rule.line : step.line) || undefined;
  row.target = step.kind === "rule" ? targetName(step.rule.target) : step.verdict;
  if (rule) row.text = textOf(rule);
}
