import { word } from "../codecs.ts";
import { invert, says } from "../condition.ts";
import { type Draw, not } from "../draw.ts";
import { packetOctets, unsignedAt } from "../packet-octets.ts";
import { type MatchResult, match, type PacketContext } from "../spec.ts";
import { parseU32, saveU32, type U32Test } from "../u32-tests.ts";

const TESTS = word("tests like 6&0xFF=6&&0>>22&0x3C@0=1:5", parseU32, (tests) => `"${saveU32(tests)}"`);

/** xt_u32.c, u32_match_it: octets from the IP header on; whoever reads behind the packet's end does not match. */
function testMatches({ start, steps, values }: U32Test, { packet }: PacketContext): MatchResult {
  const octets = packetOctets(packet);
  const { length } = packet;
  const unseen: MatchResult = { unknown: "the packet's data, which was not captured" };
  if (length < 4 || start > length - 4) return false;
  let value = unsignedAt(octets, start, 4);
  let from = 0;
  for (const { operator, number } of steps) {
    if (value === undefined) return unseen;
    if (operator === "&") value = (value & number) >>> 0;
    else if (operator === "<<") value = (value << number) >>> 0;
    else if (operator === ">>") value >>>= number;
    else {
      from += value;
      if (length < from + 4 || number > length - from - 4) return false;
      value = unsignedAt(octets, from + number, 4);
    }
  }
  if (value === undefined) return unseen;
  const found = value;
  return values.some(([low, high]) => low <= found && found <= high);
}

function u32Match(tests: readonly U32Test[], context: PacketContext): MatchResult {
  for (const test of tests) {
    const result = testMatches(test, context);
    if (result !== true) return result;
  }
  return true;
}

const hex = (number: number) => `0x${number.toString(16)}`;

function drawTest(d: Draw): string {
  const v4 = d.family === 4;
  const port = d.port("dst");
  const transport = v4 ? "0x0>>0x16&0x3c@" : "";
  const at = (offset: number) => (v4 ? hex(offset) : hex(offset + 40));
  const tests = [
    v4 ? `0x6&0xff=${hex(d.pick([1, 6, 17]))}` : `0x3&0xff00=${hex(d.pick([6, 17, 58]))}00`,
    `${transport}${at(0)}&0xffff=${hex(port)},${hex(port + 1)}:${hex(65_535)}`,
    `${transport}${at(0)}>>0x10=${hex(d.port("src"))}:${hex(d.port("src"))}`,
    v4 ? `0x0>>0x10&0xff=${hex(d.integer(0, 255))}` : `0x0>>0x14&0xff=${hex(d.integer(0, 255))}`,
    `${v4 ? "0x0&0xffff" : "0x4>>0x10"}=${hex(d.integer(0, 60))}:${hex(d.integer(60, 1500))}`,
    `0x${v4 ? 8 : 4}${v4 ? ">>0x18" : "&0xff"}=${hex(d.integer(1, 64))}:0x40`,
    `${hex(d.integer(0, 80))}<<${hex(d.integer(0, 31))}=0x0:0x7fffffff`,
  ];
  return d.pick(tests);
}

const u32 = match({
  name: "u32",
  options: { tests: { flag: "--u32", codec: TESTS, negatable: true, required: true } },
  explain: (args) => says(args.tests, (tests) => `octets of the packet: ${saveU32(tests)}`).join(""),
  compile: (args) => (context) => (args.tests ? invert(u32Match(args.tests.value, context), args.tests.not) : false),
  draw: (d) => {
    const tests = saveU32(parseU32(Array.from({ length: d.integer(1, 3) }, () => drawTest(d)).join("&&")) ?? []);
    return `-m u32 ${not(d)}--u32 "${tests}"`;
  },
  doc: "Any four octets of the packet, masked, shifted and held against ranges.",
  examples: [
    {
      rule: '-m u32 --u32 "6 & 0xFF = 6 && 0 >> 22 & 0x3C @ 0 >> 16 = 80,443:445"',
      saved: '-m u32 --u32 "0x6&0xff=0x6&&0x0>>0x16&0x3c@0x0>>0x10=0x50,0x1bb:0x1bd"',
      says: "octets of the packet: 0x6&0xff=0x6&&0x0>>0x16&0x3c@0x0>>0x10=0x50,0x1bb:0x1bd",
    },
    { rule: '-m u32 ! --u32 "0x0=0x0"', says: "not octets of the packet: 0x0=0x0" },
  ],
});

export const specs = [u32];
