import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

const HEAD = "nettrace contains these packages, under their own licences.\n";

/** The folders of the packages that files come from. */
function packageFolders(files) {
  const found = files.map((file) => /^.*[/\\]node_modules[/\\](?:@[^/\\]+[/\\])?[^/\\]+/.exec(file)?.[0]);
  return [...new Set(found.filter((folder) => folder !== undefined))];
}

function licenceTexts(folder) {
  const names = readdirSync(folder).filter((name) => /^(licen[cs]e|notice|copying)/i.test(name));
  return names.sort().map((name) => readFileSync(join(folder, name), "utf8").trim());
}

/** The names, versions and licences of the packages that bundled files come from. */
export function thirdParty(files) {
  const about = packageFolders(files).map((folder) => {
    const { name, version, license } = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
    if (!license) throw new Error(`${name} ${version} does not say under which licence it is`);
    return [`${name} ${version} (${license})`, ...licenceTexts(folder)].join("\n\n");
  });
  return [HEAD, ...about.sort()].join(`\n${"-".repeat(80)}\n\n`).concat("\n");
}
