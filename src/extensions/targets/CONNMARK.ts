import { FLAG, hex, hexNumber, number } from "../codecs.ts";
import type { Draw } from "../draw.ts";
import { drawChange } from "../draw-mark.ts";
import { isAfter, lastGiven } from "../last-given.ts";
import { MARK_OPTIONS, markOptionsGiven, xmarkOf } from "../mark-options.ts";
import { changed, changeWords } from "../marks.ts";
import { type Args, type PacketContext, type TargetResult, target } from "../spec.ts";

const ALL = 0xffffffff;
const MASK = hexNumber(ALL, 1);

const options = {
  ...MARK_OPTIONS,
  save: { flag: "--save-mark", codec: FLAG },
  restore: { flag: "--restore-mark", codec: FLAG },
  nfmask: { flag: "--nfmask", codec: MASK },
  ctmask: { flag: "--ctmask", codec: MASK },
  mask: { flag: "--mask", codec: MASK },
  left: { flag: "--left-shift-mark", codec: number(0, 31) },
  right: { flag: "--right-shift-mark", codec: number(0, 31) },
} as const;

type ConnmarkArgs = Args<typeof options>;

// A mask after the mark takes the place of the one that it came with (libxt_CONNMARK.c, connmark_tg_parse).
function changeOf(args: ConnmarkArgs): ConnmarkArgs["xmark"] {
  const change = xmarkOf(args);
  const mark = (["xmark", "mark", "and", "or", "xor"] as const).find((key) => args[key]);
  const mask = (["mask", "ctmask"] as const).find((key) => args[key] && mark && isAfter(args, key, mark));
  const bits = mask && args[mask]?.value;
  return change && bits !== undefined ? { value: { value: change.value.value, mask: bits }, not: false } : change;
}

function canonical(given: ConnmarkArgs): ConnmarkArgs {
  const args = lastGiven(given, "left", "right");
  const shift = { left: args.left?.value ? args.left : undefined, right: args.right?.value ? args.right : undefined };
  if (!args.save && !args.restore) return { xmark: changeOf(args), ...shift };
  const mask = args.mask ?? { value: ALL, not: false };
  return { save: args.save, restore: args.restore, nfmask: args.nfmask ?? mask, ctmask: args.ctmask ?? mask, ...shift };
}

function shifted(value: number, args: ConnmarkArgs): number {
  if (args.right) return value >>> args.right.value;
  return args.left ? (value << args.left.value) >>> 0 : value;
}

/** xt_connmark.c, connmark_tg_shift: without a connection nothing happens. */
function connmark(args: ConnmarkArgs, { connection, mark }: PacketContext): TargetResult {
  if (!connection) return { verdict: "CONTINUE", note: "no connection, so nothing is changed" };
  const nfmask = args.nfmask?.value ?? ALL;
  const ctmask = args.ctmask?.value ?? ALL;
  if (args.save) {
    const value = shifted((mark & nfmask) >>> 0, args);
    return { verdict: "CONTINUE", effects: [{ kind: "set-ctmark", value: changed(connection.mark, { value, mask: ctmask }) }] };
  }
  if (args.restore) {
    const value = shifted((connection.mark & ctmask) >>> 0, args);
    return { verdict: "CONTINUE", effects: [{ kind: "set-mark", value: changed(mark, { value, mask: nfmask }) }] };
  }
  const change = args.xmark?.value ?? { value: 0, mask: 0 };
  return { verdict: "CONTINUE", effects: [{ kind: "set-ctmark", value: shifted(changed(connection.mark, change), args) }] };
}

function explain(given: ConnmarkArgs): string {
  const args = canonical(given);
  const bits = (mask: number | undefined) => (mask === undefined || mask === ALL ? "" : ` (bits ${hex(mask)})`);
  if (args.save) return `save the mark${bits(args.nfmask?.value)} to the connection${bits(args.ctmask?.value)}`;
  if (args.restore) return `restore the mark${bits(args.nfmask?.value)} from the connection${bits(args.ctmask?.value)}`;
  return changeWords("connection mark", args.xmark?.value ?? { value: 0, mask: 0 });
}

function drawConnmark(d: Draw): string {
  const shift = d.chance(5) ? ` --${d.pick(["left", "right"])}-shift-mark ${d.pick([1, 4, 31])}` : "";
  if (d.chance(2)) return `-j CONNMARK --set-xmark ${drawChange(d)}${shift}`;
  const [nfmask, ctmask] = d.chance(2) ? [ALL, ALL] : [d.pick([0xff, 0xff00, d.mark()]), d.pick([0xff, ALL, 0])];
  return `-j CONNMARK --${d.pick(["save", "restore"])}-mark --nfmask ${hex(nfmask)} --ctmask ${hex(ctmask)}${shift}`;
}

const spec = target({
  name: "CONNMARK",
  does: "something",
  options,
  canonical,
  check: (args) => {
    if (args.mask && (args.nfmask || args.ctmask)) return "--mask goes without --nfmask and --ctmask";
    const actions = markOptionsGiven(args) + (args.save ? 1 : 0) + (args.restore ? 1 : 0);
    return actions === 1 ? undefined : "CONNMARK needs exactly one of --set-xmark (or its like), --save-mark, --restore-mark";
  },
  explain,
  compile: (given) => {
    const args = canonical(given);
    return (context) => connmark(args, context);
  },
  draw: drawConnmark,
  doc: "Sets the mark of the packet's connection, or copies it from or to the packet.",
  examples: [
    { rule: "-j CONNMARK --set-mark 1/3", saved: "-j CONNMARK --set-xmark 0x1/0x3", says: "set connection mark 0x1 in the bits 0x3" },
    {
      rule: "-j CONNMARK --save-mark --mask 0xff",
      saved: "-j CONNMARK --save-mark --nfmask 0xff --ctmask 0xff",
      says: "save the mark (bits 0xff) to the connection (bits 0xff)",
    },
    {
      rule: "-j CONNMARK --restore-mark",
      saved: "-j CONNMARK --restore-mark --nfmask 0xffffffff --ctmask 0xffffffff",
      says: "restore the mark from the connection",
    },
    {
      rule: "-j CONNMARK --set-xmark 1/3 --right-shift-mark 4",
      saved: "-j CONNMARK --set-xmark 0x1/0x3 --right-shift-mark 4",
      says: "set connection mark 0x1 in the bits 0x3",
    },
  ],
});

export const specs = [spec];
