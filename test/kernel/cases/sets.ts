import type { Family } from "../../../src/model/address.ts";
import type { Pools } from "./case.ts";
import type { Dice } from "./dice.ts";
import { PORTS, type SetPlan } from "./rule-draw.ts";
import { SERVICE6 } from "./six/addresses.ts";

interface Kind {
  readonly kind: string;
  readonly dimensions: number;
  /** Words after the type. */
  create(dice: Dice, family: Family): string;
  element(dice: Dice, pools: Pools): string;
}

const address = (dice: Dice, pools: Pools) =>
  dice.pick([...pools.hosts, ...pools.locals, ...pools.remotes, isIpv6(pools) ? SERVICE6 : "10.96.0.10"]);
const isIpv6 = ({ hosts }: Pools) => hosts[0]?.includes(":") === true;
const network = (dice: Dice, pools: Pools) =>
  dice.chance(3)
    ? `${address(dice, pools)}/${dice.pick(isIpv6(pools) ? [64, 112, 127, 128] : [24, 28, 31, 32])}`
    : dice.pick(pools.networks);
const port = (dice: Dice, pools: Pools) =>
  dice.chance(5)
    ? dice.pick(
        isIpv6(pools)
          ? ["icmpv6:echo-request", "icmpv6:1/0", "47:0", "50:0", "udplite:53"]
          : ["icmp:echo-request", "icmp:3/1", "47:0", "50:0", "udplite:53"],
      )
    : `${dice.pick(["tcp", "tcp", "udp", "sctp"])}:${dice.pick(PORTS)}`;
const device = (dice: Dice, pools: Pools) => dice.pick(pools.devices);
const mac = (dice: Dice, pools: Pools) => dice.pick(pools.macs);

const plain = () => "";
const ofBits = (dice: Dice, family: Family) =>
  dice.pick(
    family === 4
      ? ["", "", " netmask 24", " netmask 31", " bitmask 255.255.0.255"]
      : ["", "", " netmask 64", " netmask 127", " bitmask ffff:ffff:ffff::ffff"],
  );

/** The types that most kernels have: hash:mac, hash:ip,mac, hash:ip,mark, hash:net,net and hash:net,port,net are left out of many. */
const KINDS: readonly Kind[] = [
  { kind: "hash:ip", dimensions: 1, create: ofBits, element: address },
  { kind: "hash:net", dimensions: 1, create: plain, element: network },
  { kind: "hash:ip,port", dimensions: 2, create: ofBits, element: (d, p) => `${address(d, p)},${port(d, p)}` },
  { kind: "hash:net,port", dimensions: 2, create: plain, element: (d, p) => `${network(d, p)},${port(d, p)}` },
  { kind: "hash:ip,port,ip", dimensions: 3, create: plain, element: (d, p) => `${address(d, p)},${port(d, p)},${address(d, p)}` },
  { kind: "hash:ip,port,net", dimensions: 3, create: plain, element: (d, p) => `${address(d, p)},${port(d, p)},${network(d, p)}` },
  {
    kind: "hash:net,iface",
    dimensions: 2,
    create: plain,
    element: (d, p) => `${network(d, p)},${d.chance(6) ? "physdev:" : ""}${d.chance(5) ? "eth wildcard" : device(d, p)}`,
  },
  {
    kind: "bitmap:ip",
    dimensions: 1,
    create: (d) => d.pick([" range 10.0.0.0/16", " range 10.1.0.0/24", " range 10.0.0.0/8 netmask 24"]),
    element: address,
  },
  {
    kind: "bitmap:ip,mac",
    dimensions: 2,
    create: () => " range 10.1.0.0/16",
    element: (d, p) => `${address(d, p)}${d.chance(3) ? "" : `,${mac(d, p)}`}`,
  },
  { kind: "bitmap:port", dimensions: 1, create: () => " range 0-65535", element: (d) => String(d.pick(PORTS)) },
];

/** Options that every type has, in the order of `ipset save`. */
function extensions(dice: Dice, hash: boolean): string {
  const one = (oneIn: number, words: string) => (dice.chance(oneIn) ? ` ${words}` : "");
  return `${hash ? one(12, "maxelem 3") : ""}${one(4, `timeout ${dice.pick([0, 600])}`)}${one(3, "counters")}${one(4, "skbinfo")}`;
}

function memberOptions(dice: Dice, element: string, create: string): string {
  const words: string[] = [];
  if (create.startsWith("hash:net") && !element.includes("0.0.0.0/0") && dice.chance(6)) words.push("nomatch");
  if (create.includes(" timeout ") && dice.chance(2)) words.push(`timeout ${dice.pick([0, 300])}`);
  if (create.includes(" counters") && dice.chance(2)) words.push(`packets ${dice.integer(0, 3)} bytes ${dice.integer(0, 200)}`);
  if (create.includes(" skbinfo") && dice.chance(2))
    words.push(`skbmark ${dice.pick(["0x1", "0x11/0xff", "0xf0/0xf0"])}${dice.chance(2) ? " skbprio 1:10" : ""}`);
  return words.map((word) => ` ${word}`).join("");
}

/** A few sets of random types with members that traffic may have, and at times a list of them; members that the kernel refuses are left out. */
export function drawSets(dice: Dice, pools: Pools, family: Family): SetPlan[] {
  const kinds = family === 4 ? KINDS : KINDS.filter(({ kind }) => !kind.startsWith("bitmap:ip"));
  const sets = dice.some(6, kinds).map((kind, i): SetPlan => {
    const name = `s${i}`;
    const isHash = kind.kind.startsWith("hash");
    const create = `${kind.kind}${family === 6 && isHash ? " family inet6" : ""}${kind.create(dice, family)}${extensions(dice, isHash)}`;
    const elements = new Set(Array.from({ length: dice.integer(0, 6) }, () => kind.element(dice, pools)));
    const fitting = [...elements].filter((element) => !kind.kind.startsWith("bitmap:ip") || inRange(element, create));
    const kept = create.includes("maxelem") ? fitting.slice(0, 3) : fitting;
    return {
      name,
      kind: kind.kind,
      dimensions: kind.dimensions,
      family,
      lines: [`create ${name} ${create}`, ...kept.map((element) => `add ${name} ${element}${memberOptions(dice, element, create)} -exist`)],
    };
  });
  if (sets.length < 2 || !dice.chance(3)) return sets;
  const members = dice.some(2, sets);
  const options = `${dice.chance(3) ? " counters" : ""}${dice.chance(6) ? " timeout 600" : ""}`;
  const lines = [`create l0 list:set size 8${options}`, ...members.map(({ name }) => `add l0 ${name}`)];
  return [...sets, { name: "l0", kind: "list:set", dimensions: Math.max(...members.map((set) => set.dimensions), 1), family, lines }];
}

/** Whether a bitmap of addresses can hold an element. */
function inRange(element: string, create: string): boolean {
  const prefix = create.includes("10.0.0.0/8")
    ? "10."
    : create.includes("10.0.0.0/16")
      ? "10.0."
      : create.includes("10.1.0.0/24")
        ? "10.1.0."
        : "10.1.";
  return element.startsWith(prefix);
}
