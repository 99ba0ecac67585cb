import { stat } from "node:fs/promises";
import { join, resolve } from "node:path";
import type { HostFile } from "../lint/context.ts";
import { type LintedRules, readLintedRules } from "../lint/linted-rules.ts";
import type { Family } from "../model/address.ts";
import type { Host } from "../model/host.ts";
import { detectKind } from "../parse/detect.ts";
import { readSnapshot } from "../parse/snapshot.ts";
import { InputFailure, refuse, UsageFailure } from "./failure.ts";
import { readBytes, textOf } from "./input.ts";
import { readSnapshotFiles, unpackFiles } from "./load-snapshot.ts";

const EXPECTED = "iptables-save or ip6tables-save output, or a snapshot";
const FILES: readonly (readonly [string, Family])[] = [
  ["iptables-save.txt", 4],
  ["ip6tables-save.txt", 6],
];

/** A ruleset to be checked, and where its text came from. */
export interface LintInput {
  readonly rules: LintedRules;
  readonly text: string;
  /** Absent where it cannot be written again: standard input, a compressed file, a snapshot. */
  readonly path?: string;
  readonly standard: boolean;
}

/** All that is to be checked, and the machine where a snapshot was given. */
export interface LintInputs {
  readonly inputs: readonly LintInput[];
  readonly host?: Host;
  /** The files of the snapshot. */
  readonly files?: readonly HostFile[];
}

/** Reads rulesets, or one snapshot. `six` is a ruleset of ip6tables, whatever it looks like; `name` is what standard input is called. */
export async function readLintInputs(paths: readonly string[], six: string | undefined, name: string | undefined): Promise<LintInputs> {
  const all = six === undefined ? paths : [...paths, six];
  if (all.length === 0) throw new UsageFailure("nothing to check: give iptables-save output, a snapshot, or - for standard input");
  if (all.filter((path) => path === "-").length > 1) throw new UsageFailure("standard input (-) can be read only once");
  const twice = all.find((path, i) => all.findIndex((other) => resolve(other) === resolve(path)) < i);
  if (twice !== undefined) throw new UsageFailure(`${twice} is given twice`);
  const read: LintInputs[] = [];
  for (const path of paths) read.push(await readOne(path, undefined, name));
  if (six !== undefined) read.push(await readOne(six, 6, name));
  const hosts = read.flatMap(({ host }) => host ?? []);
  if (hosts.length > 0 && read.length > 1) throw new UsageFailure("a snapshot is checked alone: it has all rulesets of its machine");
  const inputs = read.flatMap((one) => one.inputs);
  return hosts.length > 0 && read[0] ? read[0] : { inputs };
}

async function readOne(path: string, family: Family | undefined, name: string | undefined): Promise<LintInputs> {
  const found = path === "-" ? undefined : await stat(path).catch(() => undefined);
  if (found?.isDirectory()) return fromSnapshot(await readSnapshotFiles(path), path);
  const { name: own, bytes } = await readBytes(path, EXPECTED);
  const called = path === "-" ? (name ?? own) : own;
  if (isTar(bytes)) return fromSnapshot(await unpackFiles(called, bytes), path);
  const text = textOf(called, bytes, EXPECTED);
  const kind = detectKind(text);
  if (kind !== undefined && kind !== "iptables-save" && kind !== "ip6tables-save") {
    throw new InputFailure([{ file: called, message: `this looks like ${kind} output, expected ${EXPECTED}` }]);
  }
  const rules = readLintedRules(text, called, family ?? (kind === "ip6tables-save" ? 6 : 4));
  // Nothing of it could be read: that is no ruleset with a fault.
  if (rules.ruleset.tables.size === 0) refuse(rules.problems);
  const writable = found?.isFile() && found.size === bytes.length;
  return { inputs: [{ rules, text, ...(writable && { path }), standard: path === "-" }] };
}

/** ustar and GNU tar have the same five letters there. */
function isTar(bytes: Uint8Array): boolean {
  return Buffer.from(bytes.subarray(257, 262)).toString("latin1") === "ustar";
}

function fromSnapshot(files: ReadonlyMap<string, string>, path: string): LintInputs {
  const { value: host, problems } = readSnapshot(files, path);
  const inputs: LintInput[] = [];
  for (const netns of host.namespaces.keys()) {
    for (const [file, family] of FILES) {
      const text = files.get(`netns/${netns}/${file}`);
      if (text !== undefined)
        inputs.push({ rules: readLintedRules(text, join(path, "netns", netns, file), family, netns), text, standard: false });
    }
  }
  // What is wrong with rulesets becomes findings; the rest of a snapshot has to be readable.
  refuse(problems.filter((problem) => !FILES.some(([file]) => problem.file.endsWith(`/${file}`))));
  if (inputs.length === 0) throw new InputFailure([{ file: path, message: "this snapshot has no ruleset (netns/NAME/iptables-save.txt)" }]);
  return { inputs, host, files: [...hostFiles(files, path)] };
}

function* hostFiles(files: ReadonlyMap<string, string>, path: string): Generator<HostFile> {
  for (const [file, text] of files) {
    const [, netns, name] = /^netns\/([^/]+)\/([^/]+)$/.exec(file) ?? [];
    if (netns !== undefined && name !== undefined) yield { netns, name, file: join(path, file), lines: text.split(/\r?\n/) };
  }
}
