import type { IpSet } from "../../model/host.ts";
import type { PacketContext } from "../spec.ts";
import { countIn } from "./counters.ts";
import { type Asking, hasRunOut, type SetAnswer, testSet } from "./lookup.ts";
import type { Member } from "./members.ts";

/** What would decide a question about a set that was not given. */
export function missingSet(name: string): string {
  return `the contents of set ${name} (--snapshot with ipset-save.txt)`;
}

/** The sets that a list:set names, in its order, those left out that ran out. */
export function setsInList(set: IpSet, context: PacketContext): readonly Member[] {
  return set.entries.flatMap(({ element, options }) => {
    const timeout = options.get("timeout");
    return timeout !== undefined && hasRunOut(Number(timeout), context) ? [] : [{ element, options, nomatch: false }];
  });
}

/** Whether a packet is in a set; `returnNomatch` turns round what a member of a network set says (ip_set_core.c, ip_set_test). */
export function askSet(name: string, asking: Asking, context: PacketContext): SetAnswer {
  const set = context.sets?.get(name);
  if (!set) return { kind: "unknown", needs: missingSet(name) };
  if (set.type === "list:set") return askList(set, asking, context);
  const answer = testSet(set, asking, context);
  if (!asking.returnNomatch || !set.type.includes("net")) return answer;
  if (answer.kind === "match") return { ...answer, kind: "nomatch" };
  return answer.kind === "nomatch" ? { ...answer, kind: "match" } : answer;
}

/** ip_set_list_set.c, list_set_ktest: the first set that matches; what is asked of counters is asked of those of the list. */
function askList(set: IpSet, asking: Asking, context: PacketContext): SetAnswer {
  const { test, counts, countsInside, ...plain } = asking;
  const inside: Asking = { ...plain, counts: counts && countsInside, countsInside };
  let undecided: SetAnswer | undefined;
  let asked: string | undefined;
  for (const member of setsInList(set, context)) {
    const answer = askSet(member.element, inside, context);
    if (answer.kind === "unknown") {
      undecided ??= answer;
      continue;
    }
    asked ??= answer.asked;
    if (answer.kind === "match" && countIn(set, member.element, member, { counts, test }, context))
      return { ...answer, inside: member.element };
  }
  return undecided ?? { kind: "absent", ...(asked !== undefined && { asked }) };
}

/** "10.3.4.5 is in set blocklist (entry 10.0.0.0/8)" */
export function membershipWords(name: string, answer: Exclude<SetAnswer, { kind: "unknown" }>): string {
  if (answer.kind === "absent")
    return answer.asked === undefined ? `nothing of it can be in set ${name}` : `${answer.asked} is not in set ${name}`;
  const { asked, found, inside } = answer;
  const entry = found.member ? `entry ${found.member.element}` : `entry ${found.key}, which a rule added`;
  const where = inside === undefined ? "" : `set ${inside}, `;
  return found.nomatch ? `${asked} is left out of set ${name} (${where}nomatch ${entry})` : `${asked} is in set ${name} (${where}${entry})`;
}
