import type { Negatable } from "../model/rule.ts";
import type { Range } from "./codecs.ts";

const LAST_PORT = 65_535;

/**
 * Ports outside of which a match does not match, and does nothing else either: ranges that a port must lie in; one that is not named may
 * have any value. `exact`: it matches whatever lies within.
 */
export interface Space {
  readonly sport?: readonly Range[];
  readonly dport?: readonly Range[];
  readonly exact: boolean;
}

/** All packets. */
export const EVERYTHING: Space = { exact: true };

/** The ports that an option with a range takes; undefined where it was not given. */
function taken(option: Negatable<Range> | undefined): readonly Range[] | undefined {
  if (!option) return undefined;
  const [low, high] = option.value;
  if (!option.not) return [option.value];
  return [...(low > 0 ? [[0, low - 1] as const] : []), ...(high < LAST_PORT ? [[high + 1, LAST_PORT] as const] : [])];
}

/** The space of `--sport` and `--dport`; two that are negated are taken together by iptables-nft, so that neither says anything by itself. */
export function portSpace(
  { sport, dport }: { readonly sport?: Negatable<Range> | undefined; readonly dport?: Negatable<Range> | undefined },
  exact: boolean,
): Space {
  if (sport?.not && dport?.not) return { exact: false };
  const [source, destination] = [taken(sport), taken(dport)];
  return { ...(source && { sport: source }), ...(destination && { dport: destination }), exact };
}
