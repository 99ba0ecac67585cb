import { target } from "../spec.ts";

/** xt_CT.c, notrack_tg. */
const notrack = target({
  name: "NOTRACK",
  does: "something",
  tables: ["raw"],
  options: {},
  explain: () => "do not track the connection",
  compile: () => (context) => {
    const tracked = context.connection && !context.connection.template;
    if (tracked || context.ctState === "UNTRACKED") return { verdict: "CONTINUE", note: "already tracked, so nothing is changed" };
    if (context.ctState !== "INVALID") return { verdict: "CONTINUE", note: "an earlier CT rule has decided, so nothing is changed" };
    return { verdict: "CONTINUE", effects: [{ kind: "notrack" }] };
  },
  draw: () => "-j NOTRACK",
  doc: "An older spelling of CT --notrack.",
  examples: [
    { rule: "-j NOTRACK", says: "do not track the connection" },
    { rule: "-p udp -j NOTRACK", says: "do not track the connection" },
  ],
});

export const specs = [notrack];
