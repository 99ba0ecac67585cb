import type { Family } from "../../model/address.ts";
import { hex, hexNumber, number, PREFIX_LENGTH, word } from "../codecs.ts";
import { type Draw, maybe } from "../draw.ts";
import { type HashedParts, hashedMark } from "../hashed-mark.ts";
import { type Args, target } from "../spec.ts";

const TUPLE = ["ct", "src", "dst", "sport", "dport", "proto", "spi"] as const;
type Part = (typeof TUPLE)[number];

/** Names may be cut short: the first one that begins so counts. */
const PARTS = word<readonly Part[]>(
  `a list of ${TUPLE.join(", ")}`,
  (text) => {
    const given = text.split(",").map((part) => (part === "" ? undefined : TUPLE.find((name) => name.startsWith(part.toLowerCase()))));
    return given.includes(undefined) ? undefined : TUPLE.filter((name) => given.includes(name));
  },
  (parts) => parts.join(","),
);

const HALF = hexNumber(0xffff, 4);
const WHOLE = hexNumber(0xffffffff, 8);

const options = {
  srcPrefix: { flag: "--hmark-src-prefix", codec: PREFIX_LENGTH },
  dstPrefix: { flag: "--hmark-dst-prefix", codec: PREFIX_LENGTH },
  sportMask: { flag: "--hmark-sport-mask", codec: HALF },
  dportMask: { flag: "--hmark-dport-mask", codec: HALF },
  spiMask: { flag: "--hmark-spi-mask", codec: WHOLE },
  sport: { flag: "--hmark-sport", codec: HALF },
  dport: { flag: "--hmark-dport", codec: HALF },
  spi: { flag: "--hmark-spi", codec: WHOLE },
  protoMask: { flag: "--hmark-proto-mask", codec: hexNumber(0xffff, 2) },
  rnd: { flag: "--hmark-rnd", codec: WHOLE, required: true },
  mod: { flag: "--hmark-mod", codec: number(1, 0xffffffff), required: true },
  offset: { flag: "--hmark-offset", codec: number(0, 0xffffffff) },
  tuple: { flag: "--hmark-tuple", codec: PARTS },
} as const;

type HmarkArgs = Args<typeof options>;

function canonical(args: HmarkArgs, family: Family): HmarkArgs {
  const bits = family === 4 ? 32 : 128;
  const parts = args.tuple?.value ?? [];
  const all = <T>(part: Part, value: T, given: { value: T; not: boolean } | undefined) =>
    parts.includes(part) ? { value, not: false } : given;
  const prefix = (part: Part, given: HmarkArgs["srcPrefix"]) =>
    all(part, bits, given && { value: Math.min(given.value, bits), not: false });
  return {
    ...args,
    srcPrefix: prefix("src", args.srcPrefix),
    dstPrefix: prefix("dst", args.dstPrefix),
    sportMask: all("sport", 0xffff, args.sportMask),
    dportMask: all("dport", 0xffff, args.dportMask),
    spiMask: all("spi", 0xffffffff, args.spiMask),
    protoMask: all("proto", 0xffff, args.protoMask),
    tuple: parts.includes("ct") ? { value: ["ct"], not: false } : undefined,
  };
}

function check(args: HmarkArgs): string | undefined {
  const { srcPrefix, dstPrefix, sportMask, dportMask, spiMask, sport, dport, spi, protoMask, tuple } = canonical(args, 4);
  if (spiMask && (sportMask || dportMask)) return "--hmark-spi-mask cannot stand with masks of ports";
  if (spi && (sport || dport)) return "--hmark-spi cannot stand with ports";
  const said = [srcPrefix, dstPrefix, sportMask, dportMask, spiMask, sport, dport, spi, protoMask, tuple];
  return said.some((option) => option) ? undefined : "--hmark-tuple must say what goes into the hash";
}

