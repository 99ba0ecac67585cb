import fc from "fast-check";

/** One change of a text; places and lengths are taken modulo what there is. */
interface Edit {
  readonly kind: (typeof KINDS)[number];
  readonly at: number;
  readonly length: number;
  readonly piece: string;
  readonly times: number;
}

const KINDS = [
  ...([
    "cut",
    "insert",
    "overwrite",
    "word",
    "flip",
    "nest",
    "repeat-word",
    "repeat-line",
    "cut-line",
    "join-lines",
    "split-line",
  ] as const),
  ...(["swap-lines", "end", "crlf", "cr", "mark", "utf-16", "latin-1", "lines"] as const),
];

const PIECES = [
  ...["\n", "\r\n", "\r", "\t", " ", "\0", "\u00a0", "\u2028", "\ufeff", "\ufffd", "\ud800", "\u{1f600}", "\u00e9", '"', "'", "\\", "\\\t"],
  ...[
    "\\    ",
    '\\"',
    "!",
    "! ",
    "[",
    "]",
    "{",
    "}",
    "(",
    ")",
    "<",
    ">",
    ":",
    "::",
    ",",
    "=",
    "/",
    "-",
    "--",
    "*",
    "#",
    "%",
    ".",
    "@",
    "+",
  ],
  ...[
    "-1",
    "0",
    "00",
    "0x",
    "0xffffffffffffffff",
    "07",
    "1.5",
    "256",
    "65535",
    "65536",
    "4294967295",
    "4294967296",
    "18446744073709551616",
  ],
  ...["1e9", "1e999", "NaN", "null", "true", "[]", "{}", "__proto__", "constructor", "toString", "hasOwnProperty", "default", "any", "all"],
  ...["0.0.0.0/0", "::/0", "255.255.255.255", "1.2.3", "1.2.3.4/33", "1.2.3.4/255.0.255.0", "::1/129", "fe80::1%eth0", "::ffff:1.2.3.4"],
  ...["ff:ff:ff:ff:ff:ff", "a".repeat(300), "9".repeat(400), "COMMIT", "\n*filter\n", "-A INPUT", "-j", "-m", "-p", "--dport", "-c 1 2"],
];
/** Repeating what was repeated would soon fill the memory. */
const LONGEST = 60_000;
const OPENING = ["[", "{", '{"a":', '[{"a":', "(", "<", '"', "! ", "-m tcp ", "\\\t", "link/ether ", "nexthop "];

/** Texts that have been changed in one to six places: octets flipped, lines cut, joined and repeated, deep nesting, other encodings. */
export function damaged(bases: readonly string[]): fc.Arbitrary<string> {
  const words = [...new Set(bases.flatMap((base) => base.match(/[^\s"]+/g) ?? []))];
  const piece = fc.oneof(fc.constantFrom(...PIECES), fc.constantFrom(...(words.length > 0 ? words : ["x"])), fc.string({ maxLength: 4 }));
  const edit: fc.Arbitrary<Edit> = fc.record({
    kind: fc.constantFrom(...KINDS),
    at: fc.nat(),
    length: fc.nat({ max: 24 }),
    piece,
    times: fc.constantFrom(1, 2, 3, 20, 700),
  });
  return fc
    .tuple(fc.constantFrom(...bases), fc.array(edit, { maxLength: 6 }))
    .map(([base, edits]) => edits.reduce((text, one) => changed(text, one, bases).slice(0, LONGEST), base));
}

function changed(text: string, { kind, at, length, piece, times }: Edit, bases: readonly string[]): string {
  const start = at % (text.length + 1);
  const put = (what: string, instead = 0) => text.slice(0, start) + what + text.slice(start + instead);
  const lines = text.split("\n");
  const line = at % lines.length;
  const withLines = (instead: number, ...what: readonly string[]) => lines.toSpliced(line, instead, ...what).join("\n");
  switch (kind) {
    case "cut":
      return put("", length);
    case "insert":
      return put(piece);
    case "overwrite":
      return put(piece, piece.length);
    case "word":
    case "repeat-word": {
      let from = start;
      while (from > 0 && text.charCodeAt(from - 1) > 32) from--;
      const word = /^\S*\s*/.exec(text.slice(from))?.[0] ?? "";
      return text.slice(0, from) + (kind === "word" ? `${piece} ` : word.repeat(times)) + text.slice(from + word.length);
    }
    case "flip": {
      const octets = Buffer.from(text);
      const place = at % Math.max(octets.length, 1);
      if (octets.length > 0) octets[place] = (octets[place] ?? 0) ^ (1 << (length % 8));
      return octets.toString();
    }
    case "nest":
      return put((OPENING[length % OPENING.length] ?? "").repeat(times * 3));
    case "repeat-line":
      return withLines(0, ...Array.from({ length: times }, () => lines[line] ?? ""));
    case "cut-line":
      return withLines(1 + (length % 3));
    case "join-lines":
      return withLines(2, lines.slice(line, line + 2).join(length % 2 ? " " : ""));
    case "split-line":
      return put("\n");
    case "swap-lines":
      return withLines(2, ...lines.slice(line, line + 2).toReversed());
    case "end":
      return text.slice(0, start);
    case "crlf":
      return text.replaceAll("\n", "\r\n");
    case "cr":
      return text.replaceAll("\n", "\r");
    case "mark":
      return `\ufeff${text}`;
    case "utf-16":
      return Buffer.from(text, "utf16le").toString();
    case "latin-1":
      return Buffer.from(put("\u00e4\u00f6\u00fc\u00df"), "latin1").toString();
    case "lines": {
      const other = (bases[length % bases.length] ?? "").split("\n");
      const from = at % other.length;
      return withLines(0, ...other.slice(from, from + 1 + (length % 8)));
    }
  }
}
