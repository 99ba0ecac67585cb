import type { LineChange } from "../../lint/fix.ts";
import { paint, type Style } from "../style.ts";

const AROUND = 3;

/** What fixes change in a file, as `diff -u` and `patch` write it. */
export function unifiedDiff(file: string, text: string, changes: readonly LineChange[], style: Style): string {
  const lines = text.split(/\r?\n/);
  if (lines.at(-1) === "") lines.pop();
  const changed = new Map(changes.map((change) => [change.line, change]));
  const shown: string[] = [`--- ${file}`, `+++ ${file}`];
  let shift = 0;
  for (const [first, last] of hunks(changes, lines.length)) {
    const body: string[] = [];
    let added = 0;
    for (let line = first; line <= last; line++) {
      const change = changed.get(line);
      if (!change) body.push(` ${lines[line - 1] ?? ""}`);
      else body.push(paint(`-${change.before}`, "bad", style));
      if (change?.after !== undefined) body.push(paint(`+${change.after}`, "good", style));
      if (!change || change.after !== undefined) added++;
    }
    const count = last - first + 1;
    // diff names the line before an empty side.
    const start = added === 0 ? first + shift - 1 : first + shift;
    shown.push(paint(`@@ -${first},${count} +${start},${added} @@`, "change", style), ...body);
    shift += added - count;
  }
  return `${shown.join("\n")}\n`;
}

function hunks(changes: readonly LineChange[], count: number): readonly (readonly [number, number])[] {
  const found: [number, number][] = [];
  for (const { line } of changes) {
    const [first, last] = [Math.max(1, line - AROUND), Math.min(count, line + AROUND)];
    const before = found.at(-1);
    if (before && first <= before[1] + 1) before[1] = last;
    else found.push([first, last]);
  }
  return found;
}
