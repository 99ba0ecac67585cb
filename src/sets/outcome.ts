import type { TargetUse } from "../model/rule.ts";
import { FALSE, type Node, TRUE } from "./diagram.ts";
import { changes, type Effect, NO_EFFECT } from "./effect.ts";
import type { RulePlace } from "./stream.ts";

/** What becomes of packets: "reject" is a verdict of its own; "unknown" is what a target does that is not known. */
export type End = "accept" | "drop" | "reject" | "queue" | "translate" | "unknown";

/** Where packets are when a chain is done with them: behind its end, sent back by RETURN, at their end, or at a rule that is looked for. */
export interface Outcome {
  readonly kind: "fall" | "return" | "end" | "hit";
  readonly end?: End;
  /** What belongs to the end: a translation's arguments, the kind of a rejection. */
  readonly words?: string;
  readonly effect: Effect;
}

/** The outcomes of a world of diagrams, each with its leaf. */
export class Outcomes {
  readonly #leaves = new Map<string, Node>();
  readonly #all: Outcome[] = [];
  #hasEffects = false;
  readonly fall: Node;
  readonly back: Node;
  readonly hit: Node;

  constructor() {
    this.fall = this.leaf({ kind: "fall", effect: NO_EFFECT });
    this.back = this.leaf({ kind: "return", effect: NO_EFFECT });
    this.hit = this.leaf({ kind: "hit", effect: NO_EFFECT });
  }

  /** Whether any rule changes packets that go on. */
  get hasEffects(): boolean {
    return this.#hasEffects;
  }

  /** The leaf of an outcome; equal ones have the same. */
  leaf(outcome: Outcome): Node {
    const key = JSON.stringify([outcome.kind, outcome.end, outcome.words, outcome.effect]);
    let leaf = this.#leaves.get(key);
    if (leaf === undefined) {
      leaf = Math.min(FALSE, TRUE) - this.#all.push(outcome);
      if (changes(outcome.effect)) this.#hasEffects = true;
      this.#leaves.set(key, leaf);
    }
    return leaf;
  }

  /** What a leaf stands for. */
  of(leaf: Node): Outcome {
    const found = this.#all[Math.min(FALSE, TRUE) - leaf - 1];
    if (!found) throw new RangeError(`no outcome has leaf ${leaf}`);
    return found;
  }
}

/** The verdict of a rule's target that ends a packet's way, and what belongs to it; undefined where it has none. */
export function endOf(target: TargetUse | undefined, doing: string): { readonly end: End; readonly words: string } | undefined {
  const words = target?.kind === "extension" ? [target.name, ...target.words].join(" ") : "";
  if (target?.kind === "extension" && target.name === "REJECT") return { end: "reject", words };
  if (doing === "accept" || doing === "drop" || doing === "queue" || doing === "translate") return { end: doing, words };
  return undefined;
}

/** A rule or the policy of a built-in chain: who decides over a packet. */
export type Decider = RulePlace | { readonly chain: string; readonly policy: "ACCEPT" | "DROP"; readonly line: number };
