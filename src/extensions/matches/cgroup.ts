import { factWords, unlessAssumed } from "../assumption.ts";
import { number, word } from "../codecs.ts";
import { holds, says } from "../condition.ts";
import { not } from "../draw.ts";
import { type Args, type MatchResult, match, type PacketContext } from "../spec.ts";

const PATH = word<string>(
  "the path of a control group",
  (text) => (text.length < 4096 ? text : undefined),
  (path) => `"${path.replace(/["\\]/g, "\\$&")}"`,
);

const options = {
  path: { flag: "--path", codec: PATH, negatable: true },
  classid: { flag: "--cgroup", codec: number(0, 0xffffffff), negatable: true },
} as const;

/** "/system.slice" of "system.slice/". */
function plain(path: string): string {
  return `/${path.split("/").filter(Boolean).join("/")}`;
}

/** Whether a control group is another one or lies below it (cgroup_is_descendant). */
function isBelow(path: string, ancestor: string): boolean {
  const [inner, outer] = [plain(path), plain(ancestor)];
  return outer === "/" || inner === outer || inner.startsWith(`${outer}/`);
}

/** xt_cgroup.c, cgroup_mt_v2: a packet without a socket of this host does not match, not even negated. */
function cgroupMatch(args: Args<typeof options>, context: PacketContext): MatchResult {
  if (context.hook === "POSTROUTING" && context.local !== true) return false;
  if (args.path) return unlessAssumed(context, "cgroup.path", (value) => holds(args.path, (path) => isBelow(value, path)));
  return unlessAssumed(context, "cgroup.classid", (value) => holds(args.classid, (classid) => classid === Number(value)));
}

const cgroup = match({
  name: "cgroup",
  hooks: ["INPUT", "OUTPUT", "POSTROUTING"],
  options,
  check: (args) => {
    if (args.path && args.classid) return "cgroup takes --path or --cgroup, not both";
    return args.path || args.classid ? undefined : "cgroup needs --path or --cgroup";
  },
  explain: (args) =>
    [
      ...says(args.path, (path) => `socket of control group ${plain(path)}`),
      ...says(args.classid, (classid) => `socket of net_cls class ${classid}`),
    ].join(", "),
  compile: (args) => (context) => cgroupMatch(args, context),
  // A capture does not show whose socket it is: few rules should ask for it.
  draw: (d) => (d.chance(30) ? `-m cgroup ${not(d)}${d.pick(['--path "/"', "--cgroup 1", "--cgroup 0"])}` : undefined),
  forks: factWords("cgroup.path", "cgroup.classid"),
  doc: "Control group of the local socket that sends or receives the packet; a capture does not show it.",
  examples: [
    { rule: '-m cgroup ! --path "system.slice/"', says: "not socket of control group /system.slice" },
    { rule: "-m cgroup --cgroup 0x10", saved: "-m cgroup --cgroup 16", says: "socket of net_cls class 16" },
  ],
});

export const specs = [cgroup];
