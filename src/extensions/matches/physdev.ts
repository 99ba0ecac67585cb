import type { Negatable } from "../../model/rule.ts";
import { FLAG, word } from "../codecs.ts";
import { says } from "../condition.ts";
import { not, some } from "../draw.ts";
import { type Args, match, type PacketContext } from "../spec.ts";

const DEVICE = word(
  "a device name, with a trailing + for a prefix",
  (text) => (text.length > 0 && text.length < 16 ? text : undefined),
  (name) => name,
);

const options = {
  isIn: { flag: "--physdev-is-in", codec: FLAG, negatable: true },
  in: { flag: "--physdev-in", codec: DEVICE, negatable: true },
  isOut: { flag: "--physdev-is-out", codec: FLAG, negatable: true },
  out: { flag: "--physdev-out", codec: DEVICE, negatable: true },
  isBridged: { flag: "--physdev-is-bridged", codec: FLAG, negatable: true },
} as const;

function named(pattern: string, device: string): boolean {
  return pattern.endsWith("+") ? device.startsWith(pattern.slice(0, -1)) : device === pattern;
}

function is(option: Negatable<true> | undefined, state: boolean): boolean {
  return option === undefined || state !== option.not;
}

/** xt_physdev.c, physdev_mt; "bridged" means that an outgoing bridge port is known. */
function physdevMatch(args: Args<typeof options>, { physIn, physOut, bridged }: PacketContext): boolean {
  if (physIn === undefined && physOut === undefined && !bridged) {
    return Object.values(args).every((option) => option === undefined || option.not);
  }
  if (!is(args.isBridged, physOut !== undefined)) return false;
  if (!is(args.isIn, physIn !== undefined) || !is(args.isOut, physOut !== undefined)) return false;
  // Without an incoming port the kernel does not look at --physdev-in, but without an outgoing one --physdev-out fails.
  if (args.in && physIn !== undefined && named(args.in.value, physIn) === args.in.not) return false;
  if (!args.out) return true;
  return physOut !== undefined && named(args.out.value, physOut) !== args.out.not;
}

const physdev = match({
  name: "physdev",
  options,
  check: (args) => (Object.values(args).some((option) => option) ? undefined : "physdev needs at least one option"),
  explain: (args) =>
    [
      ...says(args.isIn, () => "came in through a bridge port"),
      ...says(args.in, (name) => `came in through bridge port ${name}`),
      ...says(args.isOut, () => "leaves through a bridge port"),
      ...says(args.out, (name) => `leaves through bridge port ${name}`),
      ...says(args.isBridged, () => "bridged"),
    ].join(", "),
  compile: (args) => (context) => physdevMatch(args, context),
  draw: (d) => {
    const [inPort, outPort] = [d.bridgePort("in"), d.bridgePort("out")];
    const came = [`${not(d)}--physdev-is-in`, ...(inPort === undefined ? [] : [`${not(d)}--physdev-in ${inPort}`])];
    const leaves = [`${not(d)}--physdev-is-out`, ...(outPort === undefined ? [] : [`${not(d)}--physdev-out ${outPort}`])];
    // In OUTPUT the kernel takes the outgoing port only of bridged packets (physdev_mt_check).
    if (d.hooks.includes("OUTPUT")) return `-m physdev ${some(d, [...came, `${not(d)}--physdev-is-bridged`])}`;
    return `-m physdev ${some(d, [...came, ...leaves, `${not(d)}--physdev-is-bridged`])}`;
  },
  doc: "Bridge ports of a packet that passes a bridge.",
  examples: [
    { rule: "-m physdev --physdev-in eth+ --physdev-is-bridged", says: "came in through bridge port eth+, bridged" },
    {
      rule: "-m physdev ! --physdev-is-bridged --physdev-in lo ! --physdev-is-in",
      saved: "-m physdev ! --physdev-is-in --physdev-in lo ! --physdev-is-bridged",
      says: "not came in through a bridge port, came in through bridge port lo, not bridged",
    },
  ],
});

export const specs = [physdev];
