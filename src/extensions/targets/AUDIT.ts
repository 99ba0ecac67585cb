import { choice } from "../codecs.ts";
import { target } from "../spec.ts";

/** xt_AUDIT.c, audit_tg. */
const audit = target({
  name: "AUDIT",
  does: "nothing",
  options: { type: { flag: "--type", codec: choice(["accept", "drop", "reject"], true), required: true } },
  explain: (args) => `audit record "${args.type?.value ?? ""}"`,
  compile: () => () => ({ verdict: "CONTINUE" }),
  draw: (d) => `-j AUDIT --type ${d.pick(["accept", "drop", "reject"])}`,
  doc: "Writes an audit record.",
  examples: [
    { rule: "-j AUDIT --type accept", says: 'audit record "accept"' },
    { rule: "-j AUDIT --type drop", says: 'audit record "drop"' },
  ],
});

export const specs = [audit];
