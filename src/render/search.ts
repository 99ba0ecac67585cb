import { decisionText } from "../search/decision.ts";
import type { Answer, Question } from "../search/search.ts";
import { paint, type Style, spell, wrap } from "./style.ts";

function questionText({ goal, table, hooks }: Question): string {
  switch (goal.kind) {
    case "rule":
      return `match ${table} ${goal.chain} ${goal.number}`;
    case "chain":
      return `come to ${table} ${goal.chain}`;
    case "verdict":
      return `get the verdict ${goal.verdict} of ${table} at ${hooks.join(" or ")}`;
  }
}

/** An answer as a person reads it, without the explanation of the packet. */
export function* searchText(answer: Answer, question: Question, style: Style): Generator<string> {
  const line = (text: string, indent = 2) => `${wrap(spell(text, style), style, indent, indent === 2 ? 0 : 2)}\n`;
  const what = questionText(question);
  if (answer.kind === "found") {
    yield `${paint(spell(`A packet can ${what}:`, style), "strong", style)}\n  ${answer.replayed.command}\n`;
    if (answer.decision) yield `  ${spell(decisionText(answer.decision), style)}\n`;
    yield "\n";
  } else if (answer.kind === "none") {
    yield `${paint(spell(`No packet that is as wished can ${what}.`, style), "strong", style)}\n`;
    for (const reason of answer.reasons) yield line(`- ${reason}`, 4);
    if (answer.takers.length > 0) yield line("What becomes of those that would:");
    for (const taker of answer.takers) yield line(`- ${decisionText(taker)}${taker.text === undefined ? "" : `: ${taker.text}`}`, 4);
    yield line(`This is a proof for IPv${answer.family} packets as they are at the hook, with any header that was not asked for.`);
  } else {
    yield line(`Not found out whether a packet can ${what}: ${answer.because}.`);
  }
}

/** The same for programs. */
export function searchJson(answer: Answer, question: Question): string {
  const asked = { goal: question.goal, table: question.table, hooks: question.hooks };
  const { kind } = answer;
  const told =
    kind === "found"
      ? { hook: answer.hook, packet: answer.replayed.command, verdict: answer.replayed.trace.way.verdict, decision: answer.decision }
      : kind === "none"
        ? { family: answer.family, reasons: answer.reasons, takers: answer.takers }
        : { because: answer.because };
  return `${JSON.stringify({ answer: kind, ...asked, ...told }, undefined, 2)}\n`;
}
