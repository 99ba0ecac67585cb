import { match } from "../spec.ts";

const GROUP_OF_24 = 0xffffffn;

/** The interface identifier that an Ethernet address makes (RFC 4291 appendix A). */
function identifierOf(mac: number): bigint {
  const address = BigInt(mac);
  const parts = ((address >> 24n) << 40n) | (0xfffen << 24n) | (address & GROUP_OF_24);
  return parts ^ (1n << 57n);
}

/** ip6t_eui64.c, eui64_mt6. */
const eui64 = match({
  name: "eui64",
  families: [6],
  hooks: ["PREROUTING", "INPUT", "FORWARD"],
  options: {},
  explain: () => "source address made from the Ethernet source address",
  compile: () => (context) => {
    const { packet, srcMac } = context;
    if (srcMac === undefined || typeof packet.src !== "bigint") return false;
    return (packet.src & 0xffffffffffffffffn) === identifierOf(srcMac);
  },
  draw: () => "-m eui64",
  doc: "Whether the last 64 bits of the IPv6 source address are made from the Ethernet source address.",
  examples: [
    { rule: "-m eui64", says: "source address made from the Ethernet source address" },
    { rule: "-p tcp -m eui64", says: "source address made from the Ethernet source address" },
  ],
});

export const specs = [eui64];
