import { decisionText, verdictText } from "../search/decision.ts";
import type { Difference, TrafficClass } from "../search/diff.ts";
import { paint, type Style, spell, wrap } from "./style.ts";

/** Classes of traffic as a person reads them; `seconds` is how long the run took. */
export function* diffTable(found: Difference, style: Style, seconds: number): Generator<string> {
  yield `${paint(headline(found, seconds), "strong", style)}\n`;
  for (const [i, one] of found.classes.entries()) yield `\n${classText(one, i + 1, style)}`;
  if (found.open.length > 0) yield `\nNot found out:\n${found.open.map((text) => `${wrap(spell(text, style), style, 2)}\n`).join("")}`;
  const { compared, alike } = found;
  const tables = [
    ...(compared.length > 0 ? [`compared: ${compared.join(", ")}`] : []),
    ...(alike.length > 0 ? [`written alike: ${alike.join(", ")}`] : []),
  ];
  if (tables.length > 0) yield `\n${tables.map((text) => `${wrap(text, style, 2, 0)}\n`).join("")}`;
  if (found.assumptions.length === 0) return;
  yield `${found.classes.length + found.open.length === 0 ? "This is a proof, provided that" : "Provided that"}:\n`;
  for (const text of found.assumptions) yield `${wrap(`- ${text}`, style, 4, 2)}\n`;
}

function headline({ classes, open, isCut }: Difference, seconds: number): string {
  const time = `(${seconds.toFixed(1)} s)`;
  if (classes.length === 0)
    return open.length > 0 ? `no difference found, but not everything was found out ${time}` : `no difference ${time}`;
  const may = classes.filter(({ certain }) => !certain).length;
  const count = `${isCut ? "more than " : ""}${classes.length} ${classes.length === 1 ? "class" : "classes"} of traffic`;
  const verb = classes.length === 1 ? "differs" : "differ";
  if (may === classes.length) return `${count} may differ ${time}`;
  return may === 0 ? `${count} ${verb} ${time}` : `${count} ${verb}, ${may} of them perhaps ${time}`;
}

function classText(one: TrafficClass, number: number, style: Style): string {
  const { old, new: now, witness, conditions, netns } = one;
  const place = netns === "host" ? "" : `, netns ${netns}`;
  const may = one.certain ? "" : "may differ: ";
  const what = one.isMark
    ? `${verdictText(old)} in both, but perhaps with another mark or state`
    : `${verdictText(old)} before${where(old)}, ${verdictText(now)} now${where(now)}`;
  const lines = [
    wrap(
      spell(`${may}${one.isExact || !one.certain ? "" : "some of "}${one.traffic} (${one.table}${place}): ${what}`, style),
      style,
      3,
      0,
    ).replace(/^/, `${number}  `),
    ...(conditions.length > 0 ? [wrap(spell(`   depends on ${conditions.join("; ")}`, style), style, 3)] : []),
    ...(witness
      ? [`   ${witness.old}`, `     ${decisionText(old)}`, `   ${witness.new}`, `     ${decisionText(now)}`]
      : one.isMark || conditions.length > 0
        ? []
        : ["   no packet of it was confirmed by a replay of the whole rulesets"]),
  ];
  return `${lines.join("\n")}\n`;
}

function where({ file, line, rule }: TrafficClass["old"]): string {
  const policy = rule === undefined ? "policy" : "";
  if (line === undefined) return policy === "" ? "" : ` (${policy})`;
  return ` (${policy === "" ? "" : `${policy}, `}${file}:${line})`;
}

/** The same for programs. */
export function diffJson(found: Difference): string {
  const { classes, open, isCut, compared, alike, assumptions } = found;
  const shown = classes.map(({ isExact, isMark, ...one }) => ({ ...one, exact: isExact, ...(isMark && { onlyMark: true }) }));
  return `${JSON.stringify({ different: classes.length > 0, classes: shown, more: isCut, open, compared, alike, assumptions }, undefined, 2)}\n`;
}
