import fc from "fast-check";
import { complaint } from "./complaint.ts";
import { corpus } from "./corpus.ts";
import { noteCurrent } from "./current.ts";
import { damaged } from "./edit.ts";
import { exampleOf, type Shape, shapesFor, superlinear } from "./growth.ts";
import { damagedOctets, type OctetTarget, octetTargets } from "./octet-targets.ts";
import { smallestOctets, smallestText } from "./smallest.ts";
import { type TextTarget, textTargets } from "./text-targets.ts";

/** An input that broke a parser. */
export interface Failure {
  readonly target: string;
  readonly message: string;
  readonly smallest: string | Uint8Array;
}

/** One parser with what is drawn for it. */
interface Target<T extends string | Uint8Array> {
  readonly name: string;
  readonly inputs: fc.Arbitrary<T>;
  complaint(input: T): Promise<string | undefined>;
  smaller(input: T, fails: (input: T) => Promise<boolean>, until: number): Promise<T>;
}

interface Growth {
  readonly target: TextTarget;
  readonly shape: Shape;
}

/** Inputs for each parser in one round. */
const RUNS = 40;
/** Share of the time for texts that are made longer and longer. */
const GROWTH_SHARE = 0.4;
const SHRINKING = 30_000;
const MEGABYTE = 1 << 20;
/** A run of so many seconds is long enough for texts of ten megabytes. */
const LONG_RUN = 300_000;
/** An input of some kilobytes for which a parser takes longer than this. */
const SLOW = 10_000;

interface Options {
  readonly seed: number;
  /** Milliseconds since the epoch. */
  readonly until: number;
  readonly rounds?: number;
  readonly wanted: (name: string) => boolean;
  /** Is told after each round what was found so far. */
  readonly tell?: (failures: readonly Failure[], runs: ReadonlyMap<string, number>) => void;
}

/** Draws inputs for all parsers until the time is up. */
export class Fuzz {
  readonly failures: Failure[] = [];
  /** Number of inputs by parser; of those that were made longer and longer under `growth`. */
  readonly runs = new Map<string, number>();
  readonly #options: Options;
  readonly #started = Date.now();
  #growing = 0;
  readonly #texts: readonly Target<string>[];
  readonly #octets: readonly Target<Uint8Array>[];
  readonly #growth: Growth[];

  private constructor(options: Options, texts: readonly Target<string>[], octets: readonly Target<Uint8Array>[], growth: Growth[]) {
    this.#options = options;
    this.#texts = texts;
    this.#octets = octets;
    this.#growth = growth;
  }

  /** Every parser of the program. */
  static async start(options: Options): Promise<Fuzz> {
    const parsers = textTargets(await corpus()).filter(({ name }) => options.wanted(name));
    const readers = (await octetTargets()).filter(({ name }) => options.wanted(name));
    return Fuzz.of(parsers, readers, options);
  }

  /** Some parsers. */
  static of(parsers: readonly TextTarget[], readers: readonly OctetTarget[], options: Options): Fuzz {
    const texts = parsers.map(
      (target): Target<string> => ({
        name: target.name,
        inputs: damaged(target.bases),
        complaint: async (text) => timed(() => complaint(target, text)),
        smaller: smallestText,
      }),
    );
    const octets = readers.map(
      (target): Target<Uint8Array> => ({
        name: target.name,
        inputs: damagedOctets(target.bases),
        complaint: (input) => target.complaint(input),
        smaller: smallestOctets,
      }),
    );
    const growth = shuffled(
      parsers.flatMap((target) => shapesFor(target).map((shape) => ({ target, shape }))),
      options.seed,
    );
    return new Fuzz(options, texts, octets, growth);
  }

