import type { IpSet } from "../../model/host.ts";
import { FLAG, number } from "../codecs.ts";
import { type Draw, maybe, some } from "../draw.ts";
import type { Effect } from "../effect.ts";
import { addToSet, type Change, deleteFromSet } from "../ipset/change.ts";
import { askSet, membershipWords } from "../ipset/named.ts";
import { changed } from "../marks.ts";
import { directionWords, drawSetUse, SET_USE, type SetUse } from "../set-words.ts";
import { type Args, type PacketContext, type TargetResult, target } from "../spec.ts";

const options = {
  add: { flag: "--add-set", codec: SET_USE },
  exist: { flag: "--exist", codec: FLAG },
  timeout: { flag: "--timeout", codec: number(0, 0xfffffffe) },
  del: { flag: "--del-set", codec: SET_USE },
  map: { flag: "--map-set", codec: SET_USE },
  mapMark: { flag: "--map-mark", codec: FLAG },
  mapPrio: { flag: "--map-prio", codec: FLAG },
  mapQueue: { flag: "--map-queue", codec: FLAG },
} as const;

type SetArgs = Args<typeof options>;

function words(value: string | undefined, separator: string, radix: number): readonly number[] {
  return (value ?? "").split(separator).map((part) => Number.parseInt(part.replace(/^0x/, ""), radix));
}

/** Mark and priority that a member carries (`skbmark`, `skbprio`). */
function mapped(args: SetArgs, member: IpSet["entries"][number]["options"] | undefined, context: PacketContext): readonly Effect[] {
  const effects: Effect[] = [];
  const [value = 0, mask = 0xffffffff] = words(member?.get("skbmark") ?? "0x0/0x0", "/", 16);
  if (args.mapMark) effects.push({ kind: "set-mark", value: changed(context.mark, { value, mask }) });
  const [major = 0, minor = 0] = words(member?.get("skbprio") ?? "0:0", ":", 16);
  if (args.mapPrio) effects.push({ kind: "set-priority", value: major * 65_536 + minor });
  return effects;
}

/** What became of an addition or a deletion: "adds 10.3.4.5 to set offenders". */
function changeNote(change: Exclude<Change, { unknown: string }>, verb: string, preposition: string): string {
  return "refused" in change ? change.refused : `${verb} ${change.element} ${preposition} set ${change.set}`;
}

/** xt_set.c, set_target_v3. */
function setTarget(args: SetArgs, context: PacketContext): TargetResult {
  const notes: string[] = [];
  const timeout = args.timeout?.value;
  const addition = { exist: args.exist !== undefined, ...(timeout !== undefined && { timeout }) };
  // Whoever asks a set that was not given is undecided anyway, whatever was added to it.
  const given = (use: SetUse) => context.sets?.has(use.name) === true;
  if (args.add && given(args.add.value)) {
    const change = addToSet(args.add.value.name, args.add.value.directions, addition, context);
    if ("unknown" in change) return change;
    notes.push(changeNote(change, "adds", "to"));
  }
  if (args.del && given(args.del.value)) {
    const change = deleteFromSet(args.del.value.name, args.del.value.directions, context);
    if ("unknown" in change) return change;
    notes.push(changeNote(change, "deletes", "from"));
  }
  let effects: readonly Effect[] = [];
  if (args.map) {
    const { name, directions } = args.map.value;
    const answer = askSet(name, { directions, returnNomatch: false, counts: true, countsInside: true }, context);
    if (answer.kind === "unknown") return { unknown: answer.needs };
    notes.push(membershipWords(name, answer));
    if (answer.kind === "match") effects = mapped(args, answer.found.member?.options, context);
  }
  return { verdict: "CONTINUE", ...(effects.length > 0 && { effects }), ...(notes.length > 0 && { note: notes.join(", ") }) };
}

function drawSet(d: Draw): string | undefined {
  const use = drawSetUse(d);
  if (use === undefined) return undefined;
  // Only mangle may map, and priority or queue only where the packet leaves (set_target_v3_checkentry).
  if (d.table === "mangle" && d.chance(3)) {
    const leaves = d.hooks.every((hook) => hook !== "PREROUTING" && hook !== "INPUT");
    return `-j SET --map-set ${use} ${leaves ? some(d, ["--map-mark", "--map-prio", "--map-queue"]) : "--map-mark"}`;
  }
  const added = `--add-set ${use}${maybe(d, 3, "--exist")}${maybe(d, 4, `--timeout ${d.pick([0, 1, 600])}`)}`;
  return `-j SET ${some(d, [added, `--del-set ${drawSetUse(d) ?? use}`])}`;
}

const set = target({
  name: "SET",
  does: "something",
  shared: { among: (args) => args.add !== undefined || args.del !== undefined },
  options,
  check: (args) => (args.add || args.del || args.map ? undefined : "SET needs --add-set, --del-set or --map-set"),
  explain: (args) =>
    [
      args.add && `add ${directionWords(args.add.value)} to set ${args.add.value.name}`,
      args.del && `delete ${directionWords(args.del.value)} from set ${args.del.value.name}`,
      args.map && `take mark or priority from set ${args.map.value.name}`,
    ]
      .filter((part) => part !== undefined)
      .join(", "),
  compile: (args) => (context) => setTarget(args, context),
  draw: drawSet,
  doc: "Adds the packet's addresses or ports to an ipset, or deletes them.",
  examples: [
    { rule: "-j SET --add-set offenders src", says: "add source to set offenders" },
    {
      rule: "-j SET --exist --timeout 5 --add-set a src,dst",
      saved: "-j SET --add-set a src,dst --exist --timeout 5",
      says: "add source and destination to set a",
    },
    { rule: "-j SET --del-set learned src", says: "delete source from set learned" },
  ],
});

export const specs = [set];
