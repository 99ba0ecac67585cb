import { PROTOCOL } from "../../model/packet.ts";
import { drawOptions, HEADER_LENGTH, matchOptions, OPTION_LIST, optionsWords } from "../ipv6-options.ts";
import { match } from "../spec.ts";

/** ip6t_hbh.c, hbh_mt6. */
const hbh = match({
  name: "hbh",
  families: [6],
  options: {
    length: { flag: "--hbh-len", codec: HEADER_LENGTH, negatable: true },
    list: { flag: "--hbh-opts", codec: OPTION_LIST },
  },
  explain: (args) => optionsWords("hop-by-hop options", args),
  compile: (args) => (context) => matchOptions(context, PROTOCOL.hopopt, args),
  draw: (d) => `-m hbh${drawOptions(d, "--hbh")}`,
  doc: "Length and options of the IPv6 hop-by-hop header.",
  examples: [
    { rule: "-m hbh", says: "hop-by-hop options header" },
    { rule: "-m hbh ! --hbh-len 8 --hbh-opts 5:2,0", says: "hop-by-hop options header, not length 8 octets, options 5:2,0" },
  ],
});

export const specs = [hbh];
