/** A packet's step, appearance or place, as text that can be compared. */
type Line = string;

// biome-ignore lint/suspicious/noExplicitAny: recorded and produced JSON of the same shape, read field by field
type Fields = any;

const STEP_KINDS: readonly string[] = ["rule", "return", "policy"];

/** The netfilter steps; the number of a policy or a return does not count. */
function stepLines(steps: readonly Fields[]): Line[] {
  return steps
    .filter((step) => STEP_KINDS.includes(step.kind))
    .map((step) => `${step.netns} ${step.table} ${step.chain} ${step.kind}${step.kind === "rule" ? ` ${step.rule}` : ""}`);
}

function outLines(out: readonly Fields[]): Line[] {
  return out.map((o) => {
    const ports = o.sport === undefined ? "" : ` ${o.sport}→${o.dport}`;
    return `${o.netns} ${o.interface} ${o.src}→${o.dst} ${String(o.proto).toLowerCase()}${ports} ttl ${o.ttl} tos ${o.tos}`;
  });
}

/** The place as far as the recording knows it: for a drop outside the packet filter only the namespace. */
function placeLine(recorded: Fields, at: Fields): Line {
  const rule = recorded.kind === "rule" ? ` ${at.rule}` : "";
  if (recorded.table) return `${at.netns} ${at.table} ${at.chain} ${at.kind}${rule}`;
  return recorded.interface ? `${at.netns} ${at.interface}` : `${at.netns}`;
}

function comparable(truth: Fields, at: Fields, said: Fields) {
  return {
    verdict: said.verdict,
    at: placeLine(truth.at, at),
    trace: stepLines(said.trace ?? said.steps),
    out: outLines(said.out),
  };
}

/** What the kernel did and what was said about it, in the same words. */
export function sideBySide(truth: Fields, said: Fields) {
  return { kernel: comparable(truth, truth.at, truth), nettrace: comparable(truth, said.at, said) };
}
