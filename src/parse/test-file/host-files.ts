import { isMap, isScalar, type Node } from "yaml";
import type { HostFiles, Said } from "../../model/test-file.ts";
import type { YamlReader } from "./yaml-reader.ts";

const KEYS = ["snapshot", "rules", "rules6", "routes", "links", "netns"] as const;

/** Reads what stands after `host:`. */
export function readHostFiles(reader: YamlReader, node: Node): Said<HostFiles> | undefined {
  const entries = reader.entries(node, KEYS, "what the machine is");
  if (!entries) return undefined;
  const one = (key: (typeof KEYS)[number]) => {
    const entry = entries.get(key);
    return entry && readPath(reader, entry.value, key === "netns" ? "a network namespace" : "a path");
  };
  const several = (key: "routes" | "links") => {
    const entry = entries.get(key);
    return entry ? reader.members(entry.value).flatMap((path) => readPath(reader, path, "a path") ?? []) : [];
  };
  const alone = entries.get("snapshot");
  const other = [...entries.keys()].find((key) => key !== "snapshot" && key !== "netns");
  if (alone && other !== undefined)
    reader.report(alone.key, `snapshot and ${other} contradict each other: a snapshot is the whole machine`);
  const fields = { snapshot: one("snapshot"), rules: one("rules"), rules6: one("rules6"), netns: one("netns") };
  const given = Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));
  return { value: { ...given, routes: several("routes"), links: several("links") }, spot: reader.spot(node) };
}

function readPath(reader: YamlReader, node: Node, what: string): string | undefined {
  const path = reader.text(node, what);
  return path === "-" ? reader.report(node, `expected ${what}, found "-": standard input is for the command line`) : path;
}

/** Reads what stands after `assume:`, a mapping, as KEY=VALUE. */
export function readAssumed(reader: YamlReader, node: Node | undefined): readonly Said<string>[] {
  const map = node && reader.resolve(node);
  if (!map) return [];
  if (!isMap(map)) {
    reader.report(map, `expected a mapping like { owner.uid: 1000 }, found ${reader.found(map)}`);
    return [];
  }
  return (map.items as { key: Node; value: Node | null }[]).flatMap(({ key, value }) => {
    const text = value ? reader.text(value, "a value") : reader.report(key, "expected a value");
    return text === undefined ? [] : [{ value: `${isScalar(key) ? key.value : ""}=${text}`, spot: reader.spot(key) }];
  });
}
