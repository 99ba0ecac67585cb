import type { Family } from "../model/address.ts";
import type { Parsed, Problem } from "../model/problem.ts";
import { type Ruleset, TABLE_HOOKS } from "../model/rule.ts";
import { SaveReader } from "./save-reader.ts";
import { SourceLines } from "./source-lines.ts";
import { finishRuleset } from "./table-draft.ts";

/** How lenient to be. */
export interface IptablesSaveOptions {
  /** Takes an empty text for "no rules", which is what iptables-save prints when no table is loaded. */
  readonly allowEmpty?: boolean;
  /** Takes every line to the grammar, even where the rule is so plain that it can be read without. */
  readonly grammarOnly?: boolean;
}

const EXPECTED = `this is not iptables-save output: expected a table like *filter (${Object.keys(TABLE_HOOKS).join(", ")})`;

/** Reads what iptables-save and ip6tables-save print, with or without `-c`, legacy or nft; all problems are reported at once. */
export function parseIptablesSave(text: string, file: string, family: Family, options: IptablesSaveOptions = {}): Parsed<Ruleset> {
  const refuse = (problem: Omit<Problem, "file">): Parsed<Ruleset> => ({
    value: finishRuleset(file, family, "legacy", new Map()),
    problems: [{ file, ...problem }],
  });
  const binary = text.indexOf("\0");
  if (binary >= 0) return refuse({ message: `${EXPECTED}, found a binary file (a zero octet)`, offset: binary });
  if (text.trim() === "" && !options.allowEmpty) return refuse({ message: `${EXPECTED}, found nothing: the file is empty` });

  const reader = new SaveReader(file, family, new SourceLines(text), !options.grammarOnly);
  const problems = reader.read();
  const { foreign } = reader;
  if (!reader.sawTable && foreign) {
    return refuse({ line: foreign.line, column: foreign.column, message: EXPECTED, source: foreign.source, span: foreign.span });
  }
  return { value: finishRuleset(file, family, reader.backend, reader.tables, reader.sawTable ? reader.summary : undefined), problems };
}
