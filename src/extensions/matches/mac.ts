import { formatMac } from "../../model/address.ts";
import { MAC } from "../codecs.ts";
import { holds, says } from "../condition.ts";
import { match } from "../spec.ts";

/** xt_mac.c, mac_mt: a packet without an Ethernet header never matches, not even negated. */
const mac = match({
  name: "mac",
  hooks: ["PREROUTING", "INPUT", "FORWARD"],
  options: { source: { flag: "--mac-source", codec: MAC, negatable: true, required: true } },
  explain: (args) => says(args.source, (address) => `Ethernet source ${formatMac(address)}`).join(""),
  compile:
    (args) =>
    ({ srcMac }) =>
      srcMac !== undefined && holds(args.source, (address) => address === srcMac),
  doc: "Ethernet source address.",
  examples: [
    {
      rule: "-m mac --mac-source 42:01:02:AA:04:05",
      saved: "-m mac --mac-source 42:01:02:aa:04:05",
      says: "Ethernet source 42:01:02:aa:04:05",
    },
    { rule: "-m mac ! --mac-source 42:01:02:03:04:05", says: "not Ethernet source 42:01:02:03:04:05" },
  ],
});

export const specs = [mac];
