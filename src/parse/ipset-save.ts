import { type IpsetLine, type IpsetOption, readIpsetLine } from "../../grammars/ipset.ts";
import { quote, shortened, type Word } from "../../grammars/words.ts";
import type { Family } from "../model/address.ts";
import type { IpSet, IpSetEntry } from "../model/host.ts";
import type { Parsed, Problem } from "../model/problem.ts";
import { lineProblem, type SourceLine, significantLines } from "./lines.ts";
import { nearest } from "./nearest.ts";

interface SetDraft {
  readonly name: string;
  readonly type: string;
  readonly family: Family;
  readonly options: ReadonlyMap<string, string>;
  readonly entries: IpSetEntry[];
}

const TYPE = /^(bitmap|hash|list):[a-z]+(,[a-z]+)*$/;
const NONE: ReadonlyMap<string, string> = new Map();

function optionsOf(options: readonly IpsetOption[]): ReadonlyMap<string, string> {
  return options.length === 0 ? NONE : new Map(options.map(({ name, value }) => [name.text, value?.text ?? ""]));
}

/** Reads what `ipset save` prints; entries keep their words. */
export function parseIpsetSave(text: string, file: string): Parsed<readonly IpSet[]> {
  const sets = new Map<string, SetDraft>();
  const problems: Problem[] = [];
  for (const line of significantLines(text, file, problems)) {
    if (line.text.trim() === "COMMIT") continue;
    const { value, faults } = readIpsetLine(line.text);
    for (const fault of faults) problems.push(lineProblem(file, line, fault));
    const problem = value && take(sets, value, file, line);
    if (problem) problems.push(problem);
  }
  return { value: [...sets.values()], problems };
}

function complain(file: string, line: SourceLine, { text, column }: Word, message: string, hint?: string): Problem {
  const problem = lineProblem(file, line, { message, column, span: Math.max(1, text.length) });
  return hint === undefined ? problem : { ...problem, hint };
}

/** The option that has been given before; ipset takes only those twice that have no value (lib/parse.c, check_setopt). */
function repeated(options: readonly IpsetOption[]): Word | undefined {
  const before = new Map<string, IpsetOption>();
  for (const option of options) {
    const same = before.get(option.name.text);
    if (same && (same.value ?? option.value)) return option.name;
    before.set(option.name.text, option);
  }
  return undefined;
}

function take(sets: Map<string, SetDraft>, { command, set, what, options }: IpsetLine, file: string, line: SourceLine) {
  const known = sets.get(set.text);
  const twice = repeated(options);
  if (twice) return complain(file, line, twice, `${shortened(twice.text)} is given twice`);
  if (command === "create") {
    if (known) return complain(file, line, set, `the set ${shortened(set.text)} is created twice`);
    if (!TYPE.test(what.text))
      return complain(file, line, what, `expected the type of a set (hash:ip, list:set …), found ${quote(what.text)}`);
    const all = optionsOf(options);
    sets.set(set.text, { name: set.text, type: what.text, family: all.get("family") === "inet6" ? 6 : 4, options: all, entries: [] });
    return undefined;
  }
  if (!known) return complain(file, line, set, `no set named ${quote(set.text)} is created before this line`, meant(sets, set));
  if (known.type === "list:set" && !sets.has(what.text)) {
    return complain(file, line, what, `no set named ${quote(what.text)} is created before this line`, meant(sets, what));
  }
  // ip_set_list_set.c, list_set_uadt refuses it.
  if (known.type === "list:set" && sets.get(what.text)?.type === "list:set") {
    return complain(file, line, what, `a list of sets cannot hold another one, and ${shortened(what.text)} is one`);
  }
  known.entries.push({ element: what.text, options: optionsOf(options) });
  return undefined;
}

function meant(sets: ReadonlyMap<string, SetDraft>, { text }: Word): string | undefined {
  const best = nearest(text, sets.keys());
  return best === undefined ? undefined : `did you mean ${best}?`;
}
