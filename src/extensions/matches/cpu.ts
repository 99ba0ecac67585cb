import { factWords, unlessAssumed } from "../assumption.ts";
import { number } from "../codecs.ts";
import { holds, says } from "../condition.ts";
import { not } from "../draw.ts";
import { match } from "../spec.ts";

/** xt_cpu.c, cpu_mt. */
const cpu = match({
  name: "cpu",
  options: { cpu: { flag: "--cpu", codec: number(0, 0xffffffff), negatable: true, required: true } },
  explain: (args) => says(args.cpu, (n) => `handled by CPU ${n}`).join(""),
  compile: (args) => (context) => unlessAssumed(context, "cpu", (value) => holds(args.cpu, (n) => n === Number(value))),
  // A capture does not show the CPU: few rules should ask for it.
  draw: (d) => (d.chance(30) ? `-m cpu ${not(d)}--cpu ${d.integer(0, 3)}` : undefined),
  forks: factWords("cpu"),
  doc: "The CPU that handles the packet; a capture does not show it.",
  examples: [
    { rule: "-m cpu --cpu 0", says: "handled by CPU 0" },
    { rule: "-m cpu ! --cpu 3", says: "not handled by CPU 3" },
  ],
});

export const specs = [cpu];
