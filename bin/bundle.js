import { rolldown } from "rolldown";
import { LATE_PARTS } from "./late.js";

/**
 * Bundles TypeScript and the packages that it uses into a folder: `entries` are source files by the name that each gets there, without its
 * ending, which is `.js` for ES modules and `.cjs` for CommonJS. What entries have in common, and what is imported only when it is needed, goes
 * to files of their own. Gives back the sources.
 */
export async function bundle(entries, folder, format = "esm") {
  const ending = format === "esm" ? "js" : "cjs";
  const build = await rolldown({
    input: entries,
    platform: "node",
    // Grammars are checked for mistakes by the tests, not in each run.
    transform: { define: { "process.env.NODE_ENV": '"production"' } },
    plugins: LATE_PARTS,
  });
  const { output } = await build.write({
    dir: folder,
    format,
    strict: true,
    entryFileNames: `[name].${ending}`,
    chunkFileNames: `parts/[name]-[hash].${ending}`,
    // Names stay: profiles and stack traces are read by people.
    minify: false,
    comments: { legal: true, annotation: false, jsdoc: false },
  });
  await build.close();
  return output.flatMap((file) => (file.type === "chunk" ? file.moduleIds : []));
}
