import { matchSpec, targetSpec } from "../../src/extensions/registry.ts";
import type { MatchResult, MatchSpec, PacketContext, TargetResult, TargetSpec } from "../../src/extensions/spec.ts";
import type { Family } from "../../src/model/address.ts";
import type { ArgValues, Negatable } from "../../src/model/rule.ts";

/** Splits a rule into words as a shell would, double quotes and backslashes only. */
function split(rule: string): string[] {
  const words: string[] = [];
  for (const [, quoted, plain] of rule.matchAll(/"((?:[^"\\]|\\.)*)"|(\S+)/g)) words.push(quoted?.replace(/\\(.)/g, "$1") ?? plain ?? "");
  return words;
}

/** Reads options of a spec up to the first word that is none of them. */
function readOptions(spec: MatchSpec | TargetSpec, words: string[]): ArgValues {
  const args: Record<string, Negatable<unknown>> = {};
  while (words.length > 0) {
    const not = words[0] === "!";
    const flag = words[not ? 1 : 0];
    const found = Object.entries(spec.options).find(([, option]) => flag === option.flag || option.aliases?.includes(flag ?? ""));
    if (!found) break;
    const [key, option] = found;
    if (not && !option.negatable) throw new Error(`${flag} takes no !`);
    words.splice(0, not ? 2 : 1);
    const count = option.codec.optional && /^(-.*|!|)$/.test(words[0] ?? "") ? 0 : option.codec.words;
    const value = option.codec.parse(words.splice(0, count));
    if (value === undefined) throw new Error(`${flag}: expected ${option.codec.expected}`);
    const before = (args[key]?.value ?? []) as readonly unknown[];
    args[key] = option.many ? { value: [...before, { value, not, order: -words.length }], not: false } : { value, not };
  }
  return args;
}

/** The spec and the options that stand behind `-m NAME` or `-j NAME` at the end of a rule. */
export function readRule(rule: string, spec: MatchSpec | TargetSpec): { readonly before: string; readonly args: ArgValues } {
  const start = `${spec.kind === "match" ? "-m" : "-j"} ${spec.name}`;
  const at = `${rule} `.indexOf(`${start} `);
  if (at < 0) throw new Error(`no ${start} in ${rule}`);
  const words = split(rule.slice(at + start.length));
  const args = readOptions(spec, words);
  if (words.length > 0) throw new Error(`left over: ${words.join(" ")}`);
  return { before: rule.slice(0, at + start.length), args };
}

/** What a match, written as in a rule, makes of a packet. */
export function ask(rule: string, about: PacketContext): MatchResult {
  const [name = ""] = rule.replace(/^.*?-m /, "").split(" ");
  const spec = matchSpec(name, about.family);
  if (!spec) throw new Error(`no match ${name}`);
  return spec.compile(readRule(rule, spec).args as never)(about);
}

/** What a target, written as in a rule, does to a packet. */
export function run(rule: string, about: PacketContext): TargetResult {
  const [name = ""] = rule.replace(/^.*?-j /, "").split(" ");
  const spec = targetSpec(name, about.family);
  if (!spec) throw new Error(`no target ${name}`);
  return spec.compile(readRule(rule, spec).args as never)(about);
}

/** Families in which a spec exists. */
export function familiesOf(spec: MatchSpec | TargetSpec): readonly Family[] {
  return spec.families ?? [4, 6];
}
