import { FLAG } from "../codecs.ts";
import { maybe } from "../draw.ts";
import { drawPorts, mapsPorts } from "../draw-nat.ts";
import { rangeOf, savePorts, TO_PORTS } from "../nat-range.ts";
import { target } from "../spec.ts";

/** nf_nat_redirect.c, nf_nat_redirect_ipv4 and _ipv6. */
const redirect = target({
  name: "REDIRECT",
  does: "translate",
  tables: ["nat"],
  hooks: ["PREROUTING", "OUTPUT"],
  options: {
    to: { flag: "--to-ports", codec: TO_PORTS },
    random: { flag: "--random", codec: FLAG },
  },
  explain: (args) => `destination NAT to this host${args.to ? `, port ${savePorts(args.to.value)}` : ""}`,
  compile: (args) => {
    const range = rangeOf("dst", args.to?.value, args.random !== undefined, false);
    return () => ({ verdict: "ACCEPT", effects: [{ kind: "redirect", range }] });
  },
  draw: (d) => `-j REDIRECT${mapsPorts(d) && d.chance(2) ? ` --to-ports ${drawPorts(d, "dst")}` : ""}${maybe(d, 20, "--random")}`,
  doc: "Sends the connection to this host itself.",
  examples: [
    { rule: "-p tcp -j REDIRECT", says: "destination NAT to this host" },
    {
      rule: "-p tcp -j REDIRECT --to-ports ssh --random",
      saved: "-p tcp -j REDIRECT --to-ports 22 --random",
      says: "destination NAT to this host, port 22",
    },
    {
      rule: "-p udp -j REDIRECT --to-ports 512-512",
      saved: "-p udp -j REDIRECT --to-ports 512",
      says: "destination NAT to this host, port 512",
    },
  ],
});

export const specs = [redirect];
