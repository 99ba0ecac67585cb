import { type Chain, chainOf, type Hook, type Rule, type Table } from "../model/rule.ts";
import { type Box, CHOICES, CUBES, type Cube, intersection, SPANS } from "./box.ts";
import { difference } from "./difference.ts";
import { doingOf } from "./fates.ts";
import { type Guard, STATES, type Universe } from "./guard.ts";
import { changeOf, markedCube } from "./mark-change.ts";
import { type RulePlace, Stream, type Taken, type Taking } from "./stream.ts";

/** What is known of the packets that come to a rule, over all the ways to it. */
export interface Reached {
  /** Ways on which the rule is come to at all. */
  ways: number;
  /** A packet that may match it, as a box; absent when there surely is none. */
  packet: Box | undefined;
  /** The hook whose packets that one is of. */
  hook: Hook | undefined;
  /** Not found out. */
  isOpen: boolean;
  /** Who has taken packets that it would match, each with some of those; empty where the way to the rule leaves none. */
  readonly takers: Map<Rule, Taker>;
}

/** Who takes packets from a rule, and the hook that these are of. */
export interface Taker extends Taken {
  readonly hook: Hook;
}

/** Packets that come into a chain. */
export interface Entry {
  readonly box: Box;
  readonly hook: Hook;
}

/** Ways into a chain that are kept. */
const MOST_ENTRIES = 8;
/** Rules that are looked at on all ways together, before the rest is given up. */
const MOST_STEPS = 3_000_000;
/** Streams of different marks that are told apart in a chain. */
const MOST_STREAMS = 12;
const DEEPEST = 64;

/** Follows all packets through the chains of a table (ip_tables.c, ipt_do_table). */
export class Reach {
  readonly #table: Table;
  readonly #universe: Universe;
  readonly #guards = new Map<Rule, Guard>();
  readonly #reached = new Map<Rule, Reached>();
  readonly #entries = new Map<string, Entry[]>();
  #steps = 0;
  #isCut = false;
  #isBlurred = false;
  #hook: Hook = "INPUT";

  constructor(table: Table, universe: Universe) {
    this.#table = table;
    this.#universe = universe;
  }

  /** Whether so many ways lead through the table that not all were followed. */
  get isCutShort(): boolean {
    return this.#isCut || this.#steps > MOST_STEPS;
  }

  /** Whether packets had to be taken for others than they are at some place. */
  get isBlurred(): boolean {
    return this.#isBlurred;
  }

  /** What is known of a rule; undefined when no way leads to it. */
  of(rule: Rule): Reached | undefined {
    const found = this.#reached.get(rule);
    return found && this.isCutShort ? { ...found, isOpen: true } : found;
  }

  /** Packets that come into a chain, on the first few ways to it, for each with the hook that it begins at. */
  entries(chain: string): readonly Entry[] {
    return this.#entries.get(chain) ?? [];
  }

  /** The packets that a rule matches. */
  guard(rule: Rule): Guard {
    let guard = this.#guards.get(rule);
    if (!guard) {
      guard = this.#universe.guard(rule);
      this.#guards.set(rule, guard);
    }
    return guard;
  }

  /** Follows the packets of a hook; gives back what is left for the chain's policy. */
  follow(hook: Hook): readonly Stream[] {
    const chain = this.#table.chains.get(hook);
    if (!chain) return [];
    this.#hook = hook;
    return this.#visit(chain, new Stream(entering(this.#universe, this.#table.name, hook)), { path: [chain.name], back: [] });
  }

