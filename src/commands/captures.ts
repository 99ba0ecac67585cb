import { readdir, stat } from "node:fs/promises";
import { join, relative, resolve, sep } from "node:path";
import { UsageFailure } from "./failure.ts";

/** A capture as it was named on the command line. */
export interface NamedCapture {
  readonly path: string;
  /** What it is called in the output. */
  readonly name: string;
  readonly netns?: string;
  readonly device?: string;
}

/** Where the captures of a snapshot are: captures/NETNS/DEVICE.pcap, and what tcpdump makes of that name when it begins new files. */
const IN_SNAPSHOT = /^captures\/([^/]+)\/(.+?)\.(?:pcap|pcapng|cap)\d*(?:\.(?:gz|zst))?$/;
/** What a capture of all devices is called. */
const ALL_DEVICES = "any";

type Place = Omit<NamedCapture, "name">;

/** Finds out which captures are meant: FILE, FILE@NETNS:DEVICE, or when none is named those of the snapshot. */
export async function nameCaptures(words: readonly string[], snapshot: string | undefined): Promise<readonly NamedCapture[]> {
  const places = words.length > 0 ? await Promise.all(words.map((word) => placeOf(word, snapshot))) : await capturesOf(snapshot);
  const twice = places.find(({ path }, i) => places.findIndex((other) => other.path === path) < i);
  if (twice) throw new UsageFailure(`${twice.path} is given twice`);
  return places.map((place) => ({ ...place, name: shortName(place.path, places) }));
}

async function placeOf(word: string, snapshot: string | undefined): Promise<Place> {
  if (word === "-" || (await exists(word))) return { path: word, ...impliedBy(word, snapshot) };
  for (let at = word.lastIndexOf("@"); at > 0; at = word.lastIndexOf("@", at - 1)) {
    const path = word.slice(0, at);
    if (path !== "-" && !(await exists(path))) continue;
    const [netns = "", ...rest] = word.slice(at + 1).split(":");
    const device = rest.join(":");
    return { path, ...impliedBy(path, snapshot), ...(netns !== "" && { netns }), ...(device !== "" && { device }) };
  }
  // A missing file is told by its own name.
  const [, path = word] = /^(.+)@[^/@]*$/.exec(word) ?? [];
  return { path };
}

/** What the name of a capture in the snapshot says of it. */
function impliedBy(path: string, snapshot: string | undefined): Omit<Place, "path"> {
  if (snapshot === undefined || path === "-") return {};
  const inside = relative(resolve(snapshot), resolve(path)).split(sep).join("/");
  const [, netns, device] = IN_SNAPSHOT.exec(inside) ?? [];
  if (netns === undefined || device === undefined) return {};
  return device === ALL_DEVICES ? { netns } : { netns, device };
}

async function capturesOf(snapshot: string | undefined): Promise<readonly Place[]> {
  if (snapshot === undefined || snapshot === "-") return [];
  const entries = await readdir(join(snapshot, "captures"), { recursive: true, withFileTypes: true }).catch(() => []);
  const paths = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  return paths.sort().flatMap((path) => {
    const place = impliedBy(path, snapshot);
    return place.netns === undefined ? [] : [{ path, ...place }];
  });
}

async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}

/** As much of a path's end as tells it from the others. */
function shortName(path: string, places: readonly Place[]): string {
  const parts = path.split("/");
  for (let length = 1; length < parts.length; length++) {
    const end = parts.slice(-length).join("/");
    if (places.every((other) => other.path === path || other.path.split("/").slice(-length).join("/") !== end)) return end;
  }
  return path;
}
