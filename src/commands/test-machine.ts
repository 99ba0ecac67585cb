import { dirname, isAbsolute, join, resolve } from "node:path";
import type { Host } from "../model/host.ts";
import type { HostFiles, Said, Spot, TestFile } from "../model/test-file.ts";
import { InputFailure, UsageFailure } from "./failure.ts";
import type { HostFlags } from "./flags.ts";
import { chooseNetns, readHost } from "./load-host.ts";

/** The machine that a test file is about, and the namespace where its tests do not say another. */
export interface Machine {
  readonly host: Host;
  readonly netns: string;
  /** Where the snapshot is, if it is one. */
  readonly snapshot?: string;
}

/** A path of a test file, seen from where the program runs. */
export function pathFrom(file: string, path: string): string {
  return isAbsolute(path) ? path : join(dirname(file), path);
}

/** Runs what complains about the command line on behalf of a place in a test file. */
export function onBehalf<T>(spot: Spot, work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (error instanceof UsageFailure) throw new InputFailure([{ ...spot, message: error.message }]);
    throw error;
  }
}

/** Loads machines, each once. */
export class Machines {
  readonly #loaded = new Map<string, Promise<Host>>();
  readonly #flags: HostFlags;
  readonly #replaced: boolean;

  /** The flags of the command line take the place of what test files say. `alsoRead` are other inputs, since standard input can be read only once. */
  constructor(flags: HostFlags, alsoRead: readonly string[]) {
    this.#flags = flags;
    const { snapshot, rules, rules6, routes = [], links = [] } = flags;
    this.#replaced = [snapshot, rules, rules6, ...routes, ...links].some((path) => path !== undefined);
    const piped = [...alsoRead, snapshot, rules, rules6, ...routes, ...links].filter((path) => path === "-");
    if (piped.length > 1) throw new UsageFailure("standard input (-) can be read only once");
  }

  /** The machine of a test file that was named so on the command line. */
  async of(file: string, { host, tests }: TestFile): Promise<Machine> {
    const flags = this.#replaced ? { ...this.#flags, ...this.#netns(host) } : host && this.#filesOf(file, host);
    if (!flags)
      throw new InputFailure([{ file, message: "host: is missing, which says what the machine is; or give --snapshot or --rules" }]);
    const names = tests.map((test) => (test.kind === "capture" ? test.netns : test.packets[0]?.netns)?.value);
    const named = names.every((name) => name !== undefined) ? names[0] : undefined;
    const loaded = await this.#load(flags, named);
    const choose = () => chooseNetns(loaded, flags.netns, named);
    const netns = host && this.#flags.netns === undefined ? onBehalf(host.spot, choose) : choose();
    return { host: loaded, netns, ...(flags.snapshot !== undefined && { snapshot: flags.snapshot }) };
  }

  #load(flags: HostFlags, named: string | undefined): Promise<Host> {
    const { snapshot, rules, rules6, routes = [], links = [], netns } = flags;
    const paths = [snapshot, rules, rules6, routes, links].map((one) =>
      one === undefined ? [] : [one].flat().map((path) => resolve(path)),
    );
    const key = JSON.stringify([paths, snapshot === undefined ? (netns ?? named) : ""]);
    const known = this.#loaded.get(key) ?? readHost(flags, named);
    this.#loaded.set(key, known);
    return known;
  }

  #netns(host: Said<HostFiles> | undefined): Pick<HostFlags, "netns"> {
    return { netns: this.#flags.netns ?? host?.value.netns };
  }

  #filesOf(file: string, host: Said<HostFiles>): HostFlags | undefined {
    const { snapshot, rules, rules6, routes, links } = host.value;
    const at = (path: string | undefined) => path && pathFrom(file, path);
    if ([snapshot, rules, rules6, ...routes, ...links].every((path) => path === undefined)) return undefined;
    return {
      snapshot: at(snapshot),
      rules: at(rules),
      rules6: at(rules6),
      routes: routes.map((path) => pathFrom(file, path)),
      links: links.map((path) => pathFrom(file, path)),
      ...this.#netns(host),
    };
  }
}
