import type { Family } from "../../model/address.ts";
import { over } from "../draw.ts";
import type { RejectWith } from "../effect.ts";
import { REJECT_TYPES, REJECT_TYPES6, rejectCodec } from "../reject-types.ts";
import { target } from "../spec.ts";

function reject(family: Family, names: typeof REJECT_TYPES, usual: RejectWith) {
  const options = { with: { flag: "--reject-with", codec: rejectCodec(names) } } as const;
  return target({
    name: "REJECT",
    does: "drop",
    families: [family],
    tables: ["filter"],
    hooks: ["INPUT", "FORWARD", "OUTPUT"],
    options,
    canonical: (args) => ({ with: args.with ?? { value: usual, not: false } }),
    explain: (args) => `reject with ${args.with?.value ?? usual}`,
    compile: (args) => () => ({ verdict: "DROP", effects: [{ kind: "reject", with: args.with?.value ?? usual }] }),
    draw: (d) => {
      const types = Object.keys(names).filter((type) => type !== "tcp-reset");
      return `-j REJECT --reject-with ${over(d, "tcp") && d.chance(2) ? "tcp-reset" : d.pick(types)}`;
    },
    doc: "Drops the packet and answers it with an ICMP error or a TCP reset.",
    examples: [
      { rule: "-j REJECT", saved: `-j REJECT --reject-with ${usual}`, says: `reject with ${usual}` },
      { rule: "-p tcp -j REJECT --reject-with tcp-reset", says: "reject with tcp-reset" },
    ],
  });
}

/** ipt_REJECT.c, reject_tg, and ip6t_REJECT.c, reject_tg6. */
export const specs = [reject(4, REJECT_TYPES, "icmp-port-unreachable"), reject(6, REJECT_TYPES6, "icmp6-port-unreachable")];
