import { type Address, type Family, familyOf, formatAddress, parseAddress } from "../../model/address.ts";
import { word } from "../codecs.ts";
import { maybe } from "../draw.ts";
import { type Example, target } from "../spec.ts";

/** IFNAMSIZ, the closing zero not counted. */
const NAME_SIZE = 15;

const DEVICE = word(
  "a device",
  (text) => text.slice(0, NAME_SIZE),
  (device) => device,
);

function gatewayOf(family: Family) {
  const parse = (text: string): Address | undefined => {
    const address = parseAddress(text);
    return address !== undefined && familyOf(address) === family ? address : undefined;
  };
  return word(`an IPv${family} address`, parse, formatAddress);
}

function tee(family: Family, examples: readonly Example[]) {
  return target({
    name: "TEE",
    does: "nothing",
    families: [family],
    options: {
      gateway: { flag: "--gateway", codec: gatewayOf(family), required: true },
      device: { flag: "--oif", codec: DEVICE },
    },
    check: (args) => (args.gateway && BigInt(args.gateway.value) === 0n ? "--gateway must be a host's address" : undefined),
    canonical: (args) => ({ ...args, device: args.device?.value === "" ? undefined : args.device }),
    explain: (args) =>
      `send a copy to ${args.gateway ? formatAddress(args.gateway.value) : "nobody"}${args.device?.value ? ` by ${args.device.value}` : ""}`,
    compile: (args) => {
      const { gateway, device } = args;
      if (!gateway) return () => ({ verdict: "CONTINUE" });
      const copy = { kind: "duplicate", gateway: gateway.value, ...(device?.value && { device: device.value }) } as const;
      return () => ({ verdict: "CONTINUE", effects: [copy], note: `a copy goes to ${formatAddress(gateway.value)}` });
    },
    draw: (d) => {
      // One hop count, so that copies which come round are not copied on and on.
      const fresh = d.family === 4 ? "-m ttl --ttl-eq 64" : "-m hl --hl-eq 64";
      const gateway = d.chance(2) ? d.address("dst") : d.natAddress("dst");
      return `${fresh} -j TEE --gateway ${gateway}${maybe(d, 4, `--oif ${d.device("out").replace("+", "0")}`)}`;
    },
    doc: "Sends a copy of the packet to another host of a network that it is connected to.",
    examples,
  });
}

/** xt_TEE.c, tee_tg4 and tee_tg6. */
export const specs = [
  tee(4, [
    { rule: "-j TEE --gateway 10.0.0.9", says: "send a copy to 10.0.0.9" },
    {
      rule: "-j TEE --oif eth1 --gateway 10.0.0.9",
      saved: "-j TEE --gateway 10.0.0.9 --oif eth1",
      says: "send a copy to 10.0.0.9 by eth1",
    },
  ]),
  tee(6, [
    { rule: "-j TEE --gateway fe80::1 --oif eth1", says: "send a copy to fe80::1 by eth1" },
    { rule: "-j TEE --gateway 2001:db8:0::1", saved: "-j TEE --gateway 2001:db8::1", says: "send a copy to 2001:db8::1" },
  ]),
];
