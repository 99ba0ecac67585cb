import type { Masked } from "../extensions/codecs.ts";
import { changed } from "../extensions/marks.ts";
import { targetSpec } from "../extensions/registry.ts";
import type { Rule } from "../model/rule.ts";
import type { Cube } from "./box.ts";
import type { Universe } from "./guard.ts";

/** What a MARK rule does to the mark. */
export function changeOf({ target }: Rule, family: Universe["family"]): Masked | undefined {
  if (target?.kind !== "extension" || !target.args) return undefined;
  const { xmark } = (targetSpec(target.name, family)?.canonical?.(target.args as never, family) ?? {}) as {
    readonly xmark?: { readonly value: Masked };
  };
  return xmark?.value;
}

/** What is known of a mark after a change: bits of its mask become the value's, others are turned round where the value has them. */
export function markedCube(before: Cube, change: Masked): Cube {
  const mask = (before.mask | change.mask) >>> 0;
  return { value: (changed(before.value, change) & mask) >>> 0, mask };
}
