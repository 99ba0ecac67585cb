import type { Node } from "yaml";
import { TABLE_HOOKS, type TableName } from "../../model/rule.ts";
import type { RuleReference } from "../../model/test-file.ts";
import { nearest } from "../nearest.ts";
import { quote, type YamlReader } from "./yaml-reader.ts";

const TABLES = Object.keys(TABLE_HOOKS) as TableName[];
const EXPECTED = "a rule: TABLE CHAIN NUMBER, TABLE CHAIN policy, line NUMBER, comment TEXT, or the rule's own text from -A on";

/** Reads how a test names a rule. */
export function readRuleReference(reader: YamlReader, node: Node): RuleReference | undefined {
  const written = reader.text(node, EXPECTED);
  if (written === undefined) return undefined;
  const [, said = written, netns] = written.startsWith("-") ? [] : (/^(.*?)\s+in\s+netns\s+(\S+)$/.exec(written) ?? []);
  const by = readBy(reader, node, said);
  return by && { text: written, by, ...(netns !== undefined && { netns }) };
}

function readBy(reader: YamlReader, node: Node, text: string): RuleReference["by"] | undefined {
  if (text.startsWith("-") || text.startsWith("!")) return { kind: "rule", text };
  const [, line] = /^(?:line\s+)?(\d+)$/.exec(text) ?? [];
  if (line !== undefined) return { kind: "line", line: Number(line) };
  const [, comment] = /^comment\s+(.+)$/s.exec(text) ?? [];
  if (comment !== undefined) return { kind: "comment", comment: comment.replace(/^"(.*)"$/s, "$1") };
  const [, name = "", chain, which] = /^(\S+)\s+(\S+)\s+(\d+|policy)$/.exec(text) ?? [];
  if (chain === undefined) return reader.report(node, `expected ${EXPECTED}; found ${quote(text)}`);
  const table = TABLES.find((known) => known === name);
  if (table === undefined) {
    const best = nearest(name, TABLES);
    return reader.report(node, `expected a table (${TABLES.join(", ")}), found ${quote(name)}`, best && `did you mean ${best}?`);
  }
  return which === "policy" ? { kind: "policy", table, chain } : { kind: "number", table, chain, rule: Number(which) };
}
