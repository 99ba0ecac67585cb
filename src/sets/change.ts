import { matchSpec } from "../extensions/registry.ts";
import type { Rule } from "../model/rule.ts";
import { FALSE, type Node, TRUE } from "./diagram.ts";
import { type Effect, NO_EFFECT, NOT_OF_HEADERS } from "./effect.ts";
import { doingOf } from "./fates.ts";
import type { Layout } from "./layout.ts";
import { changeOf } from "./mark-change.ts";

/** What has become of a bit by a change: it is known, or another one. */
export type Seen = boolean | { readonly bit: number; readonly turned: boolean };

/** How changes of packets show in the bits of a layout. */
export class Changes {
  readonly #layout: Layout;
  readonly #fickle = new Map<string, boolean>();

  constructor(layout: Layout) {
    this.#layout = layout;
  }

  /** The bit of the packet as it came that a bit of the changed packet is. */
  seen({ mark, since, anew }: Effect, bit: number): Seen {
    const name = this.#layout.extraName(bit);
    if (name !== undefined) {
      const changed = anew !== "" || (since !== "" && !NOT_OF_HEADERS.has(this.#matchOf(name)));
      return { bit: changed ? this.#layout.extra(`${name} since${since}`) : bit, turned: false };
    }
    const marks = this.#layout.place("mark");
    const place = bit - marks.start;
    if (place >= 0 && place < marks.bits) {
      const turned = ((mark.value >>> (marks.bits - 1 - place)) & 1) === 1;
      if (((mark.mask >>> (marks.bits - 1 - place)) & 1) === 1) return turned;
      return { bit: anew === "" ? bit : this.#layout.extra(`mark ${place} since${anew}`), turned };
    }
    const states = this.#layout.place("state");
    const isState = bit >= states.start && bit < states.start + states.bits;
    return { bit: isState && anew !== "" ? this.#layout.extra(`state ${bit} since${anew}`) : bit, turned: false };
  }

  /** The bit of a condition that may answer otherwise each time that it is asked, for a call of its chain. */
  inCall(call: string, bit: number): number {
    const name = this.#layout.extraName(bit);
    return name !== undefined && this.isFickle(name) ? this.#layout.extra(`${name} in ${call}`) : bit;
  }

  /** Whether a condition may answer otherwise each time that it is asked. */
  isFickle(name: string): boolean {
    let known = this.#fickle.get(name);
    if (known === undefined) {
      const use = this.#useOf(name);
      const spec = use && matchSpec(use.name, this.#layout.universe.family);
      known = use !== undefined && (!spec || !use.args || spec.fickle?.(use.args as never) === true || use.name === "set");
      this.#fickle.set(name, known);
    }
    return known;
  }

  #useOf(name: string) {
    const number = /^atom (\d+)/.exec(name)?.[1];
    return number === undefined ? undefined : this.#layout.universe.atomUse(Number(number));
  }

  #matchOf(name: string): string {
    return this.#useOf(name)?.name ?? "";
  }

  /** A function of changed packets as one of the packets as they came; its leaves become others. */
  before(seen: (bit: number) => Seen, node: Node, leaf: (leaf: Node) => Node): Node {
    const { diagrams } = this.#layout;
    const done = new Map<Node, Node>();
    const run = (one: Node): Node => {
      let made = done.get(one);
      if (made !== undefined) return made;
      if (one < 0) made = leaf(one);
      else {
        const bit = diagrams.bit(one);
        const was = seen(bit);
        if (typeof was === "boolean") made = run(was ? diagrams.high(one) : diagrams.low(one));
        else {
          const [low, high] = [run(diagrams.low(one)), run(diagrams.high(one))];
          const asked = diagrams.node(was.bit, FALSE, TRUE);
          made = diagrams.choose(asked, was.turned ? low : high, was.turned ? high : low);
        }
      }
      done.set(one, made);
      return made;
    };
    return run(node);
  }

  /** What a rule's target changes of packets that go on, or "unknown" where it may end their way as well. */
  of(rule: Rule): Effect | "unknown" {
    const { target } = rule;
    const doing = doingOf(target);
    if (doing === "mark") {
      const change = changeOf(rule, this.#layout.universe.family);
      if (change) return { ...NO_EFFECT, mark: change };
    }
    if (doing === "nothing") return NO_EFFECT;
    if (target?.kind !== "extension" || doing === "may-end" || doing === "anything") return "unknown";
    const words = ` ${[target.name, ...target.words].join(" ")}`;
    return doing === "headers" ? { ...NO_EFFECT, since: words } : { ...NO_EFFECT, since: words, anew: words };
  }
}
