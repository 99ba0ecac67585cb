/** V8 takes 25 ms to read this pattern of string-width, and few runs print an emoji. */
const EMOJI = /\/\^\\p\{RGI_Emoji\}\$\/v(?=;)/;
/** Each emoji has one of these: one that is shown as such by itself, or what makes one of several characters (Unicode Technical Standard 51, ED-20 to ED-27). */
const SIGN = "/[\\p{Emoji_Presentation}\\u{FE0F}\\u{200D}\\u{1F1E6}-\\u{1F1FF}\\u{1F3FB}-\\u{1F3FF}]/u";
const LATE_EMOJI = `{ test(text) { return ${SIGN}.test(text) && (this.made ??= new RegExp("^\\\\p{RGI_Emoji}$", "v")).test(text); } }`;

/** Making one of these takes 10 ms, and of plain ASCII each character is a segment. */
const SEGMENTER = "new Intl.Segmenter()";
const LATE_SEGMENTER =
  "{ segment(text) { return /^[ -~]*$/.test(text) ? Array.from(text, (segment) => ({ segment })) : (this.made ??= new Intl.Segmenter()).segment(text); } }";

/** The first comparison by the rules of a language takes 10 ms; the names of commands are plain letters. */
const BY_LANGUAGE = "a.id.localeCompare(b.id)";
const BY_LETTER = "(a.id < b.id ? -1 : 1)";

/** Only Node's own modules may import; commands of ours are CommonJS, and those of oclif's plugins can be required all the same. */
const IMPORT = "await import((0, node_url_1.pathToFileURL)(filePath).href)";
const REQUIRE = "require(filePath)";

/** Takes out of packages what each start would pay for and few runs need. */
export const LATE_PARTS = [
  {
    name: "late-emoji",
    transform: {
      filter: { id: /\/string-width\// },
      handler: (code) => code.replace(EMOJI, () => LATE_EMOJI),
    },
  },
  {
    name: "late-segmenter",
    transform: {
      filter: { id: /\/(string-width|wrap-ansi)\// },
      handler: (code) => code.replace(SEGMENTER, LATE_SEGMENTER),
    },
  },
  {
    name: "no-collation",
    transform: {
      filter: { id: /\/@oclif\/core\/lib\/config\/plugin\.js$/ },
      handler: (code) => code.replace(BY_LANGUAGE, BY_LETTER),
    },
  },
  {
    name: "no-import",
    transform: {
      filter: { id: /\/@oclif\/core\/lib\/module-loader\.js$/ },
      handler: (code) => code.replaceAll(IMPORT, REQUIRE),
    },
  },
];
