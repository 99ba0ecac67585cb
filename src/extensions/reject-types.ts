import { word } from "./codecs.ts";
import type { RejectWith } from "./effect.ts";
import type { Codec } from "./spec.ts";

type Names = Readonly<Partial<Record<RejectWith, readonly string[]>>>;

/** `--reject-with` of iptables: each type with its shorter names. */
export const REJECT_TYPES: Names = {
  "icmp-net-unreachable": ["net-unreach"],
  "icmp-host-unreachable": ["host-unreach"],
  "icmp-proto-unreachable": ["proto-unreach"],
  "icmp-port-unreachable": ["port-unreach"],
  "icmp-net-prohibited": ["net-prohib"],
  "icmp-host-prohibited": ["host-prohib"],
  "tcp-reset": ["tcp-rst"],
  "icmp-admin-prohibited": ["admin-prohib"],
};

/** `--reject-with` of ip6tables. */
export const REJECT_TYPES6: Names = {
  "icmp6-no-route": ["no-route"],
  "icmp6-adm-prohibited": ["adm-prohibited"],
  "icmp6-addr-unreachable": ["addr-unreach"],
  "icmp6-port-unreachable": ["port-unreach"],
  "tcp-reset": ["tcp-reset"],
  "icmp6-policy-fail": ["policy-fail"],
  "icmp6-reject-route": ["reject-route"],
};

/** Reads a type by its name or a beginning of it, as iptables does. */
export function rejectCodec(names: Names): Codec<RejectWith> {
  const all = Object.entries(names) as [RejectWith, readonly string[]][];
  const find = (text: string) => {
    const lower = text.toLowerCase();
    return lower === "" ? undefined : all.find(([name, others]) => [name, ...others].some((full) => full.startsWith(lower)))?.[0];
  };
  return word(`one of ${Object.keys(names).join(", ")}`, find, (name) => name);
}
