import type { Family } from "../../model/address.ts";
import { FLAG } from "../codecs.ts";
import { maybe } from "../draw.ts";
import { drawTo } from "../draw-nat.ts";
import { natTo, rangeOf, saveTo } from "../nat-range.ts";
import { type Example, target } from "../spec.ts";

function snat(family: Family, examples: readonly Example[]) {
  return target({
    name: "SNAT",
    does: "translate",
    families: [family],
    tables: ["nat"],
    hooks: ["POSTROUTING", "INPUT"],
    options: {
      to: { flag: "--to-source", codec: natTo(family, false), required: true },
      random: { flag: "--random", codec: FLAG },
      randomFully: { flag: "--random-fully", codec: FLAG },
      persistent: { flag: "--persistent", codec: FLAG },
    },
    explain: (args) => `source NAT to ${args.to ? saveTo(args.to.value) : "itself"}`,
    compile: (args) => {
      const range = rangeOf("src", args.to?.value, (args.random ?? args.randomFully) !== undefined, args.persistent !== undefined);
      return () => ({ verdict: "ACCEPT", effects: [{ kind: "nat", range }] });
    },
    draw: (d) => {
      const flags = `${maybe(d, 20, "--random")}${maybe(d, 20, "--random-fully")}${maybe(d, 6, "--persistent")}`;
      return `-j SNAT --to-source ${drawTo(d, "src")}${flags}`;
    },
    doc: "Gives the connection another source.",
    examples,
  });
}

/** xt_nat.c, xt_snat_target_v2. */
export const specs = [
  snat(4, [
    { rule: "-j SNAT --to-source 192.0.2.1-192.0.2.9", says: "source NAT to 192.0.2.1-192.0.2.9" },
    {
      rule: "-p tcp -j SNAT --to-source 1.1.1.1:5-6 --persistent --random",
      saved: "-p tcp -j SNAT --to-source 1.1.1.1:5-6 --random --persistent",
      says: "source NAT to 1.1.1.1:5-6",
    },
  ]),
  snat(6, [
    { rule: "-j SNAT --to-source dead::beef --random-fully", says: "source NAT to dead::beef" },
    { rule: "-p tcp -j SNAT --to-source [dead::beef-dead::fee7]:1025-65535", says: "source NAT to [dead::beef-dead::fee7]:1025-65535" },
  ]),
];
