import { choices, FLAG, parseNumber, word } from "../codecs.ts";
import { type Draw, maybe, over } from "../draw.ts";
import { type Args, type PacketContext, type TargetResult, target } from "../spec.ts";

const EVENTS = ["new", "related", "destroy", "reply", "assured", "protoinfo", "helper", "mark", "natseqinfo", "secmark"] as const;

const NAME = word(
  "a name",
  (text) => (text.length > 0 && text.length < 32 ? text : undefined),
  (name) => name,
);
const ZONE = word<number | "mark">(
  "a zone from 0 to 65535, or mark",
  (text) => (text === "mark" ? "mark" : parseNumber(text, 0, 65_535)),
  String,
);

const options = {
  notrack: { flag: "--notrack", codec: FLAG },
  helper: { flag: "--helper", codec: NAME },
  timeout: { flag: "--timeout", codec: NAME },
  ctevents: { flag: "--ctevents", codec: choices(EVENTS, true) },
  expevents: { flag: "--expevents", codec: choices(["new"], true) },
  zoneOrig: { flag: "--zone-orig", codec: ZONE },
  zoneReply: { flag: "--zone-reply", codec: ZONE },
  zone: { flag: "--zone", codec: ZONE },
} as const;

type CtArgs = Args<typeof options>;

/** One zone, the last one that was given, and for both directions where both were named (libxt_CT.c of iptables). */
function canonical(args: CtArgs): CtArgs {
  const { zone, zoneOrig, zoneReply, ...rest } = args;
  const given = (["zone", "zoneOrig", "zoneReply"] as const).filter((key) => args[key] !== undefined);
  const last = (Object.keys(args) as (keyof CtArgs)[]).findLast((key) => (given as readonly string[]).includes(key)) as
    | (typeof given)[number]
    | undefined;
  const value = given.some((key) => args[key]?.value === "mark") ? ("mark" as const) : last && args[last]?.value;
  if (value === undefined || value === 0) return rest;
  const key = zoneOrig && !zoneReply ? "zoneOrig" : zoneReply && !zoneOrig ? "zoneReply" : "zone";
  return { ...rest, [key]: { value, not: false } };
}

/** xt_CT.c, xt_ct_target: a packet that already has its connection (loopback) or met a CT rule before is left alone. */
function ct(args: CtArgs, context: PacketContext): TargetResult {
  const tracked = context.connection && !context.connection.template;
  if (tracked || context.ctState === "UNTRACKED") return { verdict: "CONTINUE", note: "already tracked, so nothing is changed" };
  if (context.ctState !== "INVALID") return { verdict: "CONTINUE", note: "an earlier CT rule has decided, so nothing is changed" };
  if (args.notrack) return { verdict: "CONTINUE", effects: [{ kind: "notrack" }] };
  const zone = (args.zone ?? args.zoneOrig ?? args.zoneReply)?.value;
  return {
    verdict: "CONTINUE",
    effects: [
      {
        kind: "ct-template",
        rule: context.ruleKey,
        ...(zone !== undefined && { zone: zone === "mark" ? context.mark & 0xffff : zone }),
        ...(args.helper && { helper: args.helper.value }),
        ...(args.zoneOrig && { zoneDirection: "orig" as const }),
        ...(args.zoneReply && { zoneDirection: "reply" as const }),
        ...(args.timeout && { timeout: args.timeout.value }),
      },
    ],
  };
}

function drawCt(d: Draw): string {
  if (d.chance(4)) return "-j CT --notrack";
  const helper = over(d, "tcp") ? maybe(d, 4, "--helper ftp") : over(d, "udp") ? maybe(d, 4, "--helper tftp") : "";
  const events = `${maybe(d, 6, "--ctevents new,destroy")}${maybe(d, 6, "--expevents new")}`;
  const zone = maybe(d, 2, `--${d.pick(["zone", "zone", "zone-orig", "zone-reply"])} ${d.pick([1, 2, 65_535, "mark"])}`);
  return `-j CT${helper}${events}${zone}`;
}

const spec = target({
  name: "CT",
  does: "something",
  shared: { among: (args) => args.helper !== undefined },
  tables: ["raw"],
  options,
  canonical,
  explain: (given) => {
    const args = canonical(given);
    const zone = args.zone ?? args.zoneOrig ?? args.zoneReply;
    const side = args.zone ? "" : args.zoneOrig ? " for the original direction" : " for the reply direction";
    const words = [
      args.notrack && "do not track the connection",
      zone && `connection tracking zone ${zone.value}${side}`,
      args.helper && `connection tracking helper ${args.helper.value}`,
    ].filter((part) => part !== undefined);
    return words.join(", ") || "set connection tracking options";
  },
  compile: (given) => {
    const args = canonical(given);
    return (context) => ct(args, context);
  },
  draw: drawCt,
  doc: "Decides how the connection is tracked: not at all, in a zone, with a helper.",
  examples: [
    { rule: "-j CT --notrack", says: "do not track the connection" },
    {
      rule: "-j CT --zone 5 --helper ftp",
      saved: "-j CT --helper ftp --zone 5",
      says: "connection tracking zone 5, connection tracking helper ftp",
    },
    { rule: "-j CT --zone 0", saved: "-j CT", says: "set connection tracking options" },
    { rule: "-j CT --zone-orig 5 --zone-reply 6", saved: "-j CT --zone 6", says: "connection tracking zone 6" },
    {
      rule: "-j CT --zone 5 --zone-reply 6",
      saved: "-j CT --zone-reply 6",
      says: "connection tracking zone 6 for the reply direction",
    },
    { rule: "-j CT --zone-orig mark", says: "connection tracking zone mark for the original direction" },
    { rule: "-j CT --ctevents new,destroy", says: "set connection tracking options" },
  ],
});

export const specs = [spec];