/** The masks as the kernel keeps them; those of ports lie over that of the SPI. */
function partsOf(args: HmarkArgs): HashedParts {
  const ports = (whole: HmarkArgs["spi"], first: HmarkArgs["sport"], second: HmarkArgs["dport"]) =>
    (whole?.value ?? 0) + (first?.value ?? 0) * 0x10000 + (second?.value ?? 0);
  return {
    srcPrefix: args.srcPrefix?.value ?? 0,
    dstPrefix: args.dstPrefix?.value ?? 0,
    portMask: ports(args.spiMask, args.sportMask, args.dportMask),
    portSet: ports(args.spi, args.sport, args.dport),
    protocolMask: args.protoMask?.value ?? 0,
    seed: args.rnd?.value ?? 0,
    modulus: args.mod?.value ?? 1,
    offset: args.offset?.value ?? 0,
    ofConnection: args.tuple !== undefined,
  };
}

function explain(args: HmarkArgs): string {
  const low = args.offset?.value ?? 0;
  return `set the mark to one of ${low} to ${low + (args.mod?.value ?? 1) - 1} by a hash of ${args.tuple?.value.includes("ct") ? "the connection" : "the packet"}`;
}

function drawHmark(d: Draw): string {
  const bits = d.family === 4 ? 32 : 128;
  const prefix = () => d.pick([bits, bits, bits - 8, 0]);
  const addresses = `${maybe(d, 2, `--hmark-src-prefix ${prefix()}`)}${maybe(d, 2, `--hmark-dst-prefix ${prefix()}`)}`;
  const half = () => hex(d.pick([0xffff, 0xff, 0, d.port("dst")]), 4);
  const ports = `${maybe(d, 2, `--hmark-sport-mask ${half()}`)}${maybe(d, 2, `--hmark-dport-mask ${half()}`)}${maybe(d, 6, `--hmark-sport ${half()}`)}${maybe(d, 6, `--hmark-dport ${half()}`)}`;
  const spi = ` --hmark-spi-mask ${hex(d.pick([0xffffffff, 0xff00ff]), 8)}${maybe(d, 6, "--hmark-spi 0x00000005")}`;
  const protocol = ` --hmark-proto-mask ${d.pick(["0xffff", "0xff", "0x00"])}`;
  const into = `--hmark-rnd ${hex(d.integer(0, 0xffffffff), 8)} --hmark-mod ${d.pick([1, 2, 3, 10, 0xffffffff])}${maybe(d, 2, `--hmark-offset ${d.pick([0, 1, 16])}`)}`;
  return `-j HMARK${addresses}${d.chance(6) ? spi : ports}${protocol} ${into}${maybe(d, 4, "--hmark-tuple ct")}`;
}

const hmark = target({
  name: "HMARK",
  does: "something",
  options,
  canonical,
  check,
  explain,
  compile: (given) => {
    const by = { 4: partsOf(canonical(given, 4)), 6: partsOf(canonical(given, 6)) };
    return (context) => hashedMark(by[context.family], context);
  },
  draw: drawHmark,
  doc: "Sets the mark by a hash of addresses, ports and protocol.",
  examples: [
    {
      rule: "-j HMARK --hmark-tuple src,dst,proto --hmark-mod 10 --hmark-rnd 0xfeedcafe --hmark-offset 100",
      saved:
        "-j HMARK --hmark-src-prefix 32 --hmark-dst-prefix 32 --hmark-proto-mask 0xffff --hmark-rnd 0xfeedcafe --hmark-mod 10 --hmark-offset 100",
      says: "set the mark to one of 100 to 109 by a hash of the packet",
    },
    {
      rule: "-j HMARK --hmark-tuple ct,sp,dp --hmark-mod 2 --hmark-rnd 1",
      saved: "-j HMARK --hmark-sport-mask 0xffff --hmark-dport-mask 0xffff --hmark-rnd 0x00000001 --hmark-mod 2 --hmark-tuple ct",
      says: "set the mark to one of 0 to 1 by a hash of the connection",
    },
    {
      rule: "-j HMARK --hmark-src-prefix 24 --hmark-spi-mask 0x0000ffff --hmark-spi 0x00010000 --hmark-rnd 0x00000000 --hmark-mod 4",
      says: "set the mark to one of 0 to 3 by a hash of the packet",
    },
  ],
});

export const specs = [hmark];
