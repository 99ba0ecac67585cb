import { readdirSync, readFileSync } from "node:fs";
import { basename } from "node:path";
import { fileURLToPath } from "node:url";
import { unpackSnapshot } from "../../src/parse/archive.ts";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
const PIECE = 3000;
const SNAPSHOTS = 12;
const RULES_IN_ONE = 6;

interface RecordedRule {
  readonly family: 4 | 6;
  readonly table: string;
  readonly chain: string;
  readonly rule: string;
}

/** The texts that mutations start from, by the name of the file that holds such a text in a snapshot, without `.txt` or `.json`. */
export async function corpus(): Promise<ReadonlyMap<string, readonly string[]>> {
  const texts = new Map<string, Set<string>>();
  const add = (name: string, text: string) => {
    const kind = kindOf(name);
    const known = texts.get(kind) ?? new Set();
    texts.set(kind, known);
    for (const piece of pieces(text)) known.add(piece);
  };
  for (const file of [...filesBelow("samples").filter((name) => name.includes("/netns/")), ...filesBelow("test/parse/iproute2")]) {
    add(basename(file), readFileSync(file, "utf8"));
  }
  for (const file of filesBelow("test/recordings/tcpdump").filter((name) => name.endsWith(".txt")))
    add("tcpdump.txt", readFileSync(file, "utf8"));
  for (const [name, text] of await recordedFiles()) add(name, text);
  for (const { family, text } of recordedRules()) add(family === 4 ? "iptables-save" : "ip6tables-save", text);
  return new Map([...texts].map(([kind, found]) => [kind, [...found]]));
}

/** The files below a folder of the project, in order. */
export function filesBelow(folder: string): string[] {
  const found = readdirSync(ROOT + folder, { recursive: true, withFileTypes: true });
  return found
    .filter((entry) => entry.isFile())
    .map((entry) => `${entry.parentPath}/${entry.name}`)
    .sort();
}

async function recordedFiles(): Promise<[string, string][]> {
  const folder = `${ROOT}test/recordings/random/`;
  const found: [string, string][] = [];
  for (const name of readdirSync(folder).sort().slice(0, SNAPSHOTS)) {
    for (const [file, text] of await unpackSnapshot(readFileSync(folder + name))) found.push([basename(file), text]);
  }
  return found;
}

function recordedRules(): { readonly family: 4 | 6; readonly text: string }[] {
  const lines = readFileSync(`${ROOT}test/extensions/corpus.ndjson`, "utf8").trim().split("\n");
  const rules = lines.map((line) => JSON.parse(line) as RecordedRule);
  const groups = new Map<string, RecordedRule[]>();
  for (const rule of rules) {
    const key = `${rule.family} ${rule.table}`;
    groups.set(key, [...(groups.get(key) ?? []), rule]);
  }
  return [...groups].flatMap(([key, group]) => {
    const family = key.startsWith("4") ? 4 : 6;
    return Array.from({ length: Math.ceil(group.length / RULES_IN_ONE) }, (_, index) => {
      const some = group.slice(index * RULES_IN_ONE, (index + 1) * RULES_IN_ONE);
      const head = [`*${some[0]?.table}`, ":INPUT ACCEPT [0:0]", ":OTHER - [7:60]"];
      return { family, text: [...head, ...some.map(({ chain, rule }) => `-A ${chain} ${rule}`), "COMMIT", ""].join("\n") } as const;
    });
  });
}

/** `ip-d-link.json` and `ip-link.json` are both ip-link, `netstat-rn.txt` and `route-6-n.txt` route-n. */
function kindOf(name: string): string {
  const stem = name.replace(/\.(txt|json)$/, "").replace(/-(d|N|o|6)(?=-)/, "");
  return stem.replace(/^ip6-/, "ip-").replace("netstat-rn", "route-n");
}

/** A text in parts that one mutation is likely to change something in; what is no list of lines stays whole. */
function pieces(text: string): string[] {
  if (text.length <= PIECE || /^\s*[[{]/.test(text)) return [text];
  const lines = text.split(/(?<=\n)/);
  const found: string[] = [];
  let piece = "";
  for (const line of lines) {
    piece += line;
    if (piece.length < PIECE) continue;
    found.push(piece);
    piece = lines[0]?.startsWith("*") ? lines[0] : "";
  }
  return [...found, piece];
}
