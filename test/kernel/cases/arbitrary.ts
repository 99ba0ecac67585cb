import { Arbitrary, type Random, Stream, Value } from "fast-check";
import type { Case } from "./case.ts";
import { drawSends } from "./conversation.ts";
import { Dice } from "./dice.ts";
import { drawRules } from "./ruleset.ts";
import { simpler } from "./simpler.ts";
import { drawTopology } from "./topology.ts";

/** Random cases for a backend; a failing one becomes the smallest ruleset and traffic that still fails. */
export class CaseArbitrary extends Arbitrary<Case> {
  readonly #backend: Case["backend"];

  constructor(backend: Case["backend"]) {
    super();
    this.#backend = backend;
  }

  override generate(random: Random): Value<Case> {
    const dice = new Dice(random);
    const topology = drawTopology(dice);
    const rules = drawRules(dice, topology, this.#backend);
    return new Value({ backend: this.#backend, topology, rules, sends: drawSends(dice, topology) }, undefined);
  }

  override canShrinkWithoutContext(_value: unknown): _value is Case {
    return true;
  }

  override shrink(value: Case): Stream<Value<Case>> {
    return Stream.of(...[simpler(value)]).flatMap((cases) => new Stream(wrapped(cases)));
  }
}

function* wrapped(cases: Iterable<Case>): IterableIterator<Value<Case>> {
  for (const one of cases) yield new Value(one, undefined);
}
