/** Lines that are named one by one. */
const MOST = 6;

/** "line 3", "lines 3, 5 and 9", "lines 3, 5, 7, 9, 11, 13 and 20 more". */
export function lineList(lines: readonly number[]): string {
  if (lines.length === 1) return `line ${lines[0]}`;
  if (lines.length > MOST + 1) return `lines ${lines.slice(0, MOST).join(", ")} and ${lines.length - MOST} more`;
  return `lines ${lines.slice(0, -1).join(", ")} and ${lines.at(-1)}`;
}
