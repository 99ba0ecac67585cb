import type { Example, LintRule } from "../../lint/lint-rule.ts";

/** A rule's page in Markdown. */
export function pageMarkdown(rule: LintRule): string {
  const { id, name, severity, group, summary, why, exceptions, bad, good } = rule;
  return [
    `# ${id} ${name}`,
    "",
    `${summary} (${severity}, ${group})`,
    "",
    "## Why this matters",
    "",
    oneLine(why),
    "",
    "## Problematic",
    "",
    ...exampleLines(bad),
    "",
    "## Correct",
    "",
    ...exampleLines(good),
    "",
    "## Exceptions",
    "",
    oneLine(exceptions),
    "",
    `To take a finding back: a line \`# nettrace: ignore ${id} REASON\` before the rule.`,
    "",
  ].join("\n");
}

/** The same for a terminal: Markdown without its marks. */
export function pageText(rule: LintRule): string {
  return pageMarkdown(rule)
    .replace(/```\n([\s\S]*?)\n```/g, (_, code: string) => code.replace(/^/gm, "    "))
    .replace(/^#+ (?=[A-Z])(.*)$/gm, "$1")
    .replace(/(?<!#.*)`([^`\n]+)`/g, "$1");
}

function oneLine(text: string): string {
  return text.replace(/\s*\n\s*/g, " ").trim();
}

function exampleLines(example: Example): readonly string[] {
  const fence = (text: string) => ["```", text.trimEnd(), "```"];
  if (typeof example === "string") return fence(example);
  return Object.entries(example).flatMap(([name, text], i) => [...(i > 0 ? [""] : []), `\`${name}\`:`, "", ...fence(text)]);
}
