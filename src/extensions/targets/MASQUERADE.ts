import { FLAG } from "../codecs.ts";
import { maybe } from "../draw.ts";
import { drawPorts, mapsPorts } from "../draw-nat.ts";
import { rangeOf, savePorts, TO_PORTS } from "../nat-range.ts";
import { target } from "../spec.ts";

/** nf_nat_masquerade.c, nf_nat_masquerade_ipv4 and _ipv6. */
const masquerade = target({
  name: "MASQUERADE",
  does: "translate",
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
  draw: (d) => {
    const ports = mapsPorts(d) ? maybe(d, 3, `--to-ports ${drawPorts(d, "src")}`) : "";
    return `-j MASQUERADE${ports}${maybe(d, 20, "--random")}${maybe(d, 20, "--random-fully")}`;
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
