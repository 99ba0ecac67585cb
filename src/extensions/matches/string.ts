import { choice, FLAG, number, quote, word } from "../codecs.ts";
import { invert, says } from "../condition.ts";
import { type Draw, not } from "../draw.ts";
import { searchPacket } from "../packet-search.ts";
import { type Args, match } from "../spec.ts";

const MAX_PATTERN = 128;
const END = 65_535;

type Pattern = readonly number[];

function latin(text: string): Pattern | undefined {
  const octets = [...Buffer.from(text, "utf8")];
  return octets.length > 0 && octets.length <= MAX_PATTERN ? octets : undefined;
}

/** Text with parts in hexadecimal between bars (libxt_string.c, parse_hex_string). */
function parseHex(text: string): Pattern | undefined {
  const octets: number[] = [];
  let rest = text;
  while (rest !== "") {
    const bars = /^\|((?:\s*[0-9a-fA-F]{2})+\s*)\|/.exec(rest);
    if (bars) {
      octets.push(...(bars[1]?.match(/[0-9a-fA-F]{2}/g) ?? []).map((pair) => Number.parseInt(pair, 16)));
      rest = rest.slice(bars[0].length);
    } else {
      const plain = /^(?:\\(.)|([^|]))/s.exec(rest);
      const part = plain?.[1] ?? plain?.[2];
      if (plain === null || part === undefined) return undefined;
      octets.push(...Buffer.from(part, "utf8"));
      rest = rest.slice(plain[0].length);
    }
  }
  return octets.length > 0 && octets.length <= MAX_PATTERN ? octets : undefined;
}

function isHex(octets: Pattern): boolean {
  return octets.some((octet) => octet < 0x20 || octet > 0x7e) || octets.at(-1) === 0x5c;
}

function save(octets: Pattern): string {
  if (isHex(octets)) return `"|${Buffer.from(octets).toString("hex")}|"`;
  return `"${Buffer.from(octets).toString("latin1").replace(/["\\]/g, "\\$&")}"`;
}

const options = {
  string: { flag: "--string", codec: word<Pattern>(`text of 1 to ${MAX_PATTERN} octets`, latin, save), negatable: true },
  hexString: {
    flag: "--hex-string",
    codec: word<Pattern>(
      "text with hexadecimal octets between bars: |0a0d|",
      parseHex,
      (octets) => `"|${Buffer.from(octets).toString("hex")}|"`,
    ),
    negatable: true,
  },
  algo: { flag: "--algo", codec: choice(["bm", "kmp"], true), required: true },
  from: { flag: "--from", codec: number(0, END) },
  to: { flag: "--to", codec: number(0, END) },
  icase: { flag: "--icase", codec: FLAG },
} as const;

function canonical(args: Args<typeof options>): Args<typeof options> {
  const pattern = args.string ?? args.hexString;
  return {
    ...args,
    string: pattern && !isHex(pattern.value) ? pattern : undefined,
    hexString: pattern && isHex(pattern.value) ? pattern : undefined,
    from: args.from?.value === 0 ? undefined : args.from,
    to: args.to?.value === END ? undefined : args.to,
  };
}

/** xt_string.c, string_mt: the search begins with the IP header. */
function drawPattern(d: Draw): string {
  const texts = ["a", "GET", "get /", "hello", 'a"b\\\\c', "x".repeat(MAX_PATTERN)];
  if (d.chance(2)) return `--string ${save([...Buffer.from(d.pick(texts))])}`;
  const port = d.port("dst");
  const octets = d.pick<Pattern>([[0], [0, 0], [port >> 8, port & 0xff], [0x45, 0], [0x0d, 0x0a], Array(MAX_PATTERN - 1).fill(0xff)]);
  return `--hex-string "|${Buffer.from(octets).toString("hex")}|"`;
}

const string = match({
  name: "string",
  options,
  canonical,
  check: (args) => {
    if (args.string && args.hexString) return "string takes --string or --hex-string, not both";
    if (!args.string && !args.hexString) return "string needs --string or --hex-string";
    return (args.to?.value ?? END) < (args.from?.value ?? 0) ? "--to must not be below --from" : undefined;
  },
  explain: (args) => {
    const place = args.from || args.to ? ` in octets ${args.from?.value ?? 0} to ${args.to?.value ?? END}` : "";
    const pattern = args.string ?? args.hexString;
    return says(
      pattern,
      (octets) => `contains ${isHex(octets) ? save(octets).slice(1, -1) : quote(Buffer.from(octets).toString("latin1"))}${place}`,
    ).join("");
  },
  compile: (args) => {
    const pattern = args.string ?? args.hexString;
    const asked = {
      pattern: pattern?.value ?? [],
      from: args.from?.value ?? 0,
      to: args.to?.value ?? END,
      anyCase: args.icase !== undefined,
    };
    return ({ packet }) => invert(searchPacket(packet, asked), pattern?.not === true);
  },
  draw: (d) => {
    const place = d.pick(["", "", " --from 20", " --to 40", " --from 20 --to 60", ` --from ${d.integer(1, 100)}`]);
    return `-m string ${not(d)}${drawPattern(d)} --algo ${d.pick(["bm", "kmp"])}${place}${d.chance(4) ? " --icase" : ""}`;
  },
  doc: "A string anywhere in the packet, headers included.",
  examples: [
    { rule: '-m string --algo bm --string "a test"', saved: '-m string --string "a test" --algo bm', says: 'contains "a test"' },
    {
      rule: '-m string ! --hex-string "|0a 0d|" --algo kmp --from 20',
      saved: '-m string ! --hex-string "|0a0d|" --algo kmp --from 20',
      says: "not contains |0a0d| in octets 20 to 65535",
    },
  ],
});

export const specs = [string];
