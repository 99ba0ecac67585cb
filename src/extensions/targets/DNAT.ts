import type { Family } from "../../model/address.ts";
import { FLAG } from "../codecs.ts";
import { maybe } from "../draw.ts";
import { drawTo } from "../draw-nat.ts";
import { natTo, rangeOf, saveTo } from "../nat-range.ts";
import { type Example, target } from "../spec.ts";

function dnat(family: Family, examples: readonly Example[]) {
  return target({
    name: "DNAT",
    does: "translate",
    families: [family],
    tables: ["nat"],
    hooks: ["PREROUTING", "OUTPUT"],
    options: {
      to: { flag: "--to-destination", codec: natTo(family, true), required: true },
      random: { flag: "--random", codec: FLAG },
      persistent: { flag: "--persistent", codec: FLAG },
    },
    explain: (args) => `destination NAT to ${args.to ? saveTo(args.to.value) : "itself"}`,
    compile: (args) => {
      const range = rangeOf("dst", args.to?.value, args.random !== undefined, args.persistent !== undefined);
      return () => ({ verdict: "ACCEPT", effects: [{ kind: "nat", range }] });
    },
    draw: (d) => `-j DNAT --to-destination ${drawTo(d, "dst")}${maybe(d, 20, "--random")}${maybe(d, 6, "--persistent")}`,
    doc: "Gives the connection another destination.",
    examples,
  });
}

/** xt_nat.c, xt_dnat_target_v2. */
export const specs = [
  dnat(4, [
    { rule: "-j DNAT --to-destination 172.17.0.2", says: "destination NAT to 172.17.0.2" },
    {
      rule: "-p tcp -j DNAT --to-destination 1.1.1.1:ssh",
      saved: "-p tcp -j DNAT --to-destination 1.1.1.1:22",
      says: "destination NAT to 1.1.1.1:22",
    },
    {
      rule: "-p tcp -j DNAT --to-destination :80-90/70 --persistent --random",
      saved: "-p tcp -j DNAT --to-destination :80-90/70 --random --persistent",
      says: "destination NAT to :80-90/70",
    },
  ]),
  dnat(6, [
    {
      rule: "-p tcp -j DNAT --to-destination [2001:db8::1]",
      saved: "-p tcp -j DNAT --to-destination 2001:db8::1",
      says: "destination NAT to 2001:db8::1",
    },
    {
      rule: "-p tcp -j DNAT --to-destination [dead::beef-dead::fee7]:1000-2000/3000",
      says: "destination NAT to [dead::beef-dead::fee7]:1000-2000/3000",
    },
  ]),
];
