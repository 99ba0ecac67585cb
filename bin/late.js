/** V8 takes 20 ms to read this pattern of string-width, as soon as the module is loaded, and few runs print an emoji. */
const EMOJI = /\/\^\\p\{RGI_Emoji\}\$\/v(?=;)/;
const LATE_EMOJI = '{ test(text) { this.made ??= new RegExp("^\\\\p{RGI_Emoji}$", "v"); return this.made.test(text); } }';

/** Parts of packages that take time to load are loaded when they are first used: most runs never do. */
export const LATE_PARTS = [
  {
    name: "late-emoji",
    transform: {
      filter: { id: /\/string-width\// },
      handler: (code) => code.replace(EMOJI, () => LATE_EMOJI),
    },
  },
];