  /** Round after round, each with some inputs for every parser that has not failed yet. */
  async run(): Promise<void> {
    for (let round = 0; this.#time && round < (this.#options.rounds ?? Number.POSITIVE_INFINITY); round++) {
      for (const [index, target] of this.#texts.entries()) await this.#draw(target, round, index);
      for (const [index, target] of this.#octets.entries()) await this.#draw(target, round, this.#texts.length + index);
      while (this.#time && this.#growing < (Date.now() - this.#started) * GROWTH_SHARE && (await this.#grow())) await pause();
      this.#options.tell?.(this.failures, this.runs);
    }
  }

  /** One given input for all parsers. */
  async read(input: Buffer): Promise<void> {
    for (const target of this.#texts) await this.#one(target, input.toString());
    for (const target of this.#octets) await this.#one(target, new Uint8Array(input));
  }

  get #time(): boolean {
    return Date.now() < this.#options.until;
  }

  #failed(name: string): boolean {
    return this.failures.some(({ target }) => target === name);
  }

  #count(name: string): void {
    this.runs.set(name, (this.runs.get(name) ?? 0) + 1);
  }

  async #one<T extends string | Uint8Array>(target: Target<T>, input: T): Promise<void> {
    this.#count(target.name);
    noteCurrent(target.name, input);
    const message = await target.complaint(input);
    if (message !== undefined) this.failures.push({ target: target.name, message, smallest: input });
  }

  async #draw<T extends string | Uint8Array>(target: Target<T>, round: number, index: number): Promise<void> {
    if (!this.#time || this.#failed(target.name)) return;
    await pause();
    const property = fc.asyncProperty(target.inputs, async (input) => {
      this.#count(target.name);
      noteCurrent(target.name, input);
      const message = await target.complaint(input);
      if (message !== undefined) throw new Error(message);
    });
    const seed = (this.#options.seed * 100_000 + round) * 100 + index;
    const left = Math.max(1, this.#options.until - Date.now());
    const { failed, counterexample, errorInstance } = await fc.check(property, {
      seed: seed | 0,
      numRuns: RUNS,
      interruptAfterTimeLimit: left + SHRINKING,
    });
    const [drawn] = counterexample ?? [];
    if (!failed || drawn === undefined) return;
    const kind = essence(errorInstance instanceof Error ? errorInstance.message : "");
    const fails = async (input: T) => essence((await target.complaint(input)) ?? "") === kind;
    const smallest = await target.smaller(drawn, fails, Date.now() + SHRINKING);
    this.failures.push({ target: target.name, message: (await target.complaint(smallest)) ?? kind, smallest });
  }

  async #grow(): Promise<boolean> {
    const next = this.#growth.shift();
    if (!next) return false;
    const { target, shape } = next;
    if (this.#failed(target.name)) return true;
    const started = Date.now();
    const longest = this.#options.until - this.#started >= LONG_RUN ? 10 * MEGABYTE : MEGABYTE;
    const fail = (message: string, smallest: string) => this.failures.push({ target: target.name, message, smallest });
    try {
      const message = superlinear(target, shape, longest);
      if (message !== undefined) fail(message, exampleOf(shape));
    } catch (error) {
      const fails = async (text: string) => complaint(target, text)?.startsWith("throws") ?? false;
      fail(`throws ${error} (${shape.name})`, await smallestText(exampleOf(shape), fails, Date.now() + SHRINKING));
    }
    this.#growing += Date.now() - started;
    this.#count("growth");
    return true;
  }
}

/** Lets the test runner have its turn: it takes a worker that never answers for dead. */
function pause(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

/** A message without its numbers and what it quotes: two inputs with the same one fail for the same reason. */
function essence(message: string): string {
  return message
    .replace(/["'`{].*/s, "")
    .replace(/\d+/g, "")
    .slice(0, 80);
}

function timed(ask: () => string | undefined): string | undefined {
  const started = process.cpuUsage();
  const message = ask();
  const { user } = process.cpuUsage(started);
  return message ?? (user / 1000 > SLOW ? `takes ${Math.round(user / 1000)} ms` : undefined);
}

/** The elements in an order that the seed decides. */
function shuffled<T>(values: readonly T[], seed: number): T[] {
  const order = fc.sample(fc.shuffledSubarray([...values], { minLength: values.length }), { seed, numRuns: 1 })[0];
  return order ?? [...values];
}
