import type { Rule, TargetUse } from "../model/rule.ts";

/** What stands for the text of a rule that has neither conditions nor a target. */
const ONLY_COUNTS = "(no conditions, no target)";

/** A rule's own text without `-A CHAIN`. */
export function ruleBody({ text }: Pick<Rule, "text">): string {
  return text.replace(/^-A (?:"[^"]*"|\S+) ?/, "") || ONLY_COUNTS;
}

/** The rule's text without what a reader can do without: `-m tcp` after `-p tcp`, comments, full-length masks. */
export function briefRule(rule: Pick<Rule, "text">): string {
  const body = ruleBody(rule).replace(/-m comment --comment (?:"(?:[^"\\]|\\.)*"|\S+) ?/g, "");
  const protocol = /(?:^| )-p (\S+)/.exec(body)?.[1];
  const brief = protocol ? body.replace(` -m ${protocol} `, " ") : body;
  return brief.replace(/(\d+\.\d+\.\d+\.\d+)\/32(?= |$)/g, "$1").trim() || ONLY_COUNTS;
}

/** The comment that a rule carries, if any. */
export function commentOf(rule: Rule): string | undefined {
  const match = /-m comment --comment (?:"((?:[^"\\]|\\.)*)"|(\S+))/.exec(rule.text);
  return match ? (match[1] ?? match[2])?.replace(/\\(.)/g, "$1") : undefined;
}

/** What follows `-j` or `-g`: "ACCEPT", "DOCKER", "DNAT"; undefined for a rule that only counts. */
export function targetName(target: TargetUse | undefined): string | undefined {
  if (!target) return undefined;
  if (target.kind === "verdict") return target.verdict;
  return target.kind === "extension" ? target.name : target.chain;
}

/** "filter FORWARD 3 (line 20)"; the line is left out where there is none. */
export function ruleName(table: string, chain: string, rule: Rule): string {
  return `${table} ${chain} ${rule.number}${rule.line > 0 ? ` (line ${rule.line})` : ""}`;
}

/**
 * A rule's text cut to a width: whole if it fits, else its beginning and its target with an ellipsis between,
 * because the target is what most readers look for.
 */
export function fitRule(text: string, width: number): string {
  if (text.length <= width) return text;
  const jump = /(?:^| )-[jg] \S+/.exec(text);
  if (!jump) return `${text.slice(0, Math.max(1, width - 1))}…`;
  const head = text.slice(0, jump.index);
  const tail = text.slice(jump.index).trim();
  const short = tail.length <= width * 0.6 ? tail : cutTail(tail, Math.floor(width * 0.6));
  const room = width - short.length - 2;
  if (!head) return cutTail(tail, width);
  if (head.length <= room + 1) return `${head} ${cutTail(tail, width - head.length - 1)}`;
  return room < 6 ? cutTail(tail, width) : `${head.slice(0, room).trimEnd()}… ${short}`;
}

function cutTail(text: string, width: number): string {
  return text.length <= width ? text : `${text.slice(0, Math.max(1, width - 1)).trimEnd()}…`;
}
