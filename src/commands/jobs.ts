import { stat } from "node:fs/promises";
import type { Asked } from "./explained.ts";

/** How many threads are to be used, or why only one. */
export interface Jobs {
  readonly count: number;
  /** Why not more, in words, where more were asked for. */
  readonly because?: string;
}

/** How many threads a run may use, by what is known before the machine is loaded. `detailed`: one packet in detail is wanted. */
export async function jobsFor(asked: Asked, count: number, detailed: boolean): Promise<Jobs> {
  const { captures } = asked;
  if (count === 1) return { count };
  if (detailed) return { count: 1, because: "--packet follows one packet" };
  if (captures.length > 1) return { count: 1, because: "there are several captures" };
  const { snapshot, rules, rules6, routes = [], links = [] } = asked.machine;
  for (const path of [captures[0]?.path, snapshot, rules, rules6, ...routes, ...links]) {
    if (path !== undefined && !(await canBeReadAgain(path)))
      return { count: 1, because: `${path === "-" ? "standard input" : path} can be read only once` };
  }
  return { count };
}

async function canBeReadAgain(path: string): Promise<boolean> {
  const found = await stat(path).catch(() => undefined);
  return path !== "-" && (found === undefined || found.isFile() || found.isDirectory());
}
