import { Arbitrary, type Random, Stream, Value } from "fast-check";
import type { Family } from "../../../src/model/address.ts";
import type { Case } from "./case.ts";
import { drawSends } from "./conversation.ts";
import { Dice } from "./dice.ts";
import { drawRules } from "./ruleset.ts";
import { simpler } from "./simpler.ts";
import { drawTopology6 } from "./six/topology.ts";
import { IPV6_TRAFFIC } from "./six/traffic.ts";
import { drawTopology } from "./topology.ts";
import { IPV4_TRAFFIC } from "./traffic.ts";

/** Random cases for a backend; a failing one becomes the smallest ruleset and traffic that still fails. */
export class CaseArbitrary extends Arbitrary<Case> {
  readonly #backend: Case["backend"];
  readonly #family: Family;

  constructor(backend: Case["backend"], family: Family = 4) {
    super();
    this.#backend = backend;
    this.#family = family;
  }

  override generate(random: Random): Value<Case> {
    const dice = new Dice(random);
    const backend = this.#backend;
    const family = this.#family;
    const topology = family === 4 ? drawTopology(dice) : drawTopology6(dice);
    const rules = drawRules(dice, topology, backend, family);
    const sends = drawSends(dice, topology, family === 4 ? IPV4_TRAFFIC : IPV6_TRAFFIC);
    return new Value({ backend, ...(family === 6 && { family }), topology, rules, sends }, undefined);
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
