import type { Negatable } from "../../model/rule.ts";
import { hex, type Masked, masked, word } from "../codecs.ts";
import { invert, says } from "../condition.ts";
import { type Draw, not, some } from "../draw.ts";
import { type Args, type MatchResult, match, type PacketContext } from "../spec.ts";

const NUMERIC = masked(32, false);
const ALL = 0xffffffff;

/** Group 0 is called "default" in every /etc/iproute2/group. */
const GROUP = word<Masked>(
  "a device group, or group/mask",
  (text) => (text === "default" ? { value: 0, mask: ALL } : NUMERIC.parse([text])),
  (group) => (group.value === 0 && group.mask === ALL ? "default" : NUMERIC.save(group)),
);

const options = {
  src: { flag: "--src-group", codec: GROUP, negatable: true },
  dst: { flag: "--dst-group", codec: GROUP, negatable: true },
} as const;

function inGroup(context: PacketContext, device: string, option: Negatable<Masked> | undefined): MatchResult {
  if (!option) return true;
  const group = context.deviceGroup?.(device);
  if (group === undefined) return { unknown: `the group of device ${device} (ip link)` };
  return invert(((group ^ option.value.value) & option.value.mask) === 0, option.not);
}

/** xt_devgroup.c, devgroup_mt. */
function devgroupMatch(args: Args<typeof options>, context: PacketContext): MatchResult {
  const source = inGroup(context, context.in, args.src);
  if (source === false) return false;
  const destination = inGroup(context, context.out, args.dst);
  return destination === true ? source : destination;
}

function words({ value, mask }: Masked): string {
  return mask === ALL ? GROUP.save({ value, mask }) : `${hex(value)} in the bits ${hex(mask)}`;
}

/** Groups that devices often have; the kernel asks for the device only where there is one (devgroup_mt_checkentry). */
function drawDevgroup(d: Draw): string | undefined {
  const group = () => d.pick(["default", "default", "0x1", "0x2", "0x0/0x1", "0x1/0xff"]);
  const hasIn = d.hooks.every((hook) => hook === "PREROUTING" || hook === "INPUT" || hook === "FORWARD");
  const hasOut = d.hooks.every((hook) => hook === "FORWARD" || hook === "OUTPUT" || hook === "POSTROUTING");
  const possible = [...(hasIn ? [`${not(d)}--src-group ${group()}`] : []), ...(hasOut ? [`${not(d)}--dst-group ${group()}`] : [])];
  return possible.length > 0 ? `-m devgroup ${some(d, possible)}` : undefined;
}

const devgroup = match({
  name: "devgroup",
  options,
  check: (args) => (args.src || args.dst ? undefined : "devgroup needs --src-group or --dst-group"),
  explain: (args) =>
    [
      ...says(args.src, (group) => `incoming device in group ${words(group)}`),
      ...says(args.dst, (group) => `outgoing device in group ${words(group)}`),
    ].join(", "),
  compile: (args) => (context) => devgroupMatch(args, context),
  draw: drawDevgroup,
  doc: "Group of the incoming or outgoing device, as `ip link` shows it.",
  examples: [
    { rule: "-m devgroup --src-group 0", saved: "-m devgroup --src-group default", says: "incoming device in group default" },
    {
      rule: "-m devgroup --dst-group 16/0xf0 ! --src-group 3",
      saved: "-m devgroup ! --src-group 0x3 --dst-group 0x10/0xf0",
      says: "not incoming device in group 0x3, outgoing device in group 0x10 in the bits 0xf0",
    },
  ],
});

export const specs = [devgroup];
