import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Format } from "./capture-file.ts";
import { cluster } from "./cluster.ts";
import { handRules } from "./hand-rules.ts";
import { writeHostile } from "./hostile.ts";
import { kubeRules } from "./kube-rules.ts";
import { crossingRules, listRules } from "./list-rules.ts";
import { writeOpen } from "./open.ts";
import { writeSnapshot } from "./snapshot.ts";
import { type TrafficOptions, writeTraffic } from "./traffic.ts";

/** A small run has a tenth of everything. */
export interface Size {
  readonly frames: number;
  readonly flows: number;
  /** What a count of rules or connections is divided by. */
  readonly part: number;
}

const FULL: Size = { frames: 1_000_000, flows: 20_000, part: 1 };
const SMALL: Size = { frames: 100_000, flows: 2000, part: 10 };
const FRAMES_PER_LISTED_FLOW = 24;
/** There are so many times fewer open connections than frames in other captures. */
const OPEN_PART = 4;
/** So many times as much is a capture of more than 1 GiB, for which threads are used unasked. */
const LONG = 8;

/** What rules are like: kube-proxy's, people's, a list of addresses, or ones that stand in each other's way. */
export type Style = "kube" | keyof typeof RULES;

const RULES = { hand: handRules, list: listRules, crossing: crossingRules } as const;

/** How much there is to be made. */
export function sizeOf(small: boolean): Size {
  return small ? SMALL : FULL;
}

/** Makes the inputs when they are first asked for, and tells their paths. */
export class Inputs {
  readonly size: Size;
  readonly #folder: string;
  readonly #seed: number;
  readonly #tell: (text: string) => void;

  constructor(folder: string, seed: number, size: Size, tell: (text: string) => void) {
    this.#folder = folder;
    this.#seed = seed;
    this.size = size;
    this.#tell = tell;
  }

  /** Connections to services, from both sides. */
  traffic(format: Format): string {
    return this.#capture(`traffic.${format}`, format, { ...this.size, services: true });
  }

  /** The same for longer. */
  longTraffic(): string {
    const { frames, flows } = this.size;
    return this.#capture("long.pcap", "pcap", { frames: frames * LONG, flows: flows * LONG, services: true });
  }

  /** The same to the pods themselves, so that it is the same without any translation. */
  routed(): string {
    return this.#capture("routed.pcap", "pcap", { ...this.size, services: false });
  }

  /** So many short connections. */
  listed(flows: number): string {
    const some = { flows, frames: flows * FRAMES_PER_LISTED_FLOW, services: true };
    return this.#capture(`flows-${flows}.pcap`, "pcap", some);
  }

  /** Every packet a new connection. */
  hostile(): string {
    const { frames } = this.size;
    return this.#made("hostile.pcap", (path) => writeHostile(path, "pcap", cluster(this.#seed), { seed: this.#seed, frames }));
  }

  /** Connections that are all open at once. */
  open(): string {
    const flows = this.size.frames / OPEN_PART;
    return this.#made("open.pcap", (path) => writeOpen(path, "pcap", cluster(this.#seed), { seed: this.#seed, flows }));
  }

  /** A capture of no packets: what is left of a run is reading the rules. */
  empty(): string {
    return this.#made("empty.pcap", (path) => {
      writeTraffic(path, "pcap", cluster(this.#seed), { seed: this.#seed, flows: 0, frames: 0, services: true });
    });
  }

  /** A snapshot of the node with so many rules. */
  node(style: Style, count: number): string {
    const make = style === "kube" ? kubeRules.bind(undefined, cluster(this.#seed)) : RULES[style];
    return this.#made(`${style}-${count}`, (path) => writeSnapshot(path, cluster(this.#seed), make(this.#seed, count)));
  }

  /** The rules of that snapshot. */
  rules(style: Style, count: number): string {
    return join(this.node(style, count), "netns", "host", "iptables-save.txt");
  }

  /** Several rulesets as people write them, each another one. */
  collection(rulesets: number, rules: number): readonly string[] {
    const folder = this.#made(`collection-${rulesets}-${rules}`, (path) => {
      mkdirSync(path, { recursive: true });
      for (let i = 0; i < rulesets; i++) writeFileSync(join(path, `${i}.v4`), handRules(this.#seed + i, rules));
    });
    return Array.from({ length: rulesets }, (_, i) => join(folder, `${i}.v4`));
  }

  #capture(name: string, format: Format, options: Omit<TrafficOptions, "seed">): string {
    return this.#made(name, (path) => writeTraffic(path, format, cluster(this.#seed), { ...options, seed: this.#seed }));
  }

  /** Only once: a second run with `--keep` has them already. */
  #made(name: string, make: (path: string) => void): string {
    const path = join(this.#folder, name);
    const done = `${path}.made-with`;
    if (existsSync(done)) return path;
    this.#tell(`making ${name}`);
    make(path);
    writeFileSync(done, `${this.#seed}\n`);
    return path;
  }
}
