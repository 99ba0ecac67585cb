import type { Chain, Hook, Rule } from "../model/rule.ts";
import { callersOf } from "./callers.ts";
import { type Node, TRUE } from "./diagram.ts";
import { type Effect, followedBy, NO_EFFECT } from "./effect.ts";
import { doingOf } from "./fates.ts";
import { type Decider, type End, endOf } from "./outcome.ts";
import { type Program, ruleKeys } from "./program.ts";

/** Which bits a packet has. */
export type Assignment = (bit: number) => boolean;

/** Who decided over a packet, and how. */
export interface Decided {
  readonly by: Decider;
  readonly end: End;
  readonly words: string;
}

/** A chain that a packet is in: what was changed of it there, and the call that led to it where others do, too. */
interface Frame {
  effect: Effect;
  readonly call: string | undefined;
}

/** Takes one packet through a table, as its program takes all of them. */
export class Walk {
  readonly #program: Program;
  readonly #bits: Assignment;
  readonly #frames: Frame[] = [];

  constructor(program: Program, bits: Assignment) {
    this.#program = program;
    this.#bits = bits;
  }

  /** Who decides over the packet at a hook. */
  at(hook: Hook): Decided {
    const chain = this.#program.table.chains.get(hook);
    this.#frames.length = 0;
    this.#frames.push({ effect: NO_EFFECT, call: undefined });
    const found = chain ? this.#visit(chain) : "fall";
    if (typeof found !== "string") return found;
    const policy = chain?.policy ?? "ACCEPT";
    return { by: { chain: hook, policy, line: chain?.line ?? 0 }, end: policy === "ACCEPT" ? "accept" : "drop", words: "" };
  }

  #visit(chain: Chain): Decided | "fall" | "return" {
    for (const rule of chain.rules) {
      if (this.#program.changes(rule)) {
        this.#change({ ...NO_EFFECT, since: ` ${rule.text}`, anew: ` ${rule.text}` });
      }
      if (!this.#holds(this.#program.guard(rule))) continue;
      const found = this.#take(chain, rule);
      if (found !== "fall") return found;
    }
    return "fall";
  }

  #take(chain: Chain, rule: Rule): Decided | "fall" | "return" {
    const { world, table } = this.#program;
    const { target } = rule;
    const by = { table: table.name, chain: chain.name, rule };
    if (target && "chain" in target) {
      const called = table.chains.get(target.chain);
      const isShared = (callersOf(table).get(target.chain)?.length ?? 0) > 1;
      this.#frames.push({ effect: NO_EFFECT, call: isShared ? ruleKeys(table).get(rule) : undefined });
      const found = called ? this.#visit(called) : "fall";
      const inner = this.#frames.pop();
      if (typeof found !== "string") return found;
      if (inner) this.#change(inner.effect);
      return target.kind === "goto" ? "return" : "fall";
    }
    const doing = doingOf(target);
    if (doing === "return") return "return";
    const end = endOf(target, doing);
    if (end) return { by, ...end };
    const effect = world.changes.of(rule);
    if (effect !== "unknown") {
      this.#change(effect);
      return "fall";
    }
    const words = target?.kind === "extension" ? [target.name, ...target.words].join(" ") : "QUEUE";
    if (this.#value(world.layout.extra(`${words} ends`))) return { by, end: "unknown", words };
    this.#change({ ...NO_EFFECT, since: ` ${words}`, anew: ` ${words}` });
    return "fall";
  }

  #change(effect: Effect): void {
    const frame = this.#frames.at(-1);
    if (frame && effect !== NO_EFFECT) frame.effect = followedBy(frame.effect, effect);
  }

  #holds(set: Node): boolean {
    const { diagrams } = this.#program.world.layout;
    let node = set;
    while (node >= 0) node = this.#value(diagrams.bit(node)) ? diagrams.high(node) : diagrams.low(node);
    return node === TRUE;
  }

  #value(asked: number): boolean {
    const { changes } = this.#program.world;
    let bit = asked;
    let turned = false;
    for (const { effect, call } of this.#frames.toReversed()) {
      if (effect !== NO_EFFECT) {
        const seen = changes.seen(effect, bit);
        if (typeof seen === "boolean") return seen !== turned;
        bit = seen.bit;
        turned = turned !== seen.turned;
      }
      if (call !== undefined) bit = changes.inCall(call, bit);
    }
    return this.#bits(bit) !== turned;
  }
}
