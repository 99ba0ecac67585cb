import { formatMac, type Mac } from "../../model/address.ts";
import { MAC, word } from "../codecs.ts";
import { holds, says } from "../condition.ts";
import { not } from "../draw.ts";
import { match } from "../spec.ts";

/** Dumps that were published often hide their Ethernet addresses. */
const HIDDEN = "XX:XX:XX:XX:XX:XX";

const ADDRESS = word<Mac | typeof HIDDEN>(
  MAC.expected,
  (text) => (text.toUpperCase() === HIDDEN ? HIDDEN : MAC.parse([text])),
  (value) => (value === HIDDEN ? value : formatMac(value)),
);

/** xt_mac.c, mac_mt: a packet without an Ethernet header never matches, not even negated. */
const mac = match({
  name: "mac",
  hooks: ["PREROUTING", "INPUT", "FORWARD"],
  options: { source: { flag: "--mac-source", codec: ADDRESS, negatable: true, required: true } },
  explain: (args) => says(args.source, (address) => `Ethernet source ${ADDRESS.save(address)}`).join(""),
  reads: () => "nothing",
  compile:
    (args) =>
    ({ srcMac }) => {
      if (srcMac === undefined) return false;
      if (args.source?.value === HIDDEN) return { unknown: "the Ethernet address in the rule, which was blanked out" };
      return holds(args.source, (address) => address === srcMac);
    },
  draw: (d) => `-m mac ${not(d)}--mac-source ${d.mac()}`,
  doc: "Ethernet source address.",
  examples: [
    {
      rule: "-m mac --mac-source 42:01:02:AA:04:05",
      saved: "-m mac --mac-source 42:01:02:aa:04:05",
      says: "Ethernet source 42:01:02:aa:04:05",
    },
    { rule: "-m mac ! --mac-source 42:01:02:03:04:05", says: "not Ethernet source 42:01:02:03:04:05" },
    { rule: "-m mac --mac-source XX:XX:XX:XX:XX:XX", says: "Ethernet source XX:XX:XX:XX:XX:XX" },
  ],
});

export const specs = [mac];
