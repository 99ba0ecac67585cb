import { rolldown } from "rolldown";

/**
 * Bundles TypeScript and the packages that it uses into a folder: `entries` are source files by the name that each gets there, without its
 * ending. What entries have in common, and what is imported only when it is needed, goes to files of their own. Gives back the sources.
 */
export async function bundle(entries, folder) {
  const build = await rolldown({
    input: entries,
    platform: "node",
    // Grammars are checked for mistakes by the tests, not in each run.
    transform: { define: { "process.env.NODE_ENV": '"production"' } },
    plugins: [lateEmoji],
  });
  const { output } = await build.write({
    dir: folder,
    format: "esm",
    entryFileNames: "[name].js",
    chunkFileNames: "parts/[name]-[hash].js",
    // Names stay: profiles and stack traces are read by people.
    minify: false,
    comments: { legal: true, annotation: false, jsdoc: false },
  });
  await build.close();
  return output.flatMap((file) => (file.type === "chunk" ? file.moduleIds : []));
}

/** V8 takes 20 ms to read this pattern (of string-width), and does so when the module is loaded, though few runs print an emoji. */
const EMOJI = /\/\^\\p\{RGI_Emoji\}\$\/v(?=;)/;

/** Makes the pattern when it is first used. */
const lateEmoji = {
  name: "late-emoji",
  transform: {
    filter: { id: /string-width/ },
    handler: (code) =>
      code.replace(EMOJI, () => '{ test(text) { this.made ??= new RegExp("^\\\\p{RGI_Emoji}$", "v"); return this.made.test(text); } }'),
  },
};
