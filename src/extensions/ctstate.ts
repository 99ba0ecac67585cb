import { oneOf } from "./condition.ts";
import type { Draw } from "./draw.ts";
import type { Codec, PacketContext } from "./spec.ts";

const STATES = ["INVALID", "NEW", "RELATED", "ESTABLISHED", "UNTRACKED", "SNAT", "DNAT"] as const;
type State = (typeof STATES)[number];
const VIRTUAL: readonly State[] = ["SNAT", "DNAT"];

function list(names: readonly State[]): Codec<readonly State[]> {
  return {
    words: 1,
    expected: `a list of ${names.join(", ")}`,
    parse: ([text = ""]) => {
      const given = text.split(",").map((part) => names.find((name) => name === part.toUpperCase()));
      return given.includes(undefined) ? undefined : names.filter((name) => given.includes(name));
    },
    save: (states) => states.join(","),
  };
}

/** `--ctstate`. */
export const CT_STATES = list(STATES);

/** `--state`, which knows no SNAT and DNAT. */
export const PLAIN_STATES = list(STATES.filter((state) => !VIRTUAL.includes(state)));

/** Whether the packet's connection state is one of those, SNAT and DNAT looking at the connection (xt_conntrack.c, conntrack_mt). */
export function inState(context: PacketContext, states: readonly State[]): boolean {
  if (states.includes(context.ctState)) return true;
  const status = context.connection?.status;
  return (status?.srcNat === true && states.includes("SNAT")) || (status?.dstNat === true && states.includes("DNAT"));
}

/** "connection state NEW or RELATED". */
export function stateWords(states: readonly State[]): string {
  return `connection state ${oneOf(states)}`;
}

/** One or more states, those that traffic often has before the others. */
export function drawStates(d: Draw, codec: Codec<readonly State[]>): string {
  const known = STATES.filter((state) => codec.parse([state]) !== undefined);
  const drawn = Array.from({ length: d.integer(1, 3) }, () => d.pick<State>(["NEW", "ESTABLISHED", "RELATED", ...known]));
  return codec.save(codec.parse([drawn.join()]) ?? []);
}
