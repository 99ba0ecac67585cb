import type { Example, LintRule } from "../../lint/lint-rule.ts";
import { ABOUT_SUPPRESSIONS } from "../../lint/suppressed.ts";
import { paint, type Style, spell, wrap } from "../style.ts";

/** A rule's page in Markdown. */
export function pageMarkdown(rule: LintRule): string {
  const { id, name, severity, isOff, group, summary, why, exceptions, bad, good } = rule;
  return [
    `# ${id} ${name}`,
    "",
    `${summary} (${severity}${isOff ? " where the configuration turns it on" : ""}, ${group})`,
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
    ...(id === ABOUT_SUPPRESSIONS ? [] : [`To take a finding back: a line \`# nettrace: ignore ${id} REASON\` before the rule.`, ""]),
  ].join("\n");
}

/** The same for a terminal: Markdown without its marks, wrapped. */
export function pageText(rule: LintRule, style: Style): string {
  let code = false;
  const lines = pageMarkdown(rule)
    .split("\n")
    .flatMap((line) => {
      if (line === "```") {
        code = !code;
        return [];
      }
      if (code) return [`    ${line}`];
      if (/^#+ /.test(line)) return [paint(line.replace(/^#+ /, ""), "strong", style)];
      return [line === "" ? "" : wrap(line.replaceAll("`", ""), style, 0)];
    });
  return spell(lines.join("\n"), style);
}

function oneLine(text: string): string {
  return text.replace(/\s*\n\s*/g, " ").trim();
}

function exampleLines(example: Example): readonly string[] {
  const fence = (text: string) => ["```", text.trimEnd(), "```"];
  if (typeof example === "string") return fence(example);
  return Object.entries(example).flatMap(([name, text], i) => [...(i > 0 ? [""] : []), `\`${name}\`:`, "", ...fence(text)]);
}
