import { PROTOCOL } from "../../model/packet.ts";
import { drawOptions, HEADER_LENGTH, matchOptions, OPTION_LIST, optionsWords } from "../ipv6-options.ts";
import { match } from "../spec.ts";

/** ip6t_hbh.c, hbh_mt6, which serves both. */
const dst = match({
  name: "dst",
  families: [6],
  options: {
    length: { flag: "--dst-len", codec: HEADER_LENGTH, negatable: true },
    list: { flag: "--dst-opts", codec: OPTION_LIST },
  },
  explain: (args) => optionsWords("destination options", args),
  compile: (args) => (context) => matchOptions(context, PROTOCOL["ipv6-opts"], args),
  draw: (d) => `-m dst${drawOptions(d, "--dst")}`,
  doc: "Length and options of the first IPv6 destination options header.",
  examples: [
    { rule: "-m dst --dst-len 16", says: "destination options header, length 16 octets" },
    {
      rule: "-m dst --dst-opts 1:4,201:0x10",
      saved: "-m dst --dst-opts 1:4,201:16",
      says: "destination options header, options 1:4,201:16",
    },
  ],
});

export const specs = [dst];
