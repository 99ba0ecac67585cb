import type { Way } from "../../../src/model/trace.ts";

/** The first place where two lists part; the words before it are the same. */
export function firstDifference(what: string, kernel: readonly string[], said: readonly string[]): string[] {
  const at = kernel.findIndex((one, i) => !same(one, said[i]));
  if (at < 0 && said.length === kernel.length) return [];
  const i = at < 0 ? kernel.length : at;
  return [`${what} ${i + 1}: kernel ${kernel[i] ?? "nothing"} | replay ${said[i] ?? "nothing"}`];
}

/** Whether two lists differ in their order alone. */
export function sameInAnyOrder(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && [...a].sort().join("\n") === [...b].sort().join("\n");
}

/** A port or id that the kernel drew at random is -1 in the replay. */
export const DRAWN = /(?<= )-1\b/g;
/** An octet of options that the replay leaves open. */
const OPEN = "\\?\\?";

/** Whether the kernel has what the replay says, wherever that is definite. */
export function same(kernel: string, said: string | undefined): boolean {
  if (said === undefined || kernel === said) return kernel === said;
  const pattern = said.split(DRAWN).map((piece) => piece.replace(/[.*+?^${}()|[\]\\]/g, "\\$&"));
  return new RegExp(`^${pattern.join("\\d+").replaceAll(OPEN, "[0-9a-f]{2}")}$`).test(kernel);
}

/** Of an answer to a copy nothing tells where among what the packet itself did it was made. */
export function isMixed({ copies, replies }: Way): boolean {
  return copies !== undefined && replies.length > 0;
}
