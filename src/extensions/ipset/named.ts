import type { IpSet } from "../../model/host.ts";
import type { PacketContext } from "../spec.ts";
import { ABSENT, type SetAnswer, testSet } from "./lookup.ts";
import type { Directions } from "./packet-key.ts";

/** What would decide a question about a set that was not given. */
export function missingSet(name: string): string {
  return `the contents of set ${name} (--snapshot with ipset-save.txt)`;
}

/** The sets that a list:set names, in its order; undefined for one that is not known. */
export function setsInList(set: IpSet, context: PacketContext): readonly (readonly [string, IpSet | undefined])[] {
  return set.entries.map((entry) => [entry.element, context.sets?.get(entry.element)]);
}

/** Whether a packet is in a set; `returnNomatch` turns round what a member of a network set says (ip_set_core.c, ip_set_test). */
export function askSet(name: string, directions: Directions, returnNomatch: boolean, context: PacketContext): SetAnswer {
  const set = context.sets?.get(name);
  if (!set) return { kind: "unknown", needs: missingSet(name) };
  if (set.type === "list:set") return askList(set, directions, returnNomatch, context);
  const answer = testSet(set, directions, context);
  if (!returnNomatch || !set.type.includes("net")) return answer;
  if (answer.kind === "match") return { ...answer, kind: "nomatch" };
  return answer.kind === "nomatch" ? { ...answer, kind: "match" } : answer;
}

/** ip_set_list_set.c, list_set_ktest: the first set that matches. */
function askList(set: IpSet, directions: Directions, returnNomatch: boolean, context: PacketContext): SetAnswer {
  let undecided: SetAnswer | undefined;
  for (const [name] of setsInList(set, context)) {
    const answer = askSet(name, directions, returnNomatch, context);
    if (answer.kind === "match") return answer;
    if (answer.kind === "unknown") undecided ??= answer;
  }
  return undecided ?? ABSENT;
}
