import { holds, says } from "../condition.ts";
import { drawStates, inState, PLAIN_STATES, stateSpace, stateWords } from "../ctstate.ts";
import { not } from "../draw.ts";
import { match } from "../spec.ts";

/** An older spelling of `-m conntrack --ctstate` (xt_conntrack.c, alias state). */
const state = match({
  name: "state",
  options: { state: { flag: "--state", codec: PLAIN_STATES, negatable: true, required: true } },
  explain: (args) => says(args.state, stateWords).join(""),
  reads: () => "nothing",
  compile: (args) => (context) => holds(args.state, (states) => inState(context, states)),
  space: ({ state: option }) => (option ? stateSpace(option, true) : { exact: true }),
  draw: (d) => `-m state ${not(d)}--state ${drawStates(d, PLAIN_STATES)}`,
  doc: "State of the packet's connection.",
  examples: [
    { rule: "-m state --state NEW,RELATED", says: "connection state NEW or RELATED" },
    { rule: "-m state ! --state invalid", saved: "-m state ! --state INVALID", says: "not connection state INVALID" },
    {
      rule: "-m state --state ESTABLISHED,RELATED",
      saved: "-m state --state RELATED,ESTABLISHED",
      says: "connection state RELATED or ESTABLISHED",
    },
  ],
});

export const specs = [state];
