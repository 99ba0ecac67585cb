import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join, normalize } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";

const ROOT = fileURLToPath(new URL("..", import.meta.url));
const read = (path: string) => readFileSync(join(ROOT, path), "utf8");
const pagesIn = (folder: string) =>
  readdirSync(join(ROOT, folder), { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".md"))
    .map((name) => `${folder}/${name}`);

const PAGES = ["README.md", "CHANGELOG.md", "ARCHITECTURE.md", "CONTRIBUTING.md", ...pagesIn("docs"), ...pagesIn("samples")];

interface Manifest {
  readonly commands: Readonly<
    Record<string, { readonly flags: Readonly<Record<string, { allowNo?: boolean; aliases?: readonly string[] }>> }>
  >;
}

/** The part of an address that a heading has on a web page of the repository. */
function anchorOf(heading: string): string {
  return heading
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N}\-_ ]/gu, "")
    .replaceAll(" ", "-");
}

it("links lead to files that are there, and to headings of theirs", () => {
  const dead: string[] = [];
  let links = 0;
  for (const page of PAGES) {
    const prose = read(page).replaceAll(/```[\s\S]*?```/g, "");
    for (const [, link = ""] of prose.matchAll(/\]\(([^)\s]+)\)/g)) {
      if (/^https?:/.test(link)) continue;
      links++;
      const [path = "", anchor] = link.split("#");
      const file = path === "" ? page : normalize(join(dirname(page), path));
      if (!existsSync(join(ROOT, file))) dead.push(`${page}: ${link}`);
      else if (anchor !== undefined) {
        const headings = [...read(file).matchAll(/^#+ (.*)$/gm)].map(([, heading = ""]) => anchorOf(heading));
        if (!headings.includes(anchor)) dead.push(`${page}: ${link}`);
      }
    }
  }
  expect(links).toBeGreaterThan(100);
  expect(dead).toEqual([]);
});

it("commands that are shown have the flags that they are shown with", () => {
  const { commands } = JSON.parse(read("oclif.manifest.json")) as Manifest;
  const wrong: string[] = [];
  let flags = 0;
  for (const page of PAGES) {
    for (const [shown, name = "", rest = ""] of read(page).matchAll(/\bnettrace ([a-z]+)\b([^\n`]*)/g)) {
      const command = commands[name];
      if (!command) continue;
      const known = Object.entries(command.flags).flatMap(([flag, { allowNo, aliases = [] }]) => [
        flag,
        ...aliases,
        ...(allowNo ? [`no-${flag}`] : []),
      ]);
      for (const [, flag = ""] of rest.matchAll(/(?<![\w-])--([a-z][a-z0-9-]*)/g)) {
        flags++;
        if (!known.includes(flag)) wrong.push(`${page}: ${shown}`);
      }
    }
  }
  expect(flags).toBeGreaterThan(50);
  expect(wrong).toEqual([]);
});

it("the package has what its README and the help of its commands lead to", () => {
  const { files } = JSON.parse(read("package.json")) as { readonly files: readonly string[] };
  const isIn = (path: string) => files.some((file) => path === file || path.startsWith(`${file}/`));
  const linked = [...read("README.md").matchAll(/\]\(([^)\s#]+)[^)]*\)/g)].flatMap(([, link = ""]) =>
    link.startsWith("http") ? [] : [link],
  );
  const named = [...read("oclif.manifest.json").matchAll(/docs\/[\w/-]+\.md/g)].map(([path]) => path);
  expect(named.length).toBeGreaterThan(0);
  const missing = [...linked, ...named].filter((path) => !isIn(path));
  expect(missing).toEqual([]);
});
