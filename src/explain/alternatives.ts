import type { PacketTrace, Way } from "../model/trace.ts";
import { readCondition, WOULD_TELL } from "./open-condition.ts";
import { reasonWords } from "./reasons.ts";
import { headline, translations } from "./way.ts";
import { list, sentence } from "./words.ts";

const MOST_OUTCOMES = 5;
const MOST_CONDITIONS = 3;

/** The ways that a packet can have gone, those with the same end together, and what would tell which it was. */
export function alternatives(trace: PacketTrace): readonly string[] {
  if (trace.alternatives.length === 0) return [];
  const groups = new Map<string, Way[]>();
  for (const way of trace.alternatives) {
    const end = endWords(trace, way);
    groups.set(end, [...(groups.get(end) ?? []), way]);
  }
  const unknown = new Set(trace.alternatives.flatMap((way) => way.conditions.map((words) => readCondition(words).unknown)));
  if (groups.size === 1 && !differ(trace.alternatives)) return [`Not known: ${list([...unknown], "or")}. It ends the same either way.`];
  const lines = [...groups].slice(0, MOST_OUTCOMES).map(([end, ways]) => `- ${end}${conditionWords(ways)}`);
  const more = groups.size - lines.length;
  return [
    `Not known: ${list([...unknown], "or")}.`,
    ...lines,
    ...(more > 0 ? [`- or in ${more} other way${more === 1 ? "" : "s"} (--format json lists all)`] : []),
    ...(differ(trace.alternatives) ? [`${WOULD_TELL}.`] : []),
  ];
}

/** Whether ways leave traces that a capture can tell apart: other addresses, ports or devices. */
function differ(ways: readonly Way[]): boolean {
  const traces = ways.map(({ nat, out }) => [nat.src?.to, nat.dst?.to, ...out.map((one) => `${one.netns} ${one.interface}`)].join(" "));
  return new Set(traces).size > 1;
}

/** How many different ends the ways of a packet have. */
export function endsOf(trace: PacketTrace): number {
  return new Set(trace.alternatives.map((way) => endWords(trace, way))).size;
}

/** The end of a way without its course, which is a guess where devices are not known. */
function endWords(trace: PacketTrace, way: Way): string {
  const { at, verdict } = way;
  if (verdict !== "dropped" && verdict !== "rejected") return headline(trace, way);
  const rule = at.kind === "policy" ? "'s policy" : ` ${at.rule ?? ""}`;
  const by = at.table ? `by ${at.table} ${at.chain}${rule}` : `because ${reasonWords(at, trace.packet)}`;
  return [...translations(way), `${verdict} ${by}`].join(", ");
}

/** The conditions that all of these ways share. */
function conditionWords(ways: readonly Way[]): string {
  const [first, ...others] = ways.map((way) => way.conditions.map((words) => readCondition(words).text));
  const shared = (first ?? []).filter((text) => others.every((texts) => texts.includes(text)));
  const told = devicesTogether(shared);
  if (told.length === 0) return "";
  const more = told.length > MOST_CONDITIONS ? " …" : "";
  return `, if ${told.slice(0, MOST_CONDITIONS).join(" and ")}${more}`;
}

/** "it came in on another device than a" and "… than b" as one condition; neither when it is known which device it was. */
function devicesTogether(texts: readonly string[]): readonly string[] {
  const others = /^(it came in on|it leaves by) another device than (.*)$/;
  const told = texts.filter((text) => !others.test(text));
  for (const verb of ["it came in on", "it leaves by"]) {
    const excluded = texts.flatMap((text) => {
      const match = others.exec(text);
      return match?.[1] === verb && match[2] ? [match[2]] : [];
    });
    if (excluded.length > 0 && !told.some((text) => text.startsWith(verb)))
      told.push(`${verb} another device than ${list(excluded, "or")}`);
  }
  return told;
}

/** One way's conditions in a sentence, for its own heading. */
export function conditionSentence(way: Way): string {
  return sentence(`if ${way.conditions.map((words) => readCondition(words).text).join(" and ")}`);
}
