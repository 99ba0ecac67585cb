import { type Address, isMapped, isMulticast } from "../../model/address.ts";
import type { Negatable } from "../../model/rule.ts";
import { ADDRESS_TYPES, type AddressType } from "../address-types.ts";
import { choices, FLAG } from "../codecs.ts";
import { oneOf, says } from "../condition.ts";
import { type Draw, not, some } from "../draw.ts";
import { members } from "../space.ts";
import { type Args, type MatchResult, match, type PacketContext } from "../spec.ts";

type Types = readonly AddressType[];

const LIST = choices<AddressType>(ADDRESS_TYPES);

const options = {
  src: { flag: "--src-type", codec: LIST, negatable: true },
  dst: { flag: "--dst-type", codec: LIST, negatable: true },
  limitIn: { flag: "--limit-iface-in", codec: FLAG },
  limitOut: { flag: "--limit-iface-out", codec: FLAG },
} as const;

/** xt_addrtype.c, match_type6: for IPv6 every type that is named must hold, only those that need a route are alternatives. */
function isOfType6(context: PacketContext, address: Address, types: Types, device: string | undefined): MatchResult {
  const multicast = isMulticast(address);
  const unspecified = address === 0n;
  if (types.includes("MULTICAST") && !multicast) return false;
  if (types.includes("UNICAST") && (multicast || unspecified || isMapped(address))) return false;
  if (types.includes("UNSPEC") && !unspecified) return false;
  if (!types.some((type) => type === "LOCAL" || type === "ANYCAST" || type === "UNREACHABLE")) return true;
  const found = context.addressType(address, device);
  if (typeof found !== "string") return found;
  const type = found === "PROHIBIT" || found === "BLACKHOLE" ? "UNREACHABLE" : found;
  return (type === "LOCAL" || type === "ANYCAST" || type === "UNREACHABLE") && types.includes(type);
}

function isOfType(context: PacketContext, address: Address, types: Types, device: string | undefined): MatchResult {
  if (typeof address !== "number") return isOfType6(context, address, types, device);
  const found = context.addressType(address, device);
  return typeof found === "string" ? types.includes(found) : found;
}

function side(context: PacketContext, address: Address, option: Negatable<Types> | undefined, device: string | undefined): MatchResult {
  if (!option) return true;
  const result = isOfType(context, address, option.value, device);
  return typeof result === "boolean" ? result !== option.not : result;
}

/** xt_addrtype.c, addrtype_mt_v1. */
function addrtypeMatch(args: Args<typeof options>, context: PacketContext): MatchResult {
  const device = args.limitIn ? context.in : args.limitOut ? context.out : "";
  const on = device === "" ? undefined : device;
  const source = side(context, context.packet.src, args.src, on);
  if (source === false) return false;
  const destination = side(context, context.packet.dst, args.dst, on);
  return destination === true ? source : destination;
}

// The types that IPv6 does not know are refused (xt_addrtype.c, addrtype_mt_checkentry_v1).
const TYPES6 = ADDRESS_TYPES.filter((type) => ["UNSPEC", "UNICAST", "LOCAL", "ANYCAST", "MULTICAST", "UNREACHABLE"].includes(type));

function drawAddrtype(d: Draw): string {
  const types = () => LIST.save(LIST.parse([[drawType(), ...(d.chance(4) ? [drawType()] : [])].join()]) ?? []);
  const drawType = () => d.pick<AddressType>(["LOCAL", "LOCAL", "UNICAST", ...(d.family === 4 ? ADDRESS_TYPES : TYPES6)]);
  const where = [
    ...(d.hooks.includes("OUTPUT") || d.hooks.includes("POSTROUTING") ? [] : [" --limit-iface-in"]),
    ...(d.hooks.includes("PREROUTING") || d.hooks.includes("INPUT") ? [] : [" --limit-iface-out"]),
  ];
  const sides = some(d, [`${not(d)}--src-type ${types()}`, `${not(d)}--dst-type ${types()}`]);
  return `-m addrtype ${sides}${where.length > 0 && d.chance(5) ? d.pick(where) : ""}`;
}

const addrtype = match({
  name: "addrtype",
  options,
  check: (args) => {
    if (args.limitIn && args.limitOut) return "addrtype takes --limit-iface-in or --limit-iface-out, not both";
    return args.src || args.dst ? undefined : "addrtype needs --src-type or --dst-type";
  },
  explain: (args) => {
    const where = args.limitIn ? " of the incoming device" : args.limitOut ? " of the outgoing device" : "";
    const words = (what: string) => (types: Types) => `${what} address of type ${oneOf(types)}${where}`;
    return [...says(args.src, words("source")), ...says(args.dst, words("destination"))].join(", ");
  },
  compile: (args) => (context) => addrtypeMatch(args, context),
  // For IPv6 several types do not stand for any of them (match_type6), and a device changes what is local.
  space: ({ src, dst, limitIn, limitOut }) => {
    const simple = [src, dst].every((one) => !one || (one.value.length === 1 && one.value[0] === "LOCAL"));
    if (limitIn || limitOut || !simple) return { exact: false };
    return { ...(src && { srcTypes: members(src, ADDRESS_TYPES) }), ...(dst && { dstTypes: members(dst, ADDRESS_TYPES) }), exact: true };
  },
  draw: drawAddrtype,
  doc: "What kind of address the routing tables make of source or destination.",
  examples: [
    { rule: "-m addrtype --dst-type LOCAL", says: "destination address of type LOCAL" },
    {
      rule: "-m addrtype ! --src-type LOCAL,UNICAST",
      saved: "-m addrtype ! --src-type UNICAST,LOCAL",
      says: "not source address of type UNICAST or LOCAL",
    },
    { rule: "-m addrtype --src-type LOCAL --limit-iface-in", says: "source address of type LOCAL of the incoming device" },
  ],
});

export const specs = [addrtype];
