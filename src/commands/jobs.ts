import { stat } from "node:fs/promises";
import { availableParallelism } from "node:os";
import type { Asked } from "./explained.ts";

/** Octets of a capture for which it pays to load the machine in other threads as well. */
const LARGE = 32 << 20;

/** How many threads are to be used, or why only one. */
export interface Jobs {
  readonly count: number;
  /** Why not more, in words, where more were asked for or would be used. */
  readonly because?: string;
}

/** How many threads a run may use, by what is known before the machine is loaded. `detailed`: one packet in detail is wanted. */
export async function jobsFor(asked: Asked, wanted: number | undefined, detailed: boolean): Promise<Jobs> {
  const { captures } = asked;
  const count = wanted ?? ((await sizeOf(captures[0]?.path)) >= LARGE ? availableParallelism() : 1);
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

async function sizeOf(path: string | undefined): Promise<number> {
  const found = path === undefined ? undefined : await stat(path).catch(() => undefined);
  return found?.isFile() ? found.size : 0;
}

async function canBeReadAgain(path: string): Promise<boolean> {
  const found = await stat(path).catch(() => undefined);
  return path !== "-" && (found === undefined || found.isFile() || found.isDirectory());
}
