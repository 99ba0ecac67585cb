import { target } from "../spec.ts";

/** xt_TRACE.c, trace_tg. */
const trace = target({
  name: "TRACE",
  does: "nothing",
  tables: ["raw"],
  options: {},
  explain: () => "trace the packet",
  steady: true,
  compile: () => () => ({ verdict: "CONTINUE" }),
  draw: () => "-j TRACE",
  doc: "Makes the kernel log every rule that the packet matches.",
  examples: [
    { rule: "-j TRACE", says: "trace the packet" },
    { rule: "-p icmp -j TRACE", says: "trace the packet" },
  ],
});

export const specs = [trace];