  /** Runs a stream through a chain: what falls off its end, the packets that RETURN sends back included. */
  #visit(chain: Chain, begin: Stream, call: Call): readonly Stream[] {
    const entries = this.#entries.get(chain.name) ?? [];
    if (entries.length < MOST_ENTRIES) this.#entries.set(chain.name, [...entries, { box: begin.box, hook: this.#hook }]);
    let streams: Stream[] = [begin];
    for (const rule of chain.rules) {
      this.#steps++;
      const by: RulePlace = { table: this.#table.name, chain: chain.name, rule };
      const next: Stream[] = [];
      for (const stream of streams) next.push(...this.#meet(by, stream, call, streams.length));
      streams = next;
      if (this.isCutShort) break;
    }
    return streams;
  }

  /** What is left of a stream behind a rule, and what comes back from it changed. */
  #meet(by: RulePlace, came: Stream, call: Call, streams: number): readonly Stream[] {
    const guard = this.guard(by.rule);
    const stream = guard.changes ? this.#blurred(came) : came;
    const within = (boxes: readonly Box[]) => boxes.flatMap((box) => intersection(box, stream.box) ?? []);
    const live = this.#note(by.rule, stream, within(guard.over));
    if (live.length === 0) return [stream];
    // Taken is all that the rule matches, whatever else is known of the stream: another mark later on does not bring it back.
    const sure = guard.under;
    const { target } = by.rule;
    if (target?.kind === "jump" || target?.kind === "goto") return this.#jump(by, stream, { live, sure }, call, streams);
    const doing = doingOf(target);
    switch (doing) {
      case "nothing":
        return [stream];
      case "mark":
        return this.#mark(by, stream, { live, sure }, streams);
      case "headers":
      case "something":
      case "may-end":
        return [this.#blurred(stream)];
      case "anything":
        return [this.#anything()];
      default:
        stream.take(sure, { by, fate: doing });
        return [stream];
    }
  }

  /** Writes down whether packets of some boxes are left for a rule; gives back those boxes of which some may be. */
  #note(rule: Rule, stream: Stream, boxes: readonly Box[]): readonly Box[] {
    let reached = this.#reached.get(rule);
    if (!reached) {
      reached = { ways: 0, packet: undefined, hook: undefined, isOpen: false, takers: new Map() };
      this.#reached.set(rule, reached);
    }
    reached.ways++;
    const live: Box[] = [];
    for (const box of boxes) {
      const left = stream.left(box);
      if (left.kind === "none") {
        for (const taker of left.takers) {
          if (!reached.takers.has(taker.by.rule)) reached.takers.set(taker.by.rule, { ...taker, hook: this.#hook });
        }
        continue;
      }
      live.push(box);
      if (left.kind === "unknown") reached.isOpen = true;
      else if (!reached.packet) {
        reached.packet = left.packet;
        reached.hook = this.#hook;
      }
    }
    return live;
  }

  /** Follows packets into a chain. What is changed there beyond what is followed is not known any more where they come back either. */
  #jump(by: RulePlace, stream: Stream, { live, sure }: Met, call: Call, streams: number): readonly Stream[] {
    const { target } = by.rule;
    const name = chainOf(target) ?? "";
    const chain = this.#table.chains.get(name);
    if (!chain || call.path.includes(name) || call.path.length > DEEPEST) {
      this.#isCut = true;
      return [this.#anything()];
    }
    const isGoto = target?.kind === "goto";
    const back: Stream[] = [];
    const taken: (readonly [Box, Taking])[] = [];
    for (const box of live) {
      const inner: Call = { path: [...call.path, name], back: [] };
      const [own, ...others] = this.#visit(chain, stream.branch(box), inner);
      others.push(...inner.back);
      if (!own || this.isCutShort || [own, ...others].some((one) => one.isOfAnything)) return [this.#anything()];
      if (own.box !== box) return [this.#blurred(stream)];
      const came = shared(box, sure);
      for (const [piece, taking] of gone(own)) for (const one of shared(piece, came)) taken.push([one, taking]);
      // What comes back of a goto goes on where the calling chain was called.
      if (isGoto) for (const one of came) taken.push([one, { by, fate: "return" }]);
      for (const one of others.map(unreturned)) if (one.left(one.box).kind !== "none") back.push(one);
    }
    // Too much that comes back changed is not told apart from what came: then it must not have been taken out either.
    if (back.length + streams + call.back.length > MOST_STREAMS) return [this.#blurred(stream)];
    for (const [piece, taking] of taken) stream.take([piece], taking);
    if (!isGoto) return [stream, ...back];
    call.back.push(...back);
    return [stream];
  }

  #mark(by: RulePlace, stream: Stream, { live, sure }: Met, streams: number): readonly Stream[] {
    const change = changeOf(by.rule, this.#universe.family);
    if (!change || live.length + streams > MOST_STREAMS) return [this.#blurred(stream)];
    const made = live.map((box) => stream.marked(box, markedCube(box.cubes[CUBES.mark] as Cube, change)));
    stream.take(sure, { by, fate: "changed" });
    return [stream, ...made];
  }

  /** All of a stream after a rule may have changed anything of it but addresses, ports and devices. */
  #blurred(stream: Stream): Stream {
    this.#isBlurred = true;
    return stream.blurred(withoutDoubt(stream.box));
  }

  /** Packets of which nothing is known any more. */
  #anything(): Stream {
    return new Stream(entering(this.#universe, this.#table.name, this.#hook), [], true);
  }
}

/** A way into a chain, and what comes back from it changed by way of a goto. */
interface Call {
  readonly path: readonly string[];
  readonly back: Stream[];
}

/** Packets that may match a rule, and those of them that surely do. */
interface Met {
  readonly live: readonly Box[];
  readonly sure: readonly Box[];
}

function shared(box: Box, boxes: readonly Box[]): readonly Box[] {
  return boxes.flatMap((one) => intersection(box, one) ?? []);
}

/** The packets that enter a table at a hook. */
export function entering(universe: Universe, table: Table["name"], hook: Hook): Box {
  const { devices, all } = universe;
  const hasIn = hook === "PREROUTING" || hook === "INPUT" || hook === "FORWARD";
  // What is forwarded still has the device that it came in by (ip_output.c, ip_output).
  const mayHaveIn = hook === "POSTROUTING";
  const hasOut = hook === "FORWARD" || hook === "OUTPUT" || hook === "POSTROUTING";
  const spans = all.spans.map((span, d) =>
    d === SPANS.in
      ? mayHaveIn
        ? devices.all
        : hasIn
          ? devices.some
          : devices.none
      : d === SPANS.out
        ? hasOut
          ? devices.some
          : devices.none
        : span,
  );
  // What has come through lo, and the answers of REJECT, have a state in raw as well (nf_conntrack_core.c, nf_conntrack_in).
  const states = table === "nat" ? ["NEW", "RELATED"] : STATES;
  const bits = states.reduce((sum, state) => sum | (1 << STATES.indexOf(state as (typeof STATES)[number])), 0);
  return { ...all, spans, choices: all.choices.map((choice, d) => (d === CHOICES.state ? bits : choice)) };
}

/** What a chain has taken of a stream for good: all but what went back. */
function gone(stream: Stream): readonly (readonly [Box, Taking])[] {
  const returned: Box[] = [];
  const found: (readonly [Box, Taking])[] = [];
  for (const [box, taking] of stream.taken) {
    if (taking.fate === "return") {
      returned.push(box);
      continue;
    }
    for (const piece of difference([box], returned) ?? []) found.push([piece, taking]);
  }
  return found;
}

/** A stream as it goes on in the calling chain, with what RETURN had sent back. */
function unreturned(stream: Stream): Stream {
  if (!stream.taken.some(([, { fate }]) => fate === "return")) return stream.branch(stream.box);
  return stream.having(gone(stream));
}

/** A box without what a rule may have changed of its packets. */
function withoutDoubt(box: Box): Box {
  const choices = box.choices.map((choice, d) => (d === CHOICES.state ? ALL_STATES : choice));
  return { ...box, choices, cubes: box.cubes.map((cube, d) => (d === CUBES.mark ? { value: 0, mask: 0 } : cube)), atoms: [] };
}

const ALL_STATES = (1 << STATES.length) - 1;
