import { stat } from "node:fs/promises";
import { availableParallelism } from "node:os";
import type { Asked } from "./explained.ts";

/** Octets of a capture from which on threads gain more than starting them takes (docs/big-captures.md tells what was measured). */
const LARGE = 2 ** 30;
/** Each thread reads all of the capture, and takes memory of its own. */
const MOST = 4;

/** How many threads are to be used, or why only one. */
export interface Jobs {
  readonly count: number;
  /** Why not more, in words, where more were asked for. */
  readonly because?: string;
}

/**
 * How many threads a run may use, by what is known before the machine is loaded: as many as were asked for, or one for each core where a
 * summary is made of a large capture. `detailed`: one packet in detail is wanted.
 */
export async function jobsFor(asked: Asked, wanted: number | undefined, isSummary: boolean, detailed: boolean): Promise<Jobs> {
  const { captures } = asked;
  const count = wanted ?? (isSummary && (await isLarge(captures[0]?.path)) ? Math.min(MOST, availableParallelism()) : 1);
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

async function isLarge(path: string | undefined): Promise<boolean> {
  const found = path === undefined ? undefined : await stat(path).catch(() => undefined);
  return found?.isFile() === true && found.size >= LARGE;
}

async function canBeReadAgain(path: string): Promise<boolean> {
  const found = await stat(path).catch(() => undefined);
  return path !== "-" && (found === undefined || found.isFile() || found.isDirectory());
}
