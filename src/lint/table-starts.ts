import { TABLE_HOOKS, type TableName } from "../model/rule.ts";
import type { LintedRules } from "./linted-rules.ts";

/** The lines that begin a table: `*filter`. */
export function tableStarts({ lines }: LintedRules): readonly { readonly name: TableName; readonly line: number }[] {
  return lines.flatMap((text, index) => {
    const name = /^\s*\*\s*(\w+)\s*$/.exec(text)?.[1];
    return name !== undefined && Object.hasOwn(TABLE_HOOKS, name) ? [{ name: name as TableName, line: index + 1 }] : [];
  });
}
