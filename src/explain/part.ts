import type { Assumption } from "../model/host.ts";
import type { Frame } from "../model/packet.ts";
import type { PacketTrace, Verdict } from "../model/trace.ts";
import { ASSUMPTIONS, addTo, begun, Collection, EXACT, keyOf, type Marks, outcomeOf } from "./collect.ts";
import { type Connection, isTrouble } from "./collected.ts";
import { Budget } from "./distinct.ts";
import { type Endings, WINDOW } from "./flow-states.ts";
import type { RowLabel } from "./groups.ts";
import type { Counts } from "./tallies.ts";

/** The time of a frame. */
export interface Moment {
  readonly frame: number;
  readonly time: bigint;
}

/** What was collected of some of a capture's connections, with the frames that tell what comes before what in all of it. */
export interface Part {
  readonly packets: number;
  readonly observations: number;
  readonly first: Moment | undefined;
  readonly last: Moment | undefined;
  readonly verdicts: ReadonlyMap<Verdict, number>;
  readonly endings: Endings;
  readonly lost: Counts<RowLabel>;
  readonly undecided: Counts<RowLabel>;
  readonly translated: Counts<RowLabel>;
  readonly assumptions: readonly { readonly assumption: Assumption; readonly frame: number }[];
  /** The first frame of each connection, by its number in this part from 1 on. */
  readonly begins: Float64Array<ArrayBuffer>;
  /** Connections since their first packet without trouble, and since their first one with it, in the order of these. */
  readonly quiet: readonly Connection[];
  readonly troubled: readonly Connection[];
}

/** How much is collected: connections that are kept in full, and as many with trouble, and rows of each table of totals. */
export interface Measure {
  readonly keep: number;
  readonly rows: number;
}

/**
 * Gathers the traces of some of a capture's connections, so that what others gather of the rest can be added. Of connections, twice as many
 * are kept as will be told: some of them may turn out to be told as those of the other kind.
 */
export class PartOfCollection extends Collection {
  readonly #begins: number[] = [];
  readonly #assumptions = new Map<string, { readonly assumption: Assumption; readonly frame: number }>();
  readonly #quiet = new Map<number, Connection>();
  readonly #troubled = new Map<number, Connection>();
  readonly #most: number;
  readonly #rows: number;
  readonly #flows: number;
  readonly #budget: Budget;
  readonly #wants: (trace: PacketTrace) => boolean;
  #first: Moment | undefined;
  #last = 0;

  /** One of so many parts, of the packets that are wanted. */
  constructor({ keep, rows }: Measure, parts: number, wants: (trace: PacketTrace) => boolean = () => true) {
    const budget = new Budget(Math.floor(EXACT / parts));
    super(keep, "rule", rows, budget);
    this.#budget = budget;
    this.#wants = wants;
    this.#most = 2 * keep;
    this.#rows = Math.floor((2 * rows) / parts);
    this.#flows = Math.floor(WINDOW / parts);
  }

  override add(trace: PacketTrace): void {
    if (trace.seenBefore === undefined) this.#begin(trace);
    if (this.#wants(trace)) super.add(trace);
  }

  override again(frame: Frame): void {
    this.#note(frame);
    super.again(frame);
  }

  override followed(trace: PacketTrace): boolean {
    this.#begin(trace);
    this.#note(trace.frame);
    return super.followed(trace);
  }

  /** A connection begins where its number is met first. */
  #begin({ flow, frame }: PacketTrace): void {
    if (flow > this.#begins.length) this.#begins.push(frame.number);
  }

  #note({ number, time }: Frame): void {
    this.#first ??= { frame: number, time };
    this.#last = number;
  }

  /** Whether there is so much that one collection of all would not have counted exactly any more, or not have kept it. */
  get isTooLarge(): boolean {
    const rows = Math.max(this.lost.size, this.undecided.size, this.translated.size);
    return this.#budget.left <= 0 || rows >= this.#rows || this.#begins.length >= this.#flows;
  }

  /** All of it. */
  part(): Part {
    const { packets, observations, verdicts } = this;
    return {
      ...{ packets, observations, verdicts },
      first: this.#first,
      last: this.lastTime === undefined ? undefined : { frame: this.#last, time: this.lastTime },
      endings: this.states.endings(),
      lost: this.lost.counts(),
      undecided: this.undecided.counts(),
      translated: this.translated.counts(),
      assumptions: [...this.#assumptions.values()],
      begins: Float64Array.from(this.#begins),
      quiet: [...this.#quiet.values()],
      troubled: [...this.#troubled.values()],
    };
  }

  protected override assume(assumption: Assumption, frame: number): void {
    const key = keyOf(assumption);
    if (this.#assumptions.size < ASSUMPTIONS && !this.#assumptions.has(key)) this.#assumptions.set(key, { assumption, frame });
  }

  protected override remember(trace: PacketTrace, marks: Marks): boolean {
    const kind = isTrouble(marks.verdict) ? this.#troubled : this.#quiet;
    if (kind.size < this.#most && !kind.has(trace.flow)) kind.set(trace.flow, begun(trace));
    const [quiet, troubled] = [this.#quiet.get(trace.flow), this.#troubled.get(trace.flow)];
    const isKept = quiet ? addTo(quiet, trace, outcomeOf(trace, marks)) : false;
    return troubled ? addTo(troubled, trace, outcomeOf(trace, marks)) || isKept : isKept;
  }
}
