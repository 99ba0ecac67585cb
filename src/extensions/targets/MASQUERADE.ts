import { FLAG } from "../codecs.ts";
import { rangeOf, savePorts, TO_PORTS } from "../nat-range.ts";
import { target } from "../spec.ts";

/** nf_nat_masquerade.c, nf_nat_masquerade_ipv4 and _ipv6. */
const masquerade = target({
  name: "MASQUERADE",
  tables: ["nat"],
  hooks: ["POSTROUTING"],
  options: {
    to: { flag: "--to-ports", codec: TO_PORTS },
    random: { flag: "--random", codec: FLAG },
    randomFully: { flag: "--random-fully", codec: FLAG },
  },
  explain: (args) => `source NAT to the address of the outgoing device${args.to ? `, port ${savePorts(args.to.value)}` : ""}`,
  compile: (args) => {
    const range = rangeOf("src", args.to?.value, (args.random ?? args.randomFully) !== undefined, false);
    return () => ({ verdict: "ACCEPT", effects: [{ kind: "masquerade", range }] });
  },
  doc: "Gives the connection the address of the outgoing device as its source.",
  examples: [
    {
      rule: "-j MASQUERADE --random-fully --random",
      saved: "-j MASQUERADE --random --random-fully",
      says: "source NAT to the address of the outgoing device",
    },
    { rule: "-p udp -j MASQUERADE --to-ports 1024-65535", says: "source NAT to the address of the outgoing device, port 1024-65535" },
  ],
});

export const specs = [masquerade];
