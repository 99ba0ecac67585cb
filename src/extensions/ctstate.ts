import type { Negatable } from "../model/rule.ts";
import { CT_STATES, type CtState } from "../model/trace.ts";
import { oneOf } from "./condition.ts";
import type { Draw } from "./draw.ts";
import { members, type Space } from "./space.ts";
import type { Codec, PacketContext } from "./spec.ts";

/** In the order in which they are printed. */
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
export const CONNECTION_STATES = list(STATES);

/** `--state`, which knows no SNAT and DNAT. */
export const PLAIN_STATES = list(STATES.filter((state) => !VIRTUAL.includes(state)));

/** Whether the packet's connection state is one of those, SNAT and DNAT looking at the connection (xt_conntrack.c, conntrack_mt). */
export function inState(context: PacketContext, states: readonly State[]): boolean {
  if (states.includes(context.ctState)) return true;
  if (!states.includes("SNAT") && !states.includes("DNAT")) return false;
  const status = context.connection?.status;
  return (status?.srcNat === true && states.includes("SNAT")) || (status?.dstNat === true && states.includes("DNAT"));
}

/** The states that an option takes; SNAT and DNAT are no state, but something that a connection of any state may have. */
export function stateSpace({ value, not }: Negatable<readonly State[]>, alone: boolean): Space {
  const virtual = value.some((state) => VIRTUAL.includes(state));
  if (virtual && !not) return { exact: false };
  const plain = value.filter((state): state is CtState => !VIRTUAL.includes(state));
  return { states: members({ value: plain, not }, CT_STATES), exact: alone && !virtual };
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
